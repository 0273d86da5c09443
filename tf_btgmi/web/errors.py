"""Errors of a web page: what happened, why, and what to do."""

import math

from pydantic import BaseModel, Field


class ErrorText(BaseModel):
    """What the page shows."""

    code: str = Field(description="For programs; it does not change.")
    what: str = Field(description="What went wrong.")
    why: str = Field(description="The reason.")
    to_do: str = Field(description="What to do about it.")


class ErrorBody(BaseModel):
    """The body of every unsuccessful answer."""

    error: ErrorText


class ApiError(Exception):
    """Ends a request with a status and an `ErrorBody`."""

    def __init__(self, status: int, code: str, what: str, why: str, to_do: str):
        super().__init__(f"{what} {why}")
        self.status = status
        self.text = ErrorText(code=code, what=what, why=why, to_do=to_do)

    def body(self) -> dict:
        """The answer's JSON."""
        return ErrorBody(error=self.text).model_dump()


def too_large(what: str, why: str) -> ApiError:
    """More bytes or pixels than the server takes."""
    return ApiError(
        413, "too_large", f"{what} is too large.", why, "Make it smaller and try again."
    )


def stopped() -> ApiError:
    """The server ends."""
    return ApiError(
        503,
        "stopped",
        "The server was stopped.",
        "It was shut down before the request was done.",
        "Start it again and repeat the request.",
    )


def size_text(num_bytes: int) -> str:
    """A number of bytes in kB or MB, rounded up to a tenth.

    Example:
        >>> size_text(10_000), size_text(64_000_000), size_text(64_000_001)
        ('10 kB', '64 MB', '64.1 MB')
    """
    unit, name = (1e6, "MB") if num_bytes >= 1e6 else (1e3, "kB")
    return f"{math.ceil(10 * num_bytes / unit) / 10:g} {name}"

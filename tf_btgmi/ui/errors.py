"""Errors that say what went wrong, why, and what to do about it."""

from typing import Optional

from pydantic import BaseModel, Field


class ErrorText(BaseModel):
    """What the page shows."""

    code: str = Field(description="For programs; it does not change.")
    what: str = Field(description="What went wrong.")
    why: str = Field(description="The reason.")
    to_do: str = Field(description="What to do about it.")


class ErrorBody(BaseModel):
    """The body of every answer that is not a success."""

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


def bad_picture(what: str, why: str, to_do: str = "") -> ApiError:
    """A file that is no usable picture."""
    to_do = to_do or "Open it in a picture viewer, and save it as JPEG or PNG again."
    return ApiError(422, "bad_picture", f"{what} cannot be used.", why, to_do)


def too_large(what: str, why: str) -> ApiError:
    """More bytes or pixels than the server takes."""
    return ApiError(
        413, "too_large", f"{what} is too large.", why, "Make it smaller and try again."
    )


def bad_request(why: str, to_do: str = "See /docs for what is asked.") -> ApiError:
    """A request that does not fit the API."""
    return ApiError(422, "bad_request", "The request is not understood.", why, to_do)


def impossible(why: str, to_do: Optional[str] = None) -> ApiError:
    """What a model or a method refuses, in its own words."""
    to_do = to_do or "Change what is said above, and run it again."
    return ApiError(422, "not_possible", "This cannot be done.", why, to_do)


def busy(waiting: int) -> ApiError:
    """A full queue."""
    return ApiError(
        503,
        "busy",
        "The studio is busy.",
        f"{waiting} jobs are waiting already.",
        "Try again in a moment.",
    )


def cancelled() -> ApiError:
    """A job that somebody has ended."""
    return ApiError(
        409, "cancelled", "Cancelled.", "You ended this job.", "Run it again any time."
    )


def too_slow(seconds: float) -> ApiError:
    """A job that ran out of time."""
    return ApiError(
        504,
        "too_slow",
        "This took too long.",
        f"A job may run for {seconds:g} seconds.",
        "Select less at once, or use a smaller picture.",
    )


def model_server_away(why: str) -> ApiError:
    """A model server that does not answer."""
    return ApiError(
        502,
        "model_server_away",
        "The model server does not answer.",
        why,
        "See that it runs, at the address given with --server, and try again.",
    )


def internal() -> ApiError:
    """A bug; its traceback is in the server's log."""
    return ApiError(
        500,
        "internal",
        "The studio made a mistake.",
        "An error that should not happen; the server's log has the details.",
        "Try again; report it if it comes back.",
    )

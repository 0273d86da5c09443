"""The errors that the studio answers with."""

from typing import Optional

from tf_btgmi.web.errors import ApiError, ErrorBody, too_large

__all__ = ["ApiError", "ErrorBody", "too_large"]


def bad_picture(what: str, why: str, to_do: str = "") -> ApiError:
    """A file that is no usable picture."""
    to_do = to_do or "Open it in a picture viewer, and save it as JPEG or PNG again."
    return ApiError(422, "bad_picture", f"{what} cannot be used.", why, to_do)


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

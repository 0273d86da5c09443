"""Errors of the studio's API."""

from tf_btgmi.web.errors import ApiError, ErrorBody, size_text, stopped, too_large

__all__ = ["ApiError", "ErrorBody", "size_text", "stopped", "too_large"]


def bad_picture(what: str, why: str, to_do: str = "") -> ApiError:
    """The file cannot be used as a picture."""
    to_do = to_do or "Open it in a picture viewer, and save it as JPEG or PNG again."
    return ApiError(422, "bad_picture", f"{what} cannot be used.", why, to_do)


def bad_request(why: str) -> ApiError:
    """The request does not fit the API."""
    to_do = "See /docs for the fields."
    return ApiError(422, "bad_request", "The request is invalid.", why, to_do)


def impossible(why: str) -> ApiError:
    """A model or a method refuses, with its own message."""
    to_do = "Change this and run it again."
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
    """The job was cancelled."""
    return ApiError(
        409, "cancelled", "Cancelled.", "You ended this job.", "Run it again any time."
    )


def too_slow(seconds: float) -> ApiError:
    """The job ran out of time."""
    return ApiError(
        504,
        "too_slow",
        "This took too long.",
        f"A job may run for {seconds:g} seconds.",
        "Select less at once, or use a smaller picture.",
    )


def model_server_away(why: str) -> ApiError:
    """The model server does not answer."""
    return ApiError(
        502,
        "model_server_away",
        "The model server does not answer.",
        why,
        "Check that it runs at the address of --server, and try again.",
    )


def internal() -> ApiError:
    """A bug; its traceback is in the server's log."""
    return ApiError(
        500,
        "internal",
        "The studio failed.",
        "This is a bug; the server's log has the details.",
        "Try again. Report it if it happens again.",
    )

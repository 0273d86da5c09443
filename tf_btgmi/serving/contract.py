"""Names and errors shared by the client, its transports and the export."""

# The signature that clients call on windows. Its inputs and outputs describe the model.
SIGNATURE = "predict_window"
# Default name of the model on a server.
DEFAULT_MODEL = "btgmi"


class ServingError(OSError):
    """The server could not be reached or refused the request; the text says why."""


class GaveUpError(ServingError):
    """The server was not available until the deadline, after several attempts."""


class UnavailableError(ServingError):
    """The server cannot answer now; another attempt may succeed."""

"""A model on a TensorFlow Serving server, over gRPC or REST.

`connect("grpc://host:8500")` or `connect("http://host:8501")`; `/NAME` behind the port
is the model's name on the server, `/NAME/versions/3` and `/NAME/labels/stable` are one
of its versions. `tf_btgmi.load` makes a `Predictor` of it: pictures are cut into
windows here, and the server sees those alone.

What cannot be done now (a server that starts, is too busy or not there) is tried again
with growing pauses until the deadline; what is wrong with the request is not.
"""

import random
import time
from typing import Callable, Dict, Tuple
from urllib.parse import urlsplit

import numpy as np

SCHEMES = ("grpc", "http", "https")
# What clients use: its inputs and outputs tell the model's size and what it can do.
SIGNATURE = "predict_window"
DEADLINE_SECONDS = 60.0
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0


class ServingError(OSError):
    """The server could not be reached, or has refused; its text is the message."""


class UnavailableError(ServingError):
    """The server cannot answer now; another attempt may do."""


class ServingClient:
    """The network of a model on a server, window by window.

    Args:
        transport: `GrpcTransport` or `RestTransport`.
        deadline: seconds that a call may take, with all of its attempts.

    Attributes:
        image_size: side of the model's windows in pixels.
        outputs: names of what it predicts.

    Raises:
        ServingError: the server could not be asked for its model.
    """

    def __init__(self, transport, deadline: float = DEADLINE_SECONDS):
        if deadline <= 0:
            raise ValueError(f"The deadline must be above 0 s; it is {deadline}.")
        self.transport = transport
        self.deadline = deadline
        self.image_size, self.outputs = self._attempt(transport.describe)

    def predict(self, inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
        """What the network predicts for a batch of windows.

        Args:
            inputs: `image` uint8 [B, S, S, 3], `mask` uint8 [B, S, S, 1] (set at 128
                and above), and `foreground` like it for a model that harmonizes.

        Returns:
            uint8 [B, S, S, 3] by output name.

        Raises:
            ServingError: no answer before the deadline, or no pictures.
        """
        found = self._attempt(lambda left: self.transport.predict(inputs, left))
        for name in self.outputs:
            shape = found[name].shape if name in found else "nothing"
            if shape != inputs["image"].shape:
                raise ServingError(
                    f"{self.transport.place} gave {shape} as {name} of "
                    f"{inputs['image'].shape}."
                )
        return found

    def _attempt(self, call: Callable):
        """`call(seconds left)`, again and again where that may help."""
        end = time.monotonic() + self.deadline
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return call(max(end - time.monotonic(), 0.001))
            except UnavailableError as error:
                # A random part, so that many clients do not come back at once.
                wait = pause * random.uniform(0.5, 1.0)
                if time.monotonic() + wait >= end:
                    raise ServingError(
                        f"{error} Gave up after {self.deadline:g} s."
                    ) from error
            time.sleep(wait)
            pause = min(2.0 * pause, _LONGEST_PAUSE_SECONDS)


def is_server(place: str) -> bool:
    """Whether a place names a server rather than a folder."""
    return place.split("://")[0] in SCHEMES and "://" in place


def connect(place: str, deadline: float = DEADLINE_SECONDS) -> ServingClient:
    """Connects to the model at `grpc://host:port/NAME` or `http://host:port/NAME`.

    Args:
        place: as the module's docstring says; the name is `btgmi` where there is none.
        deadline: seconds that a call may take, with all of its attempts.

    Raises:
        ValueError: a place of another form, or no gRPC here.
        ServingError: the server could not be asked for its model.
    """
    parts = urlsplit(place)
    model, version = _model_of(place, parts.path)
    if parts.scheme == "grpc":
        try:
            from tf_btgmi.serving.grpc_transport import GrpcTransport
        except ImportError as error:
            raise ValueError(
                f"{place} needs tensorflow-serving-api, which is not installed "
                f"({error}); http:// does without."
            ) from error
        transport = GrpcTransport(place, parts.netloc, model, version)
    else:
        from tf_btgmi.serving.rest_transport import RestTransport

        transport = RestTransport(
            place, f"{parts.scheme}://{parts.netloc}", model, version
        )
    return ServingClient(transport, deadline)


def check_place(place: str) -> None:
    """Raises ValueError where `place` is not of the form that `connect` takes."""
    _model_of(place, urlsplit(place).path)


def _model_of(place: str, path: str) -> Tuple[str, Tuple[str, str]]:
    """Name of the model, and `("versions", "3")`, `("labels", ...)` or two blanks."""
    parts = urlsplit(place)
    names = [name for name in path.split("/") if name]
    whole = len(names) in (0, 1, 3) and parts.scheme in SCHEMES
    if len(names) == 3:
        whole = whole and names[1] in ("versions", "labels")
        whole = whole and (names[1] == "labels" or names[2].isdigit())
    try:
        whole = whole and bool(parts.hostname) and parts.port is not None
    except ValueError:
        whole = False
    if not whole or parts.query or parts.fragment or parts.username:
        raise ValueError(
            f"{place} is not the place of a model on a server: wanted "
            "grpc://HOST:8500/NAME or http://HOST:8501/NAME, perhaps with "
            "/versions/NUMBER or /labels/LABEL behind it."
        )
    return (names or ["btgmi"])[0], tuple(names[1:] or ("", ""))

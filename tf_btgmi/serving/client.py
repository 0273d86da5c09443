"""A model on a TensorFlow Serving server, over gRPC or REST.

Connect by `connect("grpc://host:8500/NAME")` or `connect("http://host:8501/NAME")`; the
name of the model may be followed by `/versions/3` or `/labels/stable`. `tf_btgmi.load`
returns a `Predictor` of it, which sends only windows of pictures to the server.

Calls of a server that is starting, busy or unreachable are repeated with growing pauses
until the deadline. Invalid requests fail at once.
"""

import random
import time
from typing import Callable
from urllib.parse import unquote, urlsplit

import numpy as np

from tf_btgmi.config import MAX_IMAGE_SIZE, MIN_IMAGE_SIZE
from tf_btgmi.outputs import OUTPUT_NAMES
from tf_btgmi.serving.contract import (
    DEFAULT_MODEL,
    GaveUpError,
    ServingError,
    UnavailableError,
)
from tf_btgmi.serving.rest_transport import RestTransport

SCHEMES = ("grpc", "http", "https")
DEADLINE_SECONDS = 60.0
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0


class ServingClient:
    """The network of a model on a server.

    Args:
        transport: `GrpcTransport` or `RestTransport`.
        deadline: seconds that a call may take, including all attempts.

    Attributes:
        image_size: side of the model's windows in pixels.
        outputs: names of the model's outputs.

    Raises:
        ServingError: the server did not describe a model of this project.
    """

    def __init__(self, transport, deadline: float = DEADLINE_SECONDS):
        if deadline <= 0:
            raise ValueError(f"The deadline must be above 0 s; it is {deadline}.")
        self.transport = transport
        self.deadline = deadline
        self.image_size, self.outputs = self._attempt(transport.describe)
        if not MIN_IMAGE_SIZE <= self.image_size <= MAX_IMAGE_SIZE:
            raise ServingError(
                f"{transport.place} has windows of {self.image_size} pixels; a model "
                f"of this project has {MIN_IMAGE_SIZE} to {MAX_IMAGE_SIZE}."
            )
        if not self.outputs or set(self.outputs) - set(OUTPUT_NAMES):
            raise ServingError(
                f"{transport.place} has the outputs {list(self.outputs)}; a model of "
                f"this project has {' or '.join(OUTPUT_NAMES)}."
            )

    def predict(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Predicts a batch of windows.

        Args:
            inputs: `image` uint8 [B, S, S, 3], `mask` uint8 [B, S, S, 1] (set at 128
                and above), and `foreground` like it for a model that harmonizes.

        Returns:
            uint8 [B, S, S, 3] by output name.

        Raises:
            ServingError: no answer before the deadline, or not of this form.
        """
        predictions = self._attempt(lambda left: self.transport.predict(inputs, left))
        for name in self.outputs:
            shape = predictions[name].shape if name in predictions else "nothing"
            if shape != inputs["image"].shape:
                raise ServingError(
                    f"{self.transport.place} returned {shape} as {name} for "
                    f"{inputs['image'].shape}."
                )
            levels = predictions[name]
            if levels.dtype.kind not in "iu" or levels.min() < 0 or levels.max() > 255:
                raise ServingError(
                    f"{self.transport.place} returned values as {name} that are not "
                    "whole numbers from 0 to 255."
                )
        return {name: predictions[name].astype(np.uint8) for name in self.outputs}

    def _attempt(self, call: Callable):
        """Calls `call(seconds left)` until the server is available."""
        end = time.monotonic() + self.deadline
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return call(max(end - time.monotonic(), 0.001))
            except UnavailableError as error:
                # A random part, so that many clients do not return at once.
                wait = pause * random.uniform(0.5, 1.0)
                if time.monotonic() + wait >= end:
                    raise GaveUpError(
                        f"{error} Gave up after {self.deadline:g} s."
                    ) from error
            time.sleep(wait)
            pause = min(2.0 * pause, _LONGEST_PAUSE_SECONDS)


def is_server(place: str) -> bool:
    """Whether a place is the address of a server."""
    return place.split("://")[0] in SCHEMES and "://" in place


def connect(place: str, deadline: float = DEADLINE_SECONDS) -> ServingClient:
    """Connects to the model at `grpc://host:port/NAME` or `http://host:port/NAME`.

    Args:
        place: see the docstring of the module; the default name is `btgmi`.
        deadline: seconds that a call may take, including all attempts.

    Raises:
        ValueError: `place` has another form.
        ServingError: the server did not describe its model.
    """
    model = model_of(place)
    if place.startswith("grpc:"):
        # Imported on demand: TensorFlow takes seconds.
        from tf_btgmi.serving.grpc_transport import GrpcTransport as Transport
    else:
        Transport = RestTransport
    return ServingClient(Transport(place, *model), deadline)


def model_of(place: str) -> tuple[str, str, str]:
    """The model of an address.

    Returns:
        Its name; "versions", "labels" or ""; the version or label.

    Raises:
        ValueError: `place` has not the form that `connect` takes.
    """
    parts = urlsplit(place)
    names = [unquote(name) for name in parts.path.split("/") if name]
    whole = len(names) in (0, 1, 3) and parts.scheme in SCHEMES
    if len(names) == 3:
        whole = whole and names[1] in ("versions", "labels")
        whole = whole and (
            names[1] == "labels"
            or (names[2].isascii() and names[2].isdigit() and int(names[2]) < 2**63)
        )
    try:
        whole = whole and bool(parts.hostname) and parts.port is not None
    except ValueError:
        whole = False
    if not whole or parts.query or parts.fragment or parts.username:
        raise ValueError(
            f"{place} is not the address of a model on a server, which has the form "
            "grpc://HOST:8500/NAME or http://HOST:8501/NAME, optionally followed by "
            "/versions/NUMBER or /labels/LABEL."
        )
    return tuple([*(names or [DEFAULT_MODEL]), "", ""][:3])

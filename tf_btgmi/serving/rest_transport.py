"""TensorFlow Serving's REST interface, for `client.ServingClient`."""

import http.client
import json
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Optional

import numpy as np

from tf_btgmi.files import first_line
from tf_btgmi.outputs import by_name
from tf_btgmi.serving.contract import SIGNATURE, ServingError, UnavailableError

# Too many requests; a proxy's bad gateway, unavailable and timeout.
_AGAIN = (429, 502, 503, 504)


class RestTransport:
    """One model on one server.

    Args:
        place: the address as the user wrote it: `http://host:port/...`.
        model: name of the model on the server.
        kind: "versions", "labels" or "" for the newest version.
        value: the version or the label.
    """

    def __init__(self, place: str, model: str, kind: str, value: str):
        self.place = place
        self._outputs = ()
        parts = urllib.parse.urlsplit(place)
        names = (urllib.parse.quote(part, safe="") for part in (model, kind, value))
        path = "/".join(filter(None, names))
        self._url = f"{parts.scheme}://{parts.netloc}/v1/models/{path}"

    def describe(self, seconds: float) -> tuple[int, tuple[str, ...]]:
        """Asks for the side of the model's windows in pixels and its outputs."""
        answer = self._call("/metadata", None, seconds)
        try:
            signatures = answer["metadata"]["signature_def"]["signature_def"]
            signature = signatures[SIGNATURE]
            size = signature["inputs"]["image"]["tensor_shape"]["dim"][1]["size"]
            self._outputs = tuple(sorted(signature["outputs"].keys(), reverse=True))
            return int(size), self._outputs
        except (AttributeError, LookupError, TypeError, ValueError, OverflowError):
            raise ServingError(f"{self.place} has no signature {SIGNATURE}.") from None

    def predict(
        self, inputs: dict[str, np.ndarray], seconds: float
    ) -> dict[str, np.ndarray]:
        """Predicts a batch of windows: arrays by name of the output."""
        values = {name: array.tolist() for name, array in inputs.items()}
        body = {"signature_name": SIGNATURE, "inputs": values}
        answer = self._call(":predict", body, seconds)
        try:
            # A single output has no name.
            values = by_name(answer["outputs"], self._outputs)
            return {name: np.array(values[name]) for name in self._outputs}
        except (LookupError, TypeError, ValueError):
            raise ServingError(f"{self.place} returned no picture.") from None

    def _call(self, path: str, body: Optional[dict], seconds: float):
        end = time.monotonic() + seconds
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                return json.loads(_read(answer, end))
        except urllib.error.HTTPError as error:
            text = f"{self.place}: HTTP {error.code}, {_reason(error, end)}."
            kind = UnavailableError if error.code in _AGAIN else ServingError
            raise kind(text) from error
        except socket.timeout:
            raise ServingError(f"{self.place} did not answer in time.") from None
        except (http.client.HTTPException, OSError) as error:
            reason = getattr(error, "reason", None) or error
            if isinstance(reason, socket.timeout):
                raise ServingError(f"{self.place} did not answer in time.") from None
            raise UnavailableError(f"{self.place}: {first_line(reason)}.") from error
        # RecursionError for deeply nested brackets.
        except (ValueError, RecursionError) as error:
            raise ServingError(f"{self.place} returned no JSON: {error}.") from error


def _read(answer, end: float) -> bytes:
    """Reads an answer until a time; `urlopen` limits the time of every read alone."""
    pieces = []
    while size := len(answer.peek(1)):
        pieces.append(answer.read(size))
        if time.monotonic() > end:
            raise socket.timeout
    # Raises an error if the connection broke off.
    return b"".join([*pieces, answer.read()])


def _reason(error: urllib.error.HTTPError, end: float) -> str:
    """Returns the beginning of the server's message."""
    text = ""
    try:
        text = _read(error, end)[:2000].decode("utf-8", "replace").strip()
        text = str(json.loads(text)["error"]).strip()
    except (http.client.HTTPException, OSError):
        pass  # The connection broke off.
    except (ValueError, LookupError, TypeError, RecursionError):
        pass  # Not the JSON of TensorFlow Serving.
    return first_line(text or error.reason or "no reason given")

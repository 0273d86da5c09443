"""TensorFlow Serving's REST interface, as `client.ServingClient` uses it."""

import http.client
import json
import socket
import urllib.error
import urllib.request
from typing import Dict, Optional, Tuple

import numpy as np

from tf_btgmi.serving.client import SIGNATURE, ServingError, UnavailableError

# Too many requests; bad gateway, unavailable and timeout of a proxy.
_AGAIN = (429, 502, 503, 504)


class RestTransport:
    """One model on one server.

    Args:
        place: as the user gave it, for messages.
        base: `http://host:port`.
        model: its name on the server.
        version: `("versions", "3")`, `("labels", "stable")` or two blanks.
    """

    def __init__(self, place: str, base: str, model: str, version: Tuple[str, str]):
        self.place = place
        self._outputs = ()
        suffix = "/".join(part for part in version if part)
        self._url = f"{base}/v1/models/{model}" + (f"/{suffix}" if suffix else "")

    def describe(self, seconds: float) -> Tuple[int, Tuple[str, ...]]:
        """Side of the model's windows in pixels and its outputs; asks the server."""
        answer = self._call("/metadata", None, seconds)
        try:
            signatures = answer["metadata"]["signature_def"]["signature_def"]
            signature = signatures[SIGNATURE]
            size = signature["inputs"]["image"]["tensor_shape"]["dim"][1]["size"]
            self._outputs = tuple(sorted(signature["outputs"], reverse=True))
            return int(size), self._outputs
        except (LookupError, TypeError, ValueError):
            raise ServingError(f"{self.place} has no signature {SIGNATURE}.") from None

    def predict(
        self, inputs: Dict[str, np.ndarray], seconds: float
    ) -> Dict[str, np.ndarray]:
        """The outputs for a batch of windows."""
        values = {name: array.tolist() for name, array in inputs.items()}
        body = {"signature_name": SIGNATURE, "inputs": values}
        answer = self._call(":predict", body, seconds)
        try:
            found = answer["outputs"]
            # A single output comes without its name.
            found = found if isinstance(found, dict) else {self._outputs[0]: found}
            return {name: np.array(found[name], np.uint8) for name in self._outputs}
        except (LookupError, TypeError, ValueError, OverflowError):
            raise ServingError(f"{self.place} gave no picture.") from None

    def _call(self, path: str, body: Optional[dict], seconds: float):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            text = f"{self.place}: HTTP {error.code}, {_reason(error)}."
            kind = UnavailableError if error.code in _AGAIN else ServingError
            raise kind(text) from error
        except socket.timeout:
            raise ServingError(f"{self.place} gave no answer in time.") from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            reason = getattr(error, "reason", None) or error
            if isinstance(reason, socket.timeout):
                raise ServingError(f"{self.place} gave no answer in time.") from None
            raise UnavailableError(f"{self.place}: {reason}.") from error
        except ValueError as error:
            raise ServingError(f"{self.place} gave no JSON: {error}.") from error


def _reason(error: urllib.error.HTTPError) -> str:
    """What the server says, shortened."""
    text = error.read(2000).decode("utf-8", "replace").strip()
    try:
        text = str(json.loads(text)["error"])
    except (ValueError, LookupError, TypeError):
        pass
    return (text or str(error.reason)).rstrip(".")

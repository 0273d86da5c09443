"""TensorFlow Serving's gRPC interface, as `client.ServingClient` uses it."""

from typing import Dict, Tuple

import grpc
import numpy as np
from tensorflow_serving.apis import get_model_metadata_pb2, prediction_service_pb2_grpc

from tf_btgmi.serving import messages
from tf_btgmi.serving.client import SIGNATURE, ServingError, UnavailableError

_AGAIN = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
)
# A batch of windows is larger than the 4 MiB that gRPC takes by default.
_OPTIONS = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
]


class GrpcTransport:
    """One model on one server.

    Args:
        place: as the user gave it, for messages.
        address: `host:port`.
        model: its name on the server.
        version: `("versions", "3")`, `("labels", "stable")` or two blanks.
    """

    def __init__(self, place: str, address: str, model: str, version: Tuple[str, str]):
        self.place = place
        self._model = model
        kind, value = version
        self._version = {"version": int(value)} if kind == "versions" else {}
        self._version = {"label": value} if kind == "labels" else self._version
        channel = grpc.insecure_channel(address, options=_OPTIONS)
        self._service = prediction_service_pb2_grpc.PredictionServiceStub(channel)

    def describe(self, seconds: float) -> Tuple[int, Tuple[str, ...]]:
        """Side of the model's windows in pixels and its outputs; asks the server."""
        request = get_model_metadata_pb2.GetModelMetadataRequest()
        spec = messages.predict_request("", {}, self._model, **self._version).model_spec
        request.model_spec.CopyFrom(spec)
        request.metadata_field.append("signature_def")
        answer = self._call(self._service.GetModelMetadata, request, seconds)
        found = get_model_metadata_pb2.SignatureDefMap()
        answer.metadata["signature_def"].Unpack(found)
        if SIGNATURE not in found.signature_def:
            raise ServingError(f"{self.place} has no signature {SIGNATURE}.")
        signature = found.signature_def[SIGNATURE]
        size = signature.inputs["image"].tensor_shape.dim[1].size
        return int(size), tuple(sorted(signature.outputs, reverse=True))

    def predict(
        self, inputs: Dict[str, np.ndarray], seconds: float
    ) -> Dict[str, np.ndarray]:
        """The outputs for a batch of windows."""
        request = messages.predict_request(
            SIGNATURE, inputs, self._model, **self._version
        )
        answer = self._call(self._service.Predict, request, seconds)
        return messages.arrays_of(answer.outputs)

    def _call(self, method, request, seconds: float):
        try:
            return method(request, timeout=seconds)
        except grpc.RpcError as error:
            code = error.code()
            text = f"{self.place}: {code.name}, {error.details()}."
            kind = UnavailableError if code in _AGAIN else ServingError
            raise kind(text) from error

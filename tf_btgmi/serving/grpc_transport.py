"""TensorFlow Serving's gRPC interface, for `client.ServingClient`.

The messages are those of `tensorflow-serving-api`.
"""

from urllib.parse import urlsplit

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    model_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tf_btgmi.files import first_line
from tf_btgmi.serving.contract import SIGNATURE, ServingError, UnavailableError

_AGAIN = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
)
# A batch of windows is larger than gRPC's default limit of 4 MiB.
_OPTIONS = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
]


class GrpcTransport:
    """One model on one server.

    Args:
        place: the address as the user wrote it: `grpc://host:port/...`.
        model: name of the model on the server.
        kind: "versions", "labels" or "" for the newest version.
        value: the version or the label.
    """

    def __init__(self, place: str, model: str, kind: str, value: str):
        self.place = place
        self._spec = model_pb2.ModelSpec(name=model)
        if kind == "versions":
            self._spec.version.value = int(value)
        elif kind == "labels":
            self._spec.version_label = value
        channel = grpc.insecure_channel(urlsplit(place).netloc, options=_OPTIONS)
        self._service = prediction_service_pb2_grpc.PredictionServiceStub(channel)

    def describe(self, seconds: float) -> tuple[int, tuple[str, ...]]:
        """Asks for the side of the model's windows in pixels and its outputs."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=self._spec, metadata_field=["signature_def"]
        )
        answer = self._call(self._service.GetModelMetadata, request, seconds)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        try:
            answer.metadata["signature_def"].Unpack(signatures)
            # A missing entry of these maps would be added empty, without dimensions.
            signature = signatures.signature_def[SIGNATURE]
            size = signature.inputs["image"].tensor_shape.dim[1].size
        except (DecodeError, LookupError):
            raise ServingError(f"{self.place} has no signature {SIGNATURE}.") from None
        return int(size), tuple(sorted(signature.outputs, reverse=True))

    def predict(
        self, inputs: dict[str, np.ndarray], seconds: float
    ) -> dict[str, np.ndarray]:
        """Predicts a batch of windows: arrays by name of the output."""
        request = predict_request(self._spec, SIGNATURE, inputs)
        outputs = self._call(self._service.Predict, request, seconds).outputs
        try:
            return {name: tf.make_ndarray(tensor) for name, tensor in outputs.items()}
        # TensorFlow checks neither types, levels nor shapes.
        except (TypeError, ValueError, LookupError, OverflowError, MemoryError):
            raise ServingError(f"{self.place} returned no picture.") from None

    def _call(self, method, request, seconds: float):
        try:
            return method(request, timeout=seconds)
        except grpc.RpcError as error:
            code = error.code()
            reason = first_line((error.details() or "").strip() or "no reason given")
            text = f"{self.place}: {code.name}, {reason}."
            kind = UnavailableError if code in _AGAIN else ServingError
            raise kind(text) from error


def predict_request(
    spec: model_pb2.ModelSpec, signature: str, inputs: dict[str, np.ndarray]
) -> predict_pb2.PredictRequest:
    """Makes a request.

    Args:
        spec: the model.
        signature: name of the signature, such as `serving_default`.
        inputs: arrays by name; lists of bytes for string tensors.
    """
    request = predict_pb2.PredictRequest(model_spec=spec)
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request

"""Requests and responses of TensorFlow Serving's PredictionService.

The messages are those of `tensorflow-serving-api`.
"""

from typing import Dict, Optional

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

# Under which the model is served where nobody says otherwise.
DEFAULT_MODEL = "btgmi"


def predict_request(
    signature: str,
    inputs: Dict[str, np.ndarray],
    model: str = DEFAULT_MODEL,
    version: Optional[int] = None,
    label: Optional[str] = None,
) -> predict_pb2.PredictRequest:
    """A request.

    Args:
        signature: name of the signature, such as `serving_default`.
        inputs: by name: arrays, or lists of bytes for string tensors.
        model: under which it is served.
        version: of the model; the newest where None.
        label: of a version, instead of its number.
    """
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    elif label is not None:
        request.model_spec.version_label = label
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def arrays_of(tensors) -> Dict[str, np.ndarray]:
    """A message's map of tensors as arrays; strings are arrays of bytes."""
    return {name: tf.make_ndarray(tensor) for name, tensor in tensors.items()}

"""Requests and responses of TensorFlow Serving's PredictionService.

The messages are those of `tensorflow-serving-api`.
"""

from typing import Dict, Optional

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from tf_btgmi.serving.contract import DEFAULT_MODEL


def predict_request(
    signature: str,
    inputs: Dict[str, np.ndarray],
    model: str = DEFAULT_MODEL,
    version: Optional[int] = None,
    label: Optional[str] = None,
) -> predict_pb2.PredictRequest:
    """Makes a request.

    Args:
        signature: name of the signature, such as `serving_default`.
        inputs: arrays by name; lists of bytes for string tensors.
        model: name of the model on the server.
        version: version of the model. Default: the newest.
        label: label of a version, instead of its number.
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
    """Converts a message's map of tensors to arrays; strings become arrays of bytes."""
    return {name: tf.make_ndarray(tensor) for name, tensor in tensors.items()}

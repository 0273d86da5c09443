"""Requests and responses of TensorFlow Serving's PredictionService.

The messages are those of `tensorflow-serving-api`.
"""

from typing import Optional

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import model_pb2, predict_pb2

from tf_btgmi.serving.contract import DEFAULT_MODEL


def model_spec(
    model: str = DEFAULT_MODEL,
    version: Optional[int] = None,
    label: Optional[str] = None,
) -> model_pb2.ModelSpec:
    """Names a model on a server.

    Args:
        model: its name.
        version: its version. Default: the newest.
        label: label of a version, instead of its number.
    """
    spec = model_pb2.ModelSpec(name=model, version_label=label)
    if version is not None:
        spec.version.value = version
    return spec


def predict_request(
    signature: str,
    inputs: dict[str, np.ndarray],
    spec: Optional[model_pb2.ModelSpec] = None,
) -> predict_pb2.PredictRequest:
    """Makes a request.

    Args:
        signature: name of the signature, such as `serving_default`.
        inputs: arrays by name; lists of bytes for string tensors.
        spec: from `model_spec`. Default: the newest version of the default model.
    """
    request = predict_pb2.PredictRequest(model_spec=spec or model_spec())
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def arrays_of(tensors) -> dict[str, np.ndarray]:
    """Converts a message's map of tensors to arrays; strings become arrays of bytes."""
    return {name: tf.make_ndarray(tensor) for name, tensor in tensors.items()}

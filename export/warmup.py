"""Warm-up requests, which TensorFlow Serving replays before it serves a version.

The first call of a signature takes seconds, because TensorFlow optimizes its graph
then. The file is a TFRecord of PredictionLog messages, at
`assets.extra/tf_serving_warmup_requests` of the version.
"""

import os
from typing import Iterator

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import model_pb2, prediction_log_pb2

from tf_btgmi import assets
from tf_btgmi.data import masks
from tf_btgmi.data.transforms import centre_crop
from tf_btgmi.outputs import INPAINTED
from tf_btgmi.pictures.decoding import decode_image
from tf_btgmi.pictures.writer import encode_png
from tf_btgmi.serving.contract import DEFAULT_MODEL
from tf_btgmi.serving.grpc_transport import predict_request
from tf_btgmi.serving.module import InpaintingModule

PLACE = os.path.join("assets.extra", "tf_serving_warmup_requests")
# Numbers of windows per request: one, or the `batch_size` of a `Predictor`.
_BATCH_SIZES = (1, 8)


def write(folder: str, module: InpaintingModule) -> str:
    """Writes the file into the folder of a version and returns its path."""
    path = os.path.join(folder, PLACE)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    spec = model_pb2.ModelSpec(name=DEFAULT_MODEL)
    with tf.io.TFRecordWriter(path) as writer:
        for signature, inputs in requests(module):
            log = prediction_log_pb2.PredictionLog()
            request = predict_request(spec, signature, inputs)
            log.predict_log.request.CopyFrom(request)
            writer.write(log.SerializeToString())
    return path


def requests(
    module: InpaintingModule,
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Name and inputs of requests for every signature, from the bundled pictures."""
    for number, path in enumerate(assets.sample_pictures("test")[:2]):
        data = path.read_bytes()
        image = decode_image(data)
        if INPAINTED in module.outputs:
            mask = masks.named_mask("rectangles", *image.shape[:2], number) * 255
            mask_data = encode_png(mask.astype(np.uint8))
            yield "serving_default", {"image_bytes": [data], "mask_bytes": [mask_data]}
    size = module.image_size
    window = centre_crop(image, size)[None]
    mask = masks.named_mask("rectangles", size, size, 0)
    mask = (mask * 255).astype(np.uint8)[None, ..., None]
    for name, function in module.functions.items():
        names = [spec.name for spec in function.input_signature]
        if "image" in names:
            for count in _BATCH_SIZES if name == "predict_window" else (1,):
                inputs = {n: window if n == "image" else mask for n in names}
                yield name, {n: array.repeat(count, 0) for n, array in inputs.items()}

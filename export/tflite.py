r"""Exports the network of a model as a TFLite file.

    python -m export.tflite --model=runs/mine --output=tflite --size=256 \
        --quantization=float32
    python -m export.tflite --model=runs/mine --output=tflite --size=256 \
        --quantization=int8 --data=photographs

The file is OUTPUT/MODEL-SIZE-QUANTIZATION.tflite, where MODEL is the name of the
release or of the training's folder; --overwrite replaces it. Its height and width are
fixed, because accelerators of phones require that. Quantizations: float32; float16;
dynamic (int8 weights); int8 (integer arithmetic with float input and output). int8
calibrates its ranges on pictures of --data, with holes as in training. docs/tflite.md
and the metadata of the file describe inputs and outputs.
"""

import contextlib
import json
import os
import sys
import tempfile
from typing import Optional

import numpy as np
from absl import flags, logging

from tf_btgmi import config as config_lib
from tf_btgmi import files, loading
from tf_btgmi.cli import common_flags, program
from tf_btgmi.pictures import levels
from tf_btgmi.serving.tflite_file import METADATA

FLAGS = flags.FLAGS
QUANTIZATIONS = ("float32", "float16", "dynamic", "int8")
INPUT = "masked_image_and_mask"
OUTPUT = "prediction"
# Number of calibration pictures.
_NUM_PICTURES = 100
_KINDS = ("rectangles", "medium_strokes", "broad_strokes", "borders")


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    common_flags.define_model(exported=False)
    flags.DEFINE_string("output", None, "Folder of the file.")
    flags.DEFINE_integer(
        "size",
        None,
        "Side of the input in pixels. Default: the model's own.",
        lower_bound=1,
        upper_bound=config_lib.MAX_IMAGE_SIZE,
    )
    flags.DEFINE_enum("quantization", "float32", QUANTIZATIONS, "Quantization.")
    flags.DEFINE_string("data", None, "Folder of calibration pictures, for int8.")
    flags.DEFINE_bool("overwrite", False, "Replace an existing file.")


def main(argv):
    """Checks the flags, converts and writes."""
    del argv
    common_flags.require(("output", "FOLDER", "the folder of the file"))
    if (FLAGS.quantization == "int8") != bool(FLAGS.data):
        raise program.UsageError(
            "--quantization=int8 needs --data=FOLDER, its calibration pictures, and no "
            "other does."
        )
    loading.check(FLAGS.model)
    logging.set_verbosity(logging.ERROR)
    generator, config = loading.load_generator(FLAGS.model)
    size = FLAGS.size or config.data.image_size
    model = config.name or "model"
    if FLAGS.model:
        model = os.path.basename(os.path.abspath(FLAGS.model))
    path = os.path.join(FLAGS.output, f"{model}-{size}-{FLAGS.quantization}.tflite")
    if os.path.exists(path) and not FLAGS.overwrite:
        raise program.UsageError(f"{path} exists already. --overwrite replaces it.")
    pictures = None
    if FLAGS.data:
        pictures = representative_inputs(FLAGS.data, size)
    content = convert(generator, size, FLAGS.quantization, pictures)
    os.makedirs(FLAGS.output, exist_ok=True)
    files.write(path, content)
    print(f"Wrote {path}, {len(content) / 1e6:.2f} MB.")
    return 0


def convert(
    generator, size: int, quantization: str, pictures: Optional[list] = None
) -> bytes:
    """Returns the network as the bytes of a TFLite file.

    Args:
        generator: a Keras `Generator` of one output, in float32.
        size: height and width in pixels.
        quantization: one of `QUANTIZATIONS`.
        pictures: inputs [1, size, size, 4] float32, for `int8`.

    Raises:
        ValueError: the network cannot halve the size, or does not fill holes.
    """
    import tensorflow as tf

    from tf_btgmi.keras_compat import tensorflow_variable
    from tf_btgmi.models.folding import fold
    from tf_btgmi.models.inpainter import inpainter

    if size % generator.size_multiple:
        raise ValueError(
            f"--size must be a multiple of {generator.size_multiple}; it is {size}."
        )
    # Of a network of two outputs, the part that fills holes.
    folded = fold(inpainter(generator))
    spec = tf.TensorSpec([1, size, size, 4], tf.float32, name=INPUT)
    network = tf.Module()
    network.weights = list(map(tensorflow_variable, folded.weights))
    network.run = tf.function(
        lambda inputs: {OUTPUT: folded(inputs, training=False)}, input_signature=[spec]
    )
    concrete = network.run.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], network)
    if quantization != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantization == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if quantization == "int8":
        converter.representative_dataset = lambda: ([picture] for picture in pictures)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    with native_messages_of_errors_only():
        content = converter.convert()
    return _with_metadata(content, size, quantization)


@contextlib.contextmanager
def native_messages_of_errors_only():
    """Holds back what libraries write to standard error, unless the block fails.

    TensorFlow 2.15 writes statistics of each conversion, whatever its log level.
    """
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)


def representative_inputs(place: str, size: int) -> list[np.ndarray]:
    """Returns inputs of the network: pictures of a folder with holes of all kinds.

    Args:
        place: a folder of photographs.
        size: side in pixels.

    Returns:
        At most 100 arrays [1, size, size, 4] float32.

    Raises:
        ValueError: the folder is missing or has no pictures, or one is unreadable.
    """
    from tf_btgmi.data import masks
    from tf_btgmi.data.transforms import centre_crop
    from tf_btgmi.evaluation.picture_sets import open_pictures

    inputs = []
    for number, (_, read) in enumerate(open_pictures(place, _NUM_PICTURES).each()):
        image = centre_crop(read(), size)
        kind = _KINDS[number % len(_KINDS)]
        mask = masks.named_mask(kind, size, size, number).astype(np.float32)[..., None]
        masked_image = levels.to_float(image) * (1.0 - mask)
        inputs.append(np.concatenate([masked_image, mask], axis=-1)[None])
    return inputs


def _with_metadata(content: bytes, size: int, quantization: str) -> bytes:
    """Adds a JSON description for apps to the file, in a buffer named METADATA.

    `tflite_file.read_metadata` reads it; interpreters ignore it.
    """
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(_description(size, quantization).encode(), np.uint8)
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name = METADATA
    entry.buffer = len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _description(size: int, quantization: str) -> str:
    described = {
        "input": {
            "name": INPUT,
            "shape": [1, size, size, 4],
            "type": "float32",
            "channels": "red, green, blue in [-1, 1] (grey level / 127.5 - 1), 0 in "
            "the hole; then the mask, 1 in the hole and 0 elsewhere",
        },
        "output": {
            "name": OUTPUT,
            "shape": [1, size, size, 3],
            "type": "float32",
            "channels": "red, green, blue in [-1, 1]; use them in the hole only and "
            "keep the picture's own pixels elsewhere",
        },
        "quantization": quantization,
    }
    return json.dumps(described, indent=2)


if __name__ == "__main__":
    program.run(main, define_flags)

"""The network of a TFLite file of export.tflite, run by an interpreter.

The interpreter is that of LiteRT if it is installed, as on the second stack, otherwise
that of TensorFlow.
"""

import json
import threading

import numpy as np

from tf_btgmi.files import first_line

ENDING = ".tflite"
# Name of the metadata entry that describes input and output.
METADATA = "tf_btgmi"


class TFLiteFile:
    """The network of a file.

    Args:
        path: a file of export.tflite.

    Attributes:
        image_size: side of the input in pixels.

    Raises:
        ValueError: the file cannot be read, or was not written by export.tflite.
    """

    def __init__(self, path: str):
        try:
            with open(path, "rb") as file:
                content = file.read()
            read_metadata(content)
            # One thread: threads wait actively, and on two busy cores two of them took
            # three times as long as one (506 and 152 ms at 128 px).
            interpreter = _interpreter_class()
            self._interpreter = interpreter(model_content=content, num_threads=1)
            self._interpreter.allocate_tensors()
            (source,) = self._interpreter.get_input_details()
            (target,) = self._interpreter.get_output_details()
            self.image_size = _size(source, target)
        # The parser raises many kinds of exceptions for damaged files.
        except Exception as error:
            raise ValueError(f"{path} cannot be used: {first_line(error)}.") from error
        self._input, self._output = source["index"], target["index"]
        # An interpreter serves one thread at a time.
        self._lock = threading.Lock()

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Runs the network on each of several windows.

        Args:
            inputs: [B, S, S, 4] float32: the masked image in [-1, 1], and the mask.

        Returns:
            [B, S, S, 3] float32 in [-1, 1].
        """
        with self._lock:
            return np.stack([self._run(window) for window in inputs])

    def _run(self, window: np.ndarray) -> np.ndarray:
        self._interpreter.set_tensor(self._input, window[None].astype(np.float32))
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)[0]


def read_metadata(content: bytes) -> dict:
    """Reads the description of input and output that export.tflite writes.

    Raises:
        ValueError: not a TFLite file, damaged, or not one of export.tflite.
    """
    # Imported on demand: it imports TensorFlow.
    from tensorflow.lite.tools import flatbuffer_utils

    if content[4:8] != b"TFL3":
        raise ValueError("It is not a TFLite file.")
    try:
        model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
        for entry in model.metadata or []:
            if entry.name.decode() == METADATA:
                return json.loads(bytes(model.buffers[entry.buffer].data).decode())
    # The parser raises many kinds of exceptions for damaged files.
    except Exception as error:
        raise ValueError("It is incomplete or damaged.") from error
    raise ValueError("It is a TFLite file, but not one of export.tflite.")


def _size(source, target) -> int:
    size = source["shape"][1]
    for tensor, channels in ((source, 4), (target, 3)):
        shape, dtype = tuple(tensor["shape"]), np.dtype(tensor["dtype"])
        if shape != (1, size, size, channels) or dtype != np.float32:
            raise ValueError(
                f"Its input or output is {dtype} {shape}; export.tflite writes float32 "
                f"(1, S, S, {channels})."
            )
    return int(size)


def _interpreter_class():
    # TensorFlow is about to drop its own; LiteRT does not support NumPy 1.
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        import tensorflow as tf

        return tf.lite.Interpreter
    return Interpreter

"""Runs a TFLite file by LiteRT's interpreter, or TensorFlow's if LiteRT is missing.

TensorFlow 2.21 deprecates its own interpreter; LiteRT does not support the NumPy of the
first stack.
"""

import os
import statistics
import time
from typing import List, NamedTuple

import numpy as np

from export import tflite

# Untimed runs before the timed ones.
NUM_WARM_UP = 3


class Latency(NamedTuple):
    """Milliseconds of one run: the median and the middle half."""

    median: float
    low: float
    high: float


class Runner:
    """The network of a TFLite file.

    Args:
        path: written by `export.tflite`.
        num_threads: threads of the interpreter.

    Attributes:
        size: side of its input in pixels.
        num_bytes: size of the file.

    Raises:
        ValueError: the file is missing or was not written by `export.tflite`.
    """

    def __init__(self, path: str, num_threads: int = 2):
        try:
            with open(path, "rb") as file:
                content = file.read()
            metadata = tflite.read_metadata(content)
        except (OSError, ValueError) as error:
            raise ValueError(f"{path} cannot be used: {error}") from error
        self.num_bytes = os.path.getsize(path)
        self.size = metadata["input"]["shape"][1]
        interpreter = _interpreter_class()
        self._interpreter = interpreter(model_content=content, num_threads=num_threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Maps [B, S, S, 4] float32 to [B, S, S, 3], one picture after the other."""
        results = []
        for example in inputs:
            self._interpreter.set_tensor(self._input, example[None].astype(np.float32))
            self._interpreter.invoke()
            results.append(self._interpreter.get_tensor(self._output)[0])
        return np.stack(results)


def latencies(runs: List, example: np.ndarray, num_rounds: int) -> List[Latency]:
    """Times several networks in turn, so that other load hits all of them.

    Args:
        runs: functions of an input [1, S, S, 4].
        example: such an input.
        num_rounds: timed runs of each, after the warm-up.
    """
    for run in runs:
        for _ in range(NUM_WARM_UP):
            run(example)
    times = [[] for _ in runs]
    for _ in range(num_rounds):
        for run, found in zip(runs, times):
            started = time.perf_counter()
            run(example)
            found.append(1000.0 * (time.perf_counter() - started))
    return [
        Latency(statistics.median(found), *np.quantile(found, [0.25, 0.75]))
        for found in times
    ]


def _interpreter_class():
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        import tensorflow as tf

        return tf.lite.Interpreter
    return Interpreter

"""One worker of `benchmarks.workers`: trains a few steps beside others and times them.

    python -m benchmarks.worker_process SETTINGS.json

TF_CONFIG says who the others are. The report, JSON as well, goes to the file that the
settings name: median seconds of a step, bytes of gradients a step, and median seconds
of summing as many bytes over the workers and nothing else (0 with one worker).
"""

import json
import os
import statistics
import sys
import time
from typing import Callable, List

# Steps and sums that are not counted: they trace, connect and warm up.
_NOT_COUNTED = 3
_NUM_SUMS = 10


def main(path: str) -> None:
    """Does what the settings in `path` say."""
    with open(path, encoding="utf-8") as file:
        settings = json.load(file)
    # Before TensorFlow looks for processors.
    os.sched_setaffinity(0, {settings["core"]})
    report = measure(settings["config"], settings["batch_size"], settings["steps"])
    path = settings["report"]
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(report, file)
    os.replace(f"{path}.new", path)


def measure(config_path: str, batch_size: int, steps: int) -> dict:
    """Trains stage 0 on random pictures, `batch_size` of them in each worker."""
    import tensorflow as tf

    from tf_btgmi import config as config_lib
    from tf_btgmi.training.build import build_model
    from tf_btgmi.training.strategy import make_strategy, num_workers

    tf.config.threading.set_intra_op_parallelism_threads(1)
    # They take turns on the one core. With as many as TensorFlow would take there, one,
    # a sum that waits for the others keeps the sums they wait for from starting.
    tf.config.threading.set_inter_op_parallelism_threads(4)
    strategy = make_strategy("multi_worker")
    config = config_lib.load(config_path)
    model = build_model(config, strategy)
    model.begin_stage(0)
    times = _step_times(model, strategy, config, batch_size, _NOT_COUNTED + steps)
    num_bytes = gradient_bytes(model)
    alone = _sum_seconds(strategy, num_bytes) if num_workers(strategy) > 1 else 0.0
    return {
        "step_seconds": _median_gap(times[_NOT_COUNTED - 1 :]),
        "gradient_bytes": num_bytes,
        "sum_seconds": alone,
    }


def gradient_bytes(model) -> int:
    """Bytes that a step sums over workers: a float32 for each weight it trains."""
    variables = [
        *model.generator.active_trainable_variables,
        *model.discriminator.trainable_variables,
    ]
    return sum(4 * int(variable.shape.num_elements()) for variable in variables)


def _step_times(model, strategy, config, batch_size: int, steps: int) -> List[float]:
    """When each step of a `fit` ended."""
    import keras
    import tensorflow as tf

    from tf_btgmi.training.callbacks import GeneratorAverage

    class Timer(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            times.append(time.perf_counter())

    times = []
    size = config.data.image_size
    hole = tf.ones([batch_size, size // 2, size // 2, 1])
    border = size // 4, size - size // 2 - size // 4
    batch = {
        "image": tf.random.uniform([batch_size, size, size, 3], -1, 1),
        "mask": tf.pad(hole, [[0, 0], border, border, [0, 0]]),
    }
    model.fit(
        strategy.distribute_datasets_from_function(
            lambda context: tf.data.Dataset.from_tensors(batch).repeat()
        ),
        steps_per_epoch=steps,
        verbose=0,
        shuffle=False,
        callbacks=[GeneratorAverage(), Timer()],
    )
    return times


def _sum_seconds(strategy, num_bytes: int) -> float:
    """Median seconds of one sum of so many bytes over all workers."""
    import tensorflow as tf

    value = tf.zeros([num_bytes // 4])

    @tf.function
    def total():
        parts = strategy.run(lambda: tf.identity(value))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, parts, axis=None)

    for _ in range(_NOT_COUNTED):
        total()
    times = [_seconds(lambda: total().numpy()) for _ in range(_NUM_SUMS)]
    return statistics.median(times)


def _seconds(work: Callable) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _median_gap(times: List[float]) -> float:
    return statistics.median(b - a for a, b in zip(times, times[1:]))


if __name__ == "__main__":
    main(sys.argv[1])

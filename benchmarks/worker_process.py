"""One worker of `benchmarks.workers`: trains a few steps beside others and times them.

    python -m benchmarks.worker_process SETTINGS.json

TF_CONFIG says who the others are. The report, JSON as well, goes to the file that the
settings name: median seconds of a step, bytes of gradients a step, how many small sums
batch normalization asks for besides, and the median seconds of the one sum and of a
small one where nothing else is done (0 with one worker).
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
# Values in a small sum (two a channel), and how many are timed together.
_SMALL, _NUM_SMALL = 200, 20


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
    several = num_workers(strategy) > 1
    return {
        "step_seconds": _median_gap(times[_NOT_COUNTED - 1 :]),
        "gradient_bytes": num_bytes,
        "sum_seconds": _sum_seconds(strategy, num_bytes // 4, 1) if several else 0.0,
        "small_sums": small_sums(model.generator),
        "small_sum_seconds": (
            _sum_seconds(strategy, _SMALL, _NUM_SMALL) if several else 0.0
        ),
    }


def gradient_bytes(model) -> int:
    """Bytes that a step sums over workers: a float32 for each weight it trains."""
    variables = [
        *model.generator.active_trainable_variables,
        *model.discriminator.trainable_variables,
    ]
    return sum(4 * int(variable.shape.num_elements()) for variable in variables)


def small_sums(generator) -> int:
    """Sums a step that batch normalization waits for: two a layer, there and back."""
    if generator.normalization != "batch":
        return 0
    active = generator.active_trainable_variables
    return 2 * sum("gamma" in variable.name for variable in active)


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


def _sum_seconds(strategy, size: int, count: int) -> float:
    """Median seconds of a sum of `size` values over workers, of `count` in a row."""
    import tensorflow as tf

    def sums():
        value = tf.ones([size])
        for _ in range(count):
            replica = tf.distribute.get_replica_context()
            value = replica.all_reduce(tf.distribute.ReduceOp.MEAN, value)
        return value

    run = tf.function(lambda: strategy.run(sums))

    def wait():
        # Taken from this worker alone: `strategy.reduce` would sum once more.
        strategy.experimental_local_results(run())[0].numpy()

    for _ in range(_NOT_COUNTED):
        wait()
    times = [_seconds(wait) for _ in range(_NUM_SUMS)]
    return statistics.median(times) / count


def _seconds(work: Callable) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _median_gap(times: List[float]) -> float:
    return statistics.median(b - a for a, b in zip(times, times[1:]))


if __name__ == "__main__":
    main(sys.argv[1])

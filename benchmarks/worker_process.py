"""One worker of `benchmarks.workers`: times training steps and sums beside the others.

    python -m benchmarks.worker_process '{"config_path": ..., "report": ...}'

TF_CONFIG names the other workers. The report has the fields of `workers.Measured`.
"""

import json
import os
import statistics
import sys

# Untimed steps and sums: they trace, connect and warm up.
_NUM_WARM_UP = 3
_NUM_SUMS = 10
# Values in a small sum (two per channel), and number of sums timed together.
_SMALL, _NUM_SMALL = 200, 20


def main(settings: str) -> None:
    """Measures what the settings, in JSON, ask for and writes the report."""
    settings = json.loads(settings)
    # Before TensorFlow counts the processors.
    os.sched_setaffinity(0, {settings.pop("core")})
    path = settings.pop("report")
    report = measure(**settings)
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(report, file)
    os.replace(f"{path}.new", path)


def measure(config_path: str, batch_size: int, steps: int) -> dict:
    """Trains stage 0 on random pictures, `batch_size` of them in each worker."""
    import tensorflow as tf

    from benchmarks.batches import make_batch
    from benchmarks.train_step import fit_times
    from tf_btgmi import config as config_lib
    from tf_btgmi.training.build import build_model
    from tf_btgmi.training.strategy import make_strategy, num_workers

    tf.config.threading.set_intra_op_parallelism_threads(1)
    # They take turns on the one core. With the single thread that TensorFlow would
    # choose, a sum that waits for other workers blocks the sums that those wait for.
    tf.config.threading.set_inter_op_parallelism_threads(4)
    strategy = make_strategy("multi_worker")
    config = config_lib.load(config_path)
    model = build_model(config, strategy)
    model.begin_stage(0)
    batch = make_batch(config.data.image_size, batch_size, config.task)
    batches = strategy.distribute_datasets_from_function(
        lambda context: tf.data.Dataset.from_tensors(batch).repeat()
    )
    times = fit_times(model, batches, _NUM_WARM_UP + steps)
    num_bytes = gradient_bytes(model)
    several = num_workers(strategy) > 1
    return {
        "step_seconds": statistics.median(times[_NUM_WARM_UP:]),
        "gradient_bytes": num_bytes,
        "sum_seconds": _sum_seconds(strategy, num_bytes // 4, 1) if several else 0.0,
        "small_sums": small_sums(model.generator),
        "small_sum_seconds": (
            _sum_seconds(strategy, _SMALL, _NUM_SMALL) if several else 0.0
        ),
    }


def gradient_bytes(model) -> int:
    """Returns the bytes that a step sums over workers: a float32 per trained weight."""
    variables = [
        *model.generator.active_trainable_variables,
        *model.discriminator.trainable_variables,
    ]
    return sum(4 * int(variable.shape.num_elements()) for variable in variables)


def small_sums(generator) -> int:
    """Returns the sums of batch normalization in a step: per layer, one each way."""
    if generator.normalization != "batch":
        return 0
    active = generator.active_trainable_variables
    return 2 * sum("gamma" in variable.name for variable in active)


def _sum_seconds(strategy, size: int, count: int) -> float:
    """Returns the median seconds of a sum of `size` values, of `count` in a row."""
    import tensorflow as tf

    from benchmarks import timing

    def sums():
        value = tf.ones([size])
        for _ in range(count):
            replica = tf.distribute.get_replica_context()
            value = replica.all_reduce(tf.distribute.ReduceOp.MEAN, value)
        return value

    run = tf.function(lambda: strategy.run(sums))
    # `strategy.reduce` would sum once more.
    wait = {"sum": lambda: strategy.experimental_local_results(run())[0].numpy()}
    return timing.medians(timing.in_turn(wait, _NUM_SUMS))["sum"] / count


if __name__ == "__main__":
    main(sys.argv[1])

"""The strategies of `--strategy`: the devices of a training."""

import signal

import tensorflow as tf
from absl import logging

from tf_btgmi import interrupts

STRATEGIES = ("mirrored", "one_device", "multi_worker")


def make_strategy(name: str) -> tf.distribute.Strategy:
    """Makes a strategy; `multi_worker` before any other use of TensorFlow.

    Args:
        name: `mirrored` for all visible GPUs or the CPU, `one_device` for the first of
            them, `multi_worker` for the cluster of the environment variable TF_CONFIG.

    Raises:
        ValueError: an unknown name, or no server can be started at the address that
            TF_CONFIG has for this process.
    """
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    if name == "one_device":
        device = "/gpu:0" if tf.config.list_physical_devices("GPU") else "/cpu:0"
        return tf.distribute.OneDeviceStrategy(device)
    if name == "multi_worker":
        return _multi_worker()
    raise ValueError(f"strategy must be one of {', '.join(STRATEGIES)}; it is {name}.")


def _multi_worker() -> tf.distribute.Strategy:
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    workers = ", ".join(resolver.cluster_spec().as_dict().get("worker", []))
    logging.info("Waiting for all workers: %s.", workers)
    # Python's handler would wait for TensorFlow. SIGTERM cannot be had: TensorFlow's
    # server catches it.
    with interrupts.handled(signal.SIG_DFL, signal.SIGINT):
        try:
            return tf.distribute.MultiWorkerMirroredStrategy()
        except tf.errors.UnknownError as error:
            raise ValueError(
                f"Worker {resolver.task_id} of TF_CONFIG cannot be started: its port "
                f"is in use, or its address is not of this machine ({workers})."
            ) from error


def num_workers(strategy: tf.distribute.Strategy) -> int:
    """Number of worker processes."""
    resolver = strategy.cluster_resolver
    return len(resolver.cluster_spec().as_dict().get("worker", [0])) if resolver else 1


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process writes the shared files."""
    resolver = strategy.cluster_resolver
    return not resolver or num_workers(strategy) == 1 or resolver.task_id == 0


def anyone(strategy: tf.distribute.Strategy, flag: bool) -> bool:
    """Whether `flag` is true in any worker; a collective operation of all workers."""
    if num_workers(strategy) == 1:
        return flag
    mine = tf.constant(1.0 if flag else 0.0)
    return float(_sum_over_workers(strategy, mine)) > 0.0


@tf.function
def _sum_over_workers(strategy, value):
    values = strategy.run(lambda: tf.identity(value))
    return strategy.reduce(tf.distribute.ReduceOp.SUM, values, axis=None)

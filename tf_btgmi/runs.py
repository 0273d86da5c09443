"""Loads the averaged generator of a training run."""

import os

import tensorflow as tf

from tf_btgmi import config as config_lib
from tf_btgmi import workdir
from tf_btgmi.models.build import build_generator
from tf_btgmi.models.naming import named_weights
from tf_btgmi.models.precision import under_policy
from tf_btgmi.schedules import Schedules


def load_run(folder: str):
    """Loads the averaged generator of the newest checkpoint.

    Args:
        folder: workdir of a run, finished or not.

    Returns:
        The `Generator` in float32, with the active refinement blocks of the last step,
        and the run's `Config`.

    Raises:
        ValueError: no run, no checkpoint, or a damaged one.
    """
    config = config_lib.load(os.path.join(folder, config_lib.FILE))
    path = workdir.newest_checkpoint(folder)
    with under_policy("float32"):
        generator = build_generator(config)
    step = tf.Variable(0, dtype=tf.int64)
    workdir.restore(
        tf.train.Checkpoint(ema_generator=named_weights(generator), step=step), path
    )
    # Active blocks of the last step; `fade_in_alpha` is one of the weights.
    last = max(int(step.numpy()) - 1, 0)
    generator.stage = Schedules(config.procedure).num_active_blocks(last)
    return generator, config

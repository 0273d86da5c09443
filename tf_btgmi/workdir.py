"""What a training run leaves in its folder, and where."""

import os

import tensorflow as tf

CONFIG = "config.json"
CHECKPOINTS = "checkpoints"
LOGS = "logs"
PICTURES = "pictures"


def newest_checkpoint(place: str) -> str:
    """The newest checkpoint of a workdir, or `place` itself where it is one.

    Raises:
        ValueError: `place` is neither.
    """
    if os.path.exists(f"{place}.index"):
        return place
    found = tf.train.latest_checkpoint(os.path.join(place, CHECKPOINTS))
    if not found:
        raise ValueError(
            f"{place} holds no checkpoint. Give the workdir of a training that has "
            "saved one."
        )
    return found


def has_checkpoint(workdir: str) -> bool:
    """Whether a run in `workdir` has saved anything yet."""
    return bool(tf.train.latest_checkpoint(os.path.join(workdir, CHECKPOINTS)))


def first_line(error: Exception) -> str:
    """An error of TensorFlow's as part of a sentence."""
    return str(error).strip().split("\n")[0].rstrip(".")[:300]

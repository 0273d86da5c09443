"""Files in the folder of a training run.

Imports TensorFlow only to read a checkpoint: it takes seconds.
"""

import os
import re
from typing import Optional

from absl import logging

from tf_btgmi.files import first_line

CHECKPOINTS = "checkpoints"
LOGS = "logs"
PICTURES = "pictures"


def newest_checkpoint(place: str) -> str:
    """The newest checkpoint of a workdir, or `place` itself if it is one.

    Raises:
        ValueError: `place` is neither.
    """
    if os.path.exists(f"{place}.index"):
        return place
    newest = _newest_in(os.path.join(place, CHECKPOINTS))
    if not newest and not os.path.exists(place):
        raise ValueError(
            f"There is no folder or checkpoint {place}. Give the workdir of a training."
        )
    if not newest:
        raise ValueError(
            f"{place} holds no checkpoint. Give the workdir of a training that has "
            "saved one."
        )
    return newest


def has_checkpoint(workdir: str, step: Optional[int] = None) -> bool:
    """Whether a run in `workdir` has saved that step, or anything yet."""
    folder = os.path.join(workdir, CHECKPOINTS)
    if step is None:
        return bool(_newest_in(folder))
    return os.path.exists(os.path.join(folder, f"ckpt-{step}.index"))


def _newest_in(folder: str) -> Optional[str]:
    # TensorFlow relies on the file that names the newest checkpoint. If it is damaged,
    # or names a missing one, a run would begin at step 0 and overwrite the existing
    # checkpoints.
    import tensorflow as tf

    try:
        newest = tf.train.latest_checkpoint(folder)
    except ValueError:
        newest = None
    if newest or not os.path.isdir(folder):
        return newest
    steps = [
        int(name[len("ckpt-") : -len(".index")])
        for name in os.listdir(folder)
        if re.fullmatch(r"ckpt-[0-9]+\.index", name)
    ]
    if not steps:
        return None
    newest = os.path.join(folder, f"ckpt-{max(steps)}")
    logging.warning("%s does not name its newest checkpoint; using %s.", folder, newest)
    return newest


def restore(checkpoint, path: str) -> None:
    """Restores the objects of a checkpoint from a file, all or none.

    Other values in the file are ignored.

    Args:
        checkpoint: a `tf.train.Checkpoint`.
        path: the file, without its extension.

    Raises:
        ValueError: the file is damaged, or a value is missing or has another shape.
    """
    import tensorflow as tf

    try:
        status = checkpoint.restore(path).expect_partial()
        status.assert_existing_objects_matched()
    except AssertionError:
        raise ValueError(
            f"{path} holds another model than the config beside it describes: some of "
            "its weights are missing."
        ) from None
    except ValueError as error:
        raise ValueError(
            f"{path} holds another model than the config beside it describes: "
            f"{first_line(error)}."
        ) from error
    # Reading a truncated file raises any of these.
    except (tf.errors.OpError, LookupError, RuntimeError) as error:
        raise ValueError(
            f"{path} is damaged ({first_line(error)}). Remove its files to use the "
            "checkpoint before it."
        ) from error

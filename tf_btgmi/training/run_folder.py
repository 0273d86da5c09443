"""The folder of a run: one training at a time, one config."""

import contextlib
import fcntl
import json
import os
from typing import Sequence

import tensorflow as tf
from absl import logging

from tf_btgmi import config as config_lib
from tf_btgmi import files
from tf_btgmi import workdir as workdir_lib
from tf_btgmi.config import Config

# Fields that may differ in a resumed run: no weight depends on them.
_FREE_FIELDS = (
    "name",
    "training.checkpoint_every_steps",
    "training.checkpoint_every_minutes",
    "training.keep_checkpoints",
    "training.log_every_steps",
    "training.validate_every_steps",
)


# Settings of a run without a config, beside its checkpoints.
SETTINGS = "settings.json"


@contextlib.contextmanager
def only_run(workdir: str):
    """Refuses a second run in the same workdir while the first is running.

    Raises:
        ValueError: another training is running.
    """
    with open(os.path.join(workdir, ".lock"), "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ValueError(
                f"Another training is running in {workdir}. Wait for it, stop it, or "
                "give another --workdir."
            ) from None
        yield


def settle_config(config: Config, workdir: str, chief: bool) -> None:
    """Writes the config, or checks it against the run to be resumed.

    Args:
        config: the config to be trained.
        workdir: the run's folder.
        chief: whether this worker writes.

    Raises:
        ValueError: the config differs in a field that weights depend on.
    """
    path = os.path.join(workdir, config_lib.FILE)
    if os.path.exists(path) and workdir_lib.has_checkpoint(workdir):
        changed = config_lib.differences(config_lib.load(path), config)
        batch = changed.pop("data.global_batch_size", None)
        if batch:
            logging.warning(
                "data.global_batch_size changes from %d to %d: the pictures come in "
                "another order from here on.",
                *batch,
            )
        refused = {n: v for n, v in changed.items() if n not in _FREE_FIELDS}
        if refused:
            listed = "; ".join(
                f"config.{name} was {old!r} and is {new!r}"
                for name, (old, new) in refused.items()
            )
            raise ValueError(
                f"{workdir} holds a run of another config ({listed}). Resume with "
                f"--config={path}, or start a new --workdir with "
                f"--resume_from={workdir}."
            )
    if chief:
        config_lib.save(config, path)


def settle_settings(settings: dict, workdir: str, free: Sequence[str]) -> None:
    """As `settle_config`, for the settings of a run without a config.

    Args:
        settings: JSON values by name.
        workdir: the run's folder.
        free: names that may differ in a resumed run.

    Raises:
        ValueError: another one differs.
    """
    path = os.path.join(workdir, SETTINGS)
    if os.path.exists(path) and workdir_lib.has_checkpoint(workdir):
        old = files.read_json(path)
        # As JSON, where the order of sources counts.
        changed = [
            f"{name} was {old.get(name)!r} and is {value!r}"
            for name, value in settings.items()
            if name not in free and json.dumps(old.get(name)) != json.dumps(value)
        ]
        if changed:
            raise ValueError(
                f"{workdir} holds a run of other settings ({'; '.join(changed)}). "
                "Resume with the same ones, or start a new --workdir."
            )
    files.write_json(path, settings)


def log_writer(workdir: str) -> tf.summary.SummaryWriter:
    """Begins the TensorBoard logs of the run.

    Raises:
        OSError: they cannot be written.
    """
    folder = os.path.join(workdir, workdir_lib.LOGS)
    try:
        return tf.summary.create_file_writer(folder)
    except tf.errors.OpError as error:
        reason = files.first_line(error)
        raise OSError(f"Logs cannot be written to {folder}: {reason}.") from error

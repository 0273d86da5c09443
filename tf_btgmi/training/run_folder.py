"""The folder of a run: one training at a time, one config."""

import contextlib
import json
import os
import re
import shlex
from typing import Sequence

import tensorflow as tf
from absl import logging

from tf_btgmi import config as config_lib
from tf_btgmi import files, wording
from tf_btgmi import workdir as workdir_lib
from tf_btgmi.config import Config
from tf_btgmi.data.object_folder import IMAGES
from tf_btgmi.schedules import Schedules
from tf_btgmi.training import initialization

_BATCH_SIZE = "data.global_batch_size"
# Fields that may differ in a resumed run.
_FREE_FIELDS = (
    "name",
    _BATCH_SIZE,
    # No trained weight depends on them.
    "generator.change_share",
    "generator.mismatch_share",
    "training.checkpoint_every_steps",
    "training.checkpoint_every_minutes",
    "training.keep_checkpoints",
    "training.log_every_steps",
    "training.validate_every_steps",
)

# Beginnings of the fields that the shapes of the weights depend on.
_NETWORK = (
    "task",
    "generator.",
    "discriminator.",
    "procedure.num_refinement_blocks",
)

# Settings of a run without a config, beside its checkpoints.
SETTINGS = "settings.json"


def only_run(workdir: str) -> contextlib.AbstractContextManager:
    """Refuses a second run in the same workdir while the first is running.

    Raises:
        ValueError: another training is running.
    """
    return files.only_one("training", workdir, "--workdir")


def check(config: Config, workdir: str) -> dict[str, tuple]:
    """Checks that `config` can be trained in `workdir`, new or to be resumed.

    Args:
        config: the config to be trained.
        workdir: the run's folder; it may be missing.

    Returns:
        The fields that differ from those of the run to be resumed, with their old and
        new values.

    Raises:
        ValueError: it is a file or among the pictures, or a field differs that must be
            the same.
    """
    files.check_folder(workdir)
    if config.data.num_validation_images:
        _check_apart(config, workdir)
    path = os.path.join(workdir, config_lib.FILE)
    if not os.path.exists(path) or not workdir_lib.has_checkpoint(workdir):
        return {}
    old_config = config_lib.load(path)
    changes = config_lib.differences(old_config, config)
    refused = {k: pair for k, pair in changes.items() if k not in _FREE_FIELDS}
    if not refused:
        return changes
    advice = "Start a new --workdir"
    if not _is_finished(config, workdir) and not any(
        name.startswith(_NETWORK) for name in refused
    ):
        advice += f" with --resume_from={shlex.quote(workdir)}"
    elif _can_start_from(workdir, config):
        advice += f" with --init_from={shlex.quote(workdir)} (at step 0)"
    if not _is_finished(old_config, workdir):
        advice += f", or resume with --config={shlex.quote(path)}"
    changed = wording.changes({f"config.{k}": pair for k, pair in refused.items()})
    raise ValueError(
        f"{workdir} contains a run with a different config: {changed}. {advice}."
    )


def settle_config(config: Config, workdir: str, chief: bool) -> None:
    """Writes the config, or checks it against the run to be resumed.

    Args:
        config: the config to be trained.
        workdir: the run's folder.
        chief: whether this worker writes.

    Raises:
        ValueError: see `check`.
    """
    batch_sizes = check(config, workdir).get(_BATCH_SIZE)
    if batch_sizes:
        logging.warning(
            "%s changes from %d to %d: the pictures come in another order from here "
            "on.",
            _BATCH_SIZE,
            *batch_sizes,
        )
    if chief:
        config_lib.save(config, os.path.join(workdir, config_lib.FILE))


def _check_apart(config: Config, workdir: str) -> None:
    """Raises an error if a resumed run would train on its validation's results."""
    folders = []
    for spec in (config.data.source, config.data.validation_source):
        form, _, folder = spec.partition(":")
        if config.task != "inpainting":
            folder = os.path.join(folder, IMAGES)
        folders += [folder] if form == "folder" else []
    folders += [config.masks.objects_folder] if config.masks.objects else []
    folders += [config.guided.regions_folder] if config.guided.regions else []
    for folder in filter(None, folders):
        if files.is_below(os.path.join(workdir, ""), folder):
            raise ValueError(
                f"{workdir} is in {folder}: the run would read the pictures that its "
                "validation writes. Choose a --workdir elsewhere."
            )


def _is_finished(config: Config, workdir: str) -> bool:
    step = re.search("[0-9]*$", workdir_lib.newest_checkpoint(workdir)).group()
    return int(step or 0) >= Schedules(config.procedure).plan.total_steps


def _can_start_from(workdir: str, config: Config) -> bool:
    try:
        initialization.check(config, workdir)
    except ValueError:
        return False
    return True


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
        changes = {
            name: (old.get(name), value)
            for name, value in settings.items()
            if name not in free and json.dumps(old.get(name)) != json.dumps(value)
        }
        if changes:
            raise ValueError(
                f"{workdir} contains a run with different settings: "
                f"{wording.changes(changes)}. Resume with the same ones, or start a "
                "new --workdir."
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
        reason = files.write_failure(error)
        raise OSError(f"Logs cannot be written to {folder}: {reason}.") from error

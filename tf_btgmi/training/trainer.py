"""A whole run, stage by stage, which can be resumed (Alg. 1)."""

import contextlib
import dataclasses
import os
import re
from typing import Optional

import tensorflow as tf
from absl import logging

from tf_btgmi import config as config_lib
from tf_btgmi import workdir as workdir_lib
from tf_btgmi.config import Config
from tf_btgmi.data import pipeline
from tf_btgmi.data.unreadable import UnreadableError, clear_line
from tf_btgmi.schedules import Schedules
from tf_btgmi.training import initialization, run_folder
from tf_btgmi.training.build import build_model, scheduled_callbacks
from tf_btgmi.training.callbacks import GeneratorAverage
from tf_btgmi.training.checkpoints import Checkpoints
from tf_btgmi.training.guards import FiniteGuard, SaveInTime
from tf_btgmi.training.progress import Progress, without_chatter
from tf_btgmi.training.strategy import is_chief
from tf_btgmi.training.validation import Validation
from tf_btgmi.wording import number_of

# Largest batch of a validation, over all replicas where these are fewer.
_VALIDATION_BATCH = 8
_OUT_OF_MEMORY = (
    "Out of memory in a training step. Lower config.data.global_batch_size, with which "
    "the run can resume, or start a new run with a smaller image_size or base_filters "
    "or with precision=mixed_bfloat16. Check that no other program uses the GPU."
)


@dataclasses.dataclass
class TrainingResult:
    """Outcome of a run.

    Attributes:
        step: steps taken, over all sessions of the run.
        finished: whether all steps were taken.
        signal_number: the signal that ended the run, or None.
        checkpoint: path of the newest checkpoint.
        history: losses and scheduled values by step, of this session.
        validation: metrics on the validation pictures by step, of this session.
    """

    step: int
    finished: bool
    signal_number: Optional[int]
    checkpoint: str
    history: list[dict[str, float]]
    validation: list[dict[str, float]]


def train(
    config: Config, workdir: str, strategy, resume_from: str = "", init_from: str = ""
) -> TrainingResult:
    """Trains `config` in `workdir`, or resumes the run there.

    Args:
        config: the experiment.
        workdir: folder for `config.json`, `checkpoints`, `logs` and `pictures`.
        strategy: a `tf.distribute.Strategy`.
        resume_from: workdir or checkpoint of another run, which a new run continues at
            its step.
        init_from: workdir or release whose weights a new run starts from, at step 0.

    Raises:
        ValueError: the config, the data or the run to be resumed does not fit.
        FloatingPointError: a loss or a weight is no longer finite.
        OSError: the workdir cannot be written.
        MemoryError: a step needs too much memory.
    """
    config_lib.validate_training(config)
    replicas = strategy.num_replicas_in_sync
    if config.data.global_batch_size % replicas:
        raise ValueError(
            f"config.data.global_batch_size ({config.data.global_batch_size}) must be "
            f"a multiple of the number of replicas ({replicas})."
        )
    if resume_from:
        resume_from = workdir_lib.newest_checkpoint(resume_from)
    if init_from:
        initialization.check(config, init_from)
    run_folder.check(config, workdir)
    sources = pipeline.Sources(config)
    for line in pipeline.describe(config, sources):
        logging.info("%s", line)
    with contextlib.ExitStack() as stack:
        chief = is_chief(strategy)
        if chief:
            os.makedirs(workdir, exist_ok=True)
            stack.enter_context(run_folder.only_run(workdir))
        run_folder.settle_config(config, workdir, chief)
        stack.enter_context(without_chatter())
        return _run(config, sources, workdir, strategy, resume_from, init_from, stack)


def _run(config, sources, workdir, strategy, resume_from, init_from, stack):
    model = build_model(config, strategy)
    training = config.training
    checkpoints = Checkpoints(model, workdir, training.keep_checkpoints, strategy)
    source = checkpoints.newest or resume_from
    start_step = checkpoints.restore(source) if source else 0
    other = resume_from or init_from
    if checkpoints.newest and other:
        logging.info("%s has checkpoints of its own; %s is not used.", workdir, other)
    if source:
        logging.info("Resumed from %s, step %d.", source, start_step)
    elif init_from:
        used = initialization.initialize(model, init_from)
        logging.info("Starts with the weights of %s.", init_from)
        if used > Schedules(config.procedure).num_active_blocks(0):
            logging.warning(
                "%s uses %s, which block-wise training leaves out at first. To train "
                "them from the first step: --config.procedure.block_wise=False.",
                init_from,
                number_of(used, "refinement block"),
            )

    plan = Schedules(config.procedure).plan
    scheduled = scheduled_callbacks(config.procedure)
    writer = run_folder.log_writer(workdir) if is_chief(strategy) else None
    progress = Progress(
        scheduled,
        plan,
        start_step,
        config.data.global_batch_size,
        training.log_every_steps,
        writer,
    )
    stack.callback(progress.close)
    saving = stack.enter_context(
        SaveInTime(
            checkpoints,
            training.checkpoint_every_steps,
            training.checkpoint_every_minutes,
            strategy,
        )
    )
    validation = _validation(
        config, sources, strategy, plan.total_steps, workdir, writer
    )
    callbacks = [
        *scheduled,
        GeneratorAverage(),
        FiniteGuard(checkpoints),
        progress,
        *([validation] if validation else []),
        saving,
    ]
    _train_stages(config, sources, model, strategy, callbacks, start_step)
    step = int(model.step.numpy())
    if step > start_step:
        saving.save()
    elif not checkpoints.newest:
        # It continues a run that was finished.
        checkpoints.save()
    return TrainingResult(
        step=step,
        finished=step >= plan.total_steps,
        signal_number=saving.signal_number,
        checkpoint=checkpoints.newest or source,
        history=progress.history,
        validation=validation.history if validation else [],
    )


def _validation(
    config, sources, strategy, total_steps, workdir, writer
) -> Optional[Validation]:
    """The callback that validates, if the config has pictures for it."""
    if not config.data.num_validation_images:
        return None
    replicas = strategy.num_replicas_in_sync
    largest = min(config.data.global_batch_size, _VALIDATION_BATCH)
    batch_size = max(largest // replicas, 1) * replicas
    return Validation(
        pipeline.validation_dataset(config, batch_size, sources).cache(),
        batch_size,
        config.training.validate_every_steps,
        total_steps,
        workdir,
        writer,
        config.procedure.generator_only_steps,
    )


def _train_stages(config, sources, model, strategy, callbacks, start_step):
    procedure = config.procedure
    schedules = Schedules(procedure)
    todo = schedules.segments(start_step, config.data.image_size)
    for first, end, stage, image_size in todo:
        trained = schedules.trained(first)
        model.begin_stage(schedules.num_active_blocks(first), trained)
        begins = stage > 0 and first == schedules.plan.start(stage)
        if begins and procedure.restart_optimizer:
            model.restart_generator_optimizer()
        logging.info(
            "Stage %d, steps %d to %d, %d px%s.",
            stage,
            first,
            end - 1,
            image_size,
            "" if len(trained) == 2 else f", the {trained[0]} alone",
        )
        dataset = _distributed(
            config, sources, strategy, first, end - first, image_size
        )
        _fit(model, dataset, end - first, callbacks)
        if model.stop_training:
            return


def _fit(model, dataset, num_steps, callbacks):
    try:
        model.fit(
            dataset,
            steps_per_epoch=num_steps,
            epochs=1,
            shuffle=False,
            verbose=0,
            callbacks=callbacks,
        )
    except tf.errors.OpError as error:
        line = clear_line(error)
        if line:
            raise UnreadableError(line) from error
        if re.search("OOM|[Oo]ut of memory", str(error)):
            raise MemoryError(_OUT_OF_MEMORY) from error
        raise


def _distributed(config, sources, strategy, first, num_steps, image_size):
    def make(context):
        dataset = pipeline.training_dataset(
            config,
            start_step=first,
            num_steps=num_steps,
            image_size=image_size,
            input_context=context,
            sources=sources,
        )
        size = context.get_per_replica_batch_size(config.data.global_batch_size)
        return dataset.rebatch(size, drop_remainder=True).prefetch(2)

    return strategy.distribute_datasets_from_function(make, _input_options(strategy))


def _input_options(strategy) -> Optional[tf.distribute.InputOptions]:
    """Turns off prefetching to the device for one CPU, where it brings nothing.

    The iterator that prefetches ignores the dataset's option that turns autotuning off
    (`data/pipeline.py`), and its thread holds up the end of a stopped training.
    """
    if (
        not isinstance(strategy, tf.distribute.MirroredStrategy)
        or strategy.num_replicas_in_sync > 1
        or tf.config.list_logical_devices("GPU")
    ):
        return None
    return tf.distribute.InputOptions(
        experimental_fetch_to_device=False,
        experimental_replication_mode=tf.distribute.InputReplicationMode.PER_REPLICA,
    )

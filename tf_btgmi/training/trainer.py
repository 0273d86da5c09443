"""A whole run: stage after stage, resumed where it stopped (Alg. 1)."""

import contextlib
import dataclasses
import fcntl
import os
import signal
from typing import Dict, List

import keras
import tensorflow as tf
from absl import logging

from tf_btgmi import config as config_lib
from tf_btgmi import schedules
from tf_btgmi import workdir as workdir_lib
from tf_btgmi.config import Config
from tf_btgmi.data import pipeline
from tf_btgmi.data.unreadable import UnreadableError, clear_line
from tf_btgmi.losses.objective import Objective
from tf_btgmi.models import build
from tf_btgmi.training import callbacks as schedule_callbacks
from tf_btgmi.training import initialization
from tf_btgmi.training.checkpoints import Checkpoints
from tf_btgmi.training.guards import FiniteGuard, SaveInTime
from tf_btgmi.training.inpainting_gan import InpaintingGAN
from tf_btgmi.training.reporting import Progress, Validation
from tf_btgmi.training.strategy import is_chief

ADAM_BETAS = (0.5, 0.999)
# Zeiler 2012, whose learning rate is 1.
ADADELTA_RHO = 0.95
ADADELTA_EPSILON = 1e-6
# What may differ from the run that is resumed: it changes no weight of any step.
_FREE_FIELDS = (
    "name",
    "training.checkpoint_every_steps",
    "training.checkpoint_every_minutes",
    "training.keep_checkpoints",
    "training.log_every_steps",
    "training.validate_every_steps",
)


@dataclasses.dataclass
class TrainingResult:
    """What became of a run.

    Attributes:
        step: steps taken, over all sessions of the run.
        finished: whether that is all of them.
        signal_number: the signal that ended the run, or None.
        checkpoint: path of the newest checkpoint.
        history: losses and scheduled values by step, of this session.
        validation: metrics on the validation pictures by step, of this session.
    """

    step: int
    finished: bool
    signal_number: int
    checkpoint: str
    history: List[Dict[str, float]]
    validation: List[Dict[str, float]]


def train(
    config: Config, workdir: str, strategy, resume_from: str = "", init_from: str = ""
):
    """Trains `config` in `workdir`, or goes on where it stopped there.

    Args:
        config: the experiment.
        workdir: folder for `config.json`, `checkpoints`, `logs` and `pictures`.
        strategy: a `tf.distribute.Strategy`.
        resume_from: another workdir, or a checkpoint, that a new run starts from, at
            its step.
        init_from: another workdir, or a release's folder, whose weights a new run
            starts from, at step 0.

    Returns:
        A `TrainingResult`.

    Raises:
        ValueError: the config, the data or what is resumed does not fit.
        FloatingPointError: a loss or a weight is no longer finite.
        OSError: the workdir cannot be written.
    """
    config_lib.validate(config)
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
    for line in pipeline.describe(config):
        logging.info("%s", line)
    with contextlib.ExitStack() as stack:
        chief = is_chief(strategy)
        if chief:
            os.makedirs(workdir, exist_ok=True)
            stack.enter_context(_only_run(workdir))
        _settle_config(config, workdir, chief)
        return _run(config, workdir, strategy, resume_from, init_from, stack)


def build_model(config: Config, strategy) -> InpaintingGAN:
    """The compiled model of `config` with every variable made, under `strategy`."""
    keras.utils.set_random_seed(config.training.seed)
    keras.mixed_precision.set_global_policy(config.training.precision)
    with strategy.scope():
        model = InpaintingGAN(
            generator=build.build_generator(config),
            ema_generator=build.build_generator(config),
            discriminator=build.build_discriminator(config),
            objective=Objective(
                reconstruction=config.losses.reconstruction,
                reconstruction_weight=config.losses.reconstruction_weight,
                pixel_weight=config.losses.pixel_weight,
                pixel_region=config.losses.pixel_region,
                adversarial=config.losses.adversarial,
                patch_labels=config.discriminator.patch_labels,
                ppl_patch_size=config.losses.ppl_patch_size,
                ppl_context_margin=config.losses.ppl_context_margin,
            ),
            ema_decay=config.training.ema_decay,
        )
        model.compile(
            generator_optimizer=_optimizer(config.procedure),
            discriminator_optimizer=_optimizer(config.procedure),
        )
    # Traced here, not inside the first step's time.
    model.update_average.get_concrete_function()
    return model


def _run(config, workdir, strategy, resume_from, init_from, stack):
    model = build_model(config, strategy)
    training = config.training
    checkpoints = Checkpoints(model, workdir, training.keep_checkpoints, strategy)
    source = checkpoints.newest or resume_from
    start_step = checkpoints.restore(source) if source else 0
    if source:
        logging.info("Resumed from %s, step %d.", source, start_step)
    elif init_from:
        initialization.initialize(model, init_from)
        logging.info("Starts with the weights of %s.", init_from)

    plan = build.stage_plan(config)
    scheduled = _scheduled(config.procedure, plan)
    writer = None
    if is_chief(strategy):
        writer = _log_writer(os.path.join(workdir, workdir_lib.LOGS))
    progress = Progress(
        scheduled,
        plan.total_steps,
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
    validation = None
    if config.data.num_validation_images:
        batch_size = min(config.data.global_batch_size, 8)
        dataset = pipeline.validation_dataset(config, batch_size).cache()
        validation = Validation(dataset, training.validate_every_steps, workdir, writer)
    _train_stages(
        config,
        model,
        strategy,
        [
            *scheduled,
            schedule_callbacks.GeneratorAverage(),
            FiniteGuard(checkpoints),
            progress,
            *([validation] if validation else []),
            saving,
        ],
        start_step,
    )
    step = int(model.step.numpy())
    if step > start_step:
        saving.save()
    return TrainingResult(
        step=step,
        finished=step >= plan.total_steps,
        signal_number=saving.signal_number,
        checkpoint=checkpoints.newest or source,
        history=progress.history,
        validation=validation.history if validation else [],
    )


def _train_stages(config, model, strategy, callbacks, start_step):
    procedure = config.procedure
    plan = build.stage_plan(config)
    sizes = (procedure.warmup_image_size, config.data.image_size)
    phases = schedules.Phases(
        procedure.generator_only_steps, procedure.discriminator_only_steps
    )
    todo = schedules.segments(plan, start_step, procedure.warmup_steps, sizes, phases)
    for first, end, stage, image_size in todo:
        trained = phases.trained(first)
        model.begin_stage(build.num_active_blocks(config, first), trained)
        begins = stage > 0 and first == plan.start(stage)
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
        dataset = _distributed(config, strategy, first, end - first, image_size)
        _fit(model, dataset, end - first, callbacks)
        if model.stop_training:
            return


def _log_writer(folder):
    try:
        return tf.summary.create_file_writer(folder)
    except tf.errors.OpError as error:
        reason = str(error).strip().splitlines()[0]
        raise OSError(f"Logs cannot be written to {folder}: {reason}") from error


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
        if line is None:
            raise
        raise UnreadableError(line) from error


def _distributed(config, strategy, first, num_steps, image_size):
    def make(context):
        dataset = pipeline.training_dataset(
            config,
            start_step=first,
            num_steps=num_steps,
            image_size=image_size,
            input_context=context,
        )
        size = context.get_per_replica_batch_size(config.data.global_batch_size)
        return dataset.rebatch(size, drop_remainder=True).prefetch(2)

    return strategy.distribute_datasets_from_function(make)


def _scheduled(procedure, plan):
    fade_in_steps = procedure.fade_in_steps if procedure.block_wise else 0
    fade_in = schedule_callbacks.FadeIn(schedules.FadeInSchedule(plan, fade_in_steps))
    return [
        schedule_callbacks.AdversarialLossAnnealing(
            schedules.AdversarialWeightSchedule(
                plan,
                procedure.adversarial_weight,
                procedure.adversarial_weight_factor,
                procedure.adversarial_annealing,
            )
        ),
        schedule_callbacks.LearningRateAnnealing(
            schedules.LearningRateByStage(
                plan,
                procedure.learning_rate,
                procedure.learning_rate_factor,
                procedure.learning_rate_decay_steps,
            ),
            procedure.discriminator_learning_rate_factor,
        ),
        *([fade_in] if procedure.num_refinement_blocks else []),
    ]


def _optimizer(procedure):
    # The callbacks set the rate of each step.
    rate = procedure.learning_rate
    if procedure.optimizer == "adadelta":
        return keras.optimizers.Adadelta(
            rate, rho=ADADELTA_RHO, epsilon=ADADELTA_EPSILON
        )
    return keras.optimizers.Adam(rate, beta_1=ADAM_BETAS[0], beta_2=ADAM_BETAS[1])


def _settle_config(config, workdir, chief):
    """Writes the config, or checks that a resumed run is still the same one."""
    path = os.path.join(workdir, workdir_lib.CONFIG)
    if os.path.exists(path) and workdir_lib.has_checkpoint(workdir):
        changed = config_lib.differences(config_lib.load(path), config)
        batch = changed.pop("data.global_batch_size", None)
        if batch:
            logging.warning(
                "The run so far had data.global_batch_size %d; it goes on with %d, and "
                "its pictures come in another order from here.",
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


@contextlib.contextmanager
def _only_run(workdir):
    """Refuses a second run in the same workdir while the first one lives."""
    with open(os.path.join(workdir, ".lock"), "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ValueError(
                f"Another training is running in {workdir}. Wait for it, stop it, or "
                "give another --workdir."
            ) from None
        yield


def exit_code(result: TrainingResult) -> int:
    """0 when finished or told to stop by SIGTERM, 130 after Ctrl-C."""
    return 130 if result.signal_number == signal.SIGINT else 0

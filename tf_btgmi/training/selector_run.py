"""A whole training of the selector, which can be resumed."""

import concurrent.futures
import os
import time
from typing import Iterator, NamedTuple, Optional, Sequence

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from tf_btgmi import files
from tf_btgmi.data.selection_examples import Example, SelectionExamples
from tf_btgmi.data.selection_windows import (
    network_input,
    resized,
    window_around,
)
from tf_btgmi.data.simulated_clicks import CLOSE_BOX, LOOSE_BOX, drawn_box
from tf_btgmi.models.selector import Selector
from tf_btgmi.releases import save_selector
from tf_btgmi.training.checkpoints import Checkpoints
from tf_btgmi.training.guards import FiniteGuard, SaveInTime
from tf_btgmi.training.run_folder import only_run, settle_settings
from tf_btgmi.training.selector_training import (
    SelectorTraining,
    corrected,
    inputs_of,
)

# Rounds of an example: the first selection, and those after a click.
ROUNDS = 3
_CHECKPOINT_MINUTES = 4.0
BEST = "best"
_WARM_UP = 50


class SelectorResult(NamedTuple):
    """Outcome of a run.

    Attributes:
        step: steps taken, over all sessions of the run.
        best: the best mean IoU of validation.
        signal_number: the signal that ended the run, or None.
    """

    step: int
    best: float
    signal_number: Optional[int]


def train(
    workdir: str,
    sources: Sequence[tuple[str, float]],
    steps: int,
    batch_size: int,
    base_filters: int,
    learning_rate: float,
    ema_decay: float,
    held_out: float,
    seed: int,
    validate_every: int,
) -> SelectorResult:
    """Trains in `workdir`, or resumes the run there.

    A resumed run may have other `steps` and another `validate_every`.

    Args:
        workdir: gets `checkpoints` and `best`, a release of the averaged weights with
            the best validation.
        sources: see `SelectionExamples`.
        steps: total number of steps.
        batch_size: windows per step, a third of them new.
        base_filters: filters at half of the window's size.
        learning_rate: initial learning rate, which decays to 0 by a cosine.
        ema_decay: decay of the moving average of the weights.
        held_out: share of each source that is kept for validation.
        seed: seed of the examples and of the initial weights.
        validate_every: steps between validations.

    Raises:
        ValueError: the sources or the run to be resumed do not fit.
        FloatingPointError: the loss or a weight is no longer finite.
        OSError: the workdir cannot be written.
    """
    settings = {
        "sources": _weights_by_name(sources),
        "steps": steps,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "ema_decay": ema_decay,
        "held_out": held_out,
        "seed": seed,
    }
    files.check_folder(workdir)
    os.makedirs(workdir, exist_ok=True)
    examples = SelectionExamples(sources, held_out, seed)
    for folder in examples.folders:
        for line in folder.describe():
            logging.info("%s", line)
    with only_run(workdir):
        settle_settings({**settings, "base_filters": base_filters}, workdir, ["steps"])
        keras.utils.set_random_seed(seed)
        model = _model(base_filters, ema_decay, learning_rate)
        strategy = tf.distribute.get_strategy()
        checkpoints = Checkpoints(model, workdir, 2, strategy)
        if checkpoints.newest:
            step = checkpoints.restore(checkpoints.newest)
            logging.info("Resumed at step %d.", step)
        held_out_objects = examples.held_out_objects()
        size = max(1, batch_size // ROUNDS)
        rounds = _Rounds(model, _batches(examples, size, int(model.step)), seed)
        guard = FiniteGuard(checkpoints)
        guard.set_model(model)
        losses, begun = [], time.monotonic()
        with SaveInTime(checkpoints, steps, _CHECKPOINT_MINUTES, strategy) as saving:
            saving.set_model(model)
            model.stop_training = False
            while int(model.step) < steps and not model.stop_training:
                _set_learning_rate(model, learning_rate, steps)
                losses.append(rounds.step())
                guard.on_train_batch_end(0, {"loss": losses[-1]})
                step = int(model.step)
                if step % validate_every == 0 or step == steps:
                    value = validate(model.average, held_out_objects)
                    logging.info(
                        "Step %d: loss %.4f, validation IoU from a box %.4f, "
                        "%.2f s per step.",
                        step,
                        np.mean(losses),
                        value,
                        (time.monotonic() - begun) / len(losses),
                    )
                    losses, begun = [], time.monotonic()
                    if value > float(model.best):
                        model.best.assign(value)
                        fields = {**settings, "step": step}
                        save_selector(model.average, fields, f"{workdir}/{BEST}")
                        # A run resumed without its value would replace it by a worse
                        # one.
                        saving.save()
                saving.on_train_batch_end(0)
        step, best = int(model.step), float(model.best)
        logging.info("Step %d, best validation IoU %.4f.", step, best)
        return SelectorResult(step, best, saving.signal_number)


def _weights_by_name(sources: Sequence[tuple[str, float]]) -> dict[str, float]:
    # Only the names of the folders; their paths are private.
    weights = {}
    for folder, weight in sources:
        name = base = os.path.basename(os.path.normpath(folder))
        number = 1
        while name in weights:
            number += 1
            name = f"{base} ({number})"
        weights[name] = weight
    return weights


def validate(selector: Selector, objects: list) -> float:
    """Mean IoU, at the window's size, from a close and a loose box of each object."""
    rng = np.random.default_rng(0)
    values, inputs, truths = [], [], []
    for image, truth in objects:
        for moves in (CLOSE_BOX, LOOSE_BOX):
            box = drawn_box(truth, moves, rng)
            window = window_around(box, *truth.shape)
            pixels = resized(image[window.slices])
            truths.append(resized(truth[window.slices]))
            nothing = np.zeros_like(truths[-1])
            clicks = np.zeros((0, 3))
            inputs.append(network_input(pixels, window.box(box), clicks, nothing))
    for start in range(0, len(inputs), 16):
        logits = selector(tf.constant(np.stack(inputs[start : start + 16])))
        for truth, predicted in zip(truths[start:], logits.numpy()[..., 0] > 0):
            either = (truth | predicted).sum()
            values.append((truth & predicted).sum() / max(either, 1))
    return float(np.mean(values))


def _model(base_filters, ema_decay, learning_rate) -> SelectorTraining:
    selector, average = Selector(base_filters), Selector(base_filters)
    selector.build()
    average.build()
    model = SelectorTraining(selector, average, ema_decay)
    model.compile(optimizer=keras.optimizers.Adam(learning_rate))
    model.optimizer.build(selector.trainable_variables)
    return model


def _set_learning_rate(model, start: float, steps: int) -> None:
    step = int(model.step)
    rate = 0.5 * start * (1.0 + np.cos(np.pi * min(step / steps, 1.0)))
    warm = min(1.0, (step + 1) / _WARM_UP)
    model.optimizer.learning_rate.assign(warm * max(rate, 1e-6))


class _Rounds:
    """Training steps on groups of examples in different rounds.

    Every step has one group in its first round, one after a click, and so on: batch
    normalization would otherwise see other statistics in training than later.

    Args:
        model: the training.
        batches: of new examples.
        seed: seed of the clicks, combined with the step.
    """

    def __init__(
        self, model: SelectorTraining, batches: Iterator[list[Example]], seed: int
    ):
        self._model = model
        self._batches = batches
        self._seed = seed
        self._groups = []

    def step(self) -> float:
        """Takes one step; returns its loss."""
        step = int(self._model.step)
        new = next(self._batches)
        features = self._model.trunk_features(tf.constant(inputs_of(new)[0]))
        self._groups = [(new, features), *self._groups[: ROUNDS - 1]]
        everything = [example for group, _ in self._groups for example in group]
        inputs, truth = inputs_of(everything)
        features = [tf.concat(maps, 0) for maps in zip(*(f for _, f in self._groups))]
        data = tf.constant(inputs), tf.constant(truth), features
        result = self._model.train_step(data)
        rng = np.random.default_rng((self._seed, step, 1))
        after = corrected(everything, result["logits"].numpy(), rng)
        self._groups = [
            (after[start : start + len(new)], maps)
            for start, (_, maps) in zip(range(0, len(after), len(new)), self._groups)
        ]
        return float(result["loss"])


def _batches(
    examples: SelectionExamples, size: int, number: int
) -> Iterator[list[Example]]:
    """Yields batches of examples from `number` on; a thread prepares the next one."""

    def make(number):
        numbers = range(number * size, (number + 1) * size)
        return [examples.training_example(i) for i in numbers]

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        coming = pool.submit(make, number)
        while True:
            number += 1
            batch, coming = coming.result(), pool.submit(make, number)
            yield batch

"""Progress of a run: bar or log lines, TensorBoard scalars, history."""

import contextlib
import math
import sys
import time

import keras
import tensorflow as tf
from absl import logging
from tqdm import tqdm

from tf_btgmi.progress_bar import SECONDS_BETWEEN_LINES

# Messages of TensorFlow that nobody can act on: Keras 2 finds a callback slow, because
# it validates; a line for every reduction over several devices or workers, and for
# every checkpoint (TensorFlow 2.21).
_CHATTER = (
    "Callback method `on_",
    "Collective all_reduce tensors",
    "Reduce to ",
    "Sharding callback duration",
)


@contextlib.contextmanager
def without_chatter():
    """Leaves out TensorFlow's messages that nobody can act on."""

    def is_wanted(record):
        return not str(record.msg).startswith(_CHATTER)

    loggers = (tf.get_logger(), logging.get_absl_logger())
    for logger in loggers:
        logger.addFilter(is_wanted)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_wanted)


class Progress(keras.callbacks.Callback):
    """Progress bar, TensorBoard scalars and the history of a run.

    Every `every_steps` steps the means of the losses since the last time go to
    TensorBoard with the scheduled values and images/s. On a terminal a bar shows them
    with the remaining time; otherwise a line is logged from time to time.

    Attributes:
        history: the logged values, dictionaries with the key `step`.

    Args:
        scheduled: callbacks with `name` and `value`.
        plan: the `StagePlan` of the whole run.
        start_step: steps taken before.
        global_batch_size: examples per step.
        every_steps: steps between logs.
        writer: a summary writer, or None in a process that writes nothing.
    """

    def __init__(
        self, scheduled, plan, start_step, global_batch_size, every_steps, writer
    ):
        super().__init__()
        self.history: list[dict[str, float]] = []
        self._scheduled = scheduled
        self._plan = plan
        self._global_batch_size = global_batch_size
        self._every_steps = every_steps
        self._writer = writer
        terminal = writer is not None and sys.stderr.isatty()
        self._bar = tqdm(
            total=plan.total_steps,
            initial=start_step,
            unit="step",
            dynamic_ncols=True,
            disable=not terminal,
            desc="stage 0",
        )
        self._lines = writer is not None and not terminal
        self._line_at = 0.0
        self._since = None
        self._ended = 0.0

    def on_train_begin(self, logs=None):
        """Restarts the clock, since the next step is traced first, and the means."""
        self._since = None
        self.model.reset_losses()

    def on_train_batch_begin(self, batch, logs=None):
        """Stops the clock while the other callbacks validate or save."""
        if self._since is not None:
            step, at = self._since
            self._since = (step, at + time.monotonic() - self._ended)

    def on_train_batch_end(self, batch, logs=None):
        """Logs the step if it is due."""
        step = int(self.model.step.numpy())
        now = self._ended = time.monotonic()
        self._bar.update(1)
        if self._since is None:
            self._since = (step, now)
        if step % self._every_steps and step != self._plan.total_steps:
            return
        row = {"step": step, "stage": self._plan.stage(step - 1), **logs}
        row.update({item.name: item.value for item in self._scheduled})
        if step > self._since[0]:
            seconds = (now - self._since[1]) / (step - self._since[0])
            row["images_per_second"] = self._global_batch_size / seconds
        self._since = (step, now)
        self.model.reset_losses()
        self.history.append(row)
        self._show(row, now)

    def close(self) -> None:
        """Leaves the bar as it stands and writes what is still to be written."""
        self._bar.close()
        if self._writer is not None:
            self._writer.flush()

    def _show(self, row, now):
        if self._writer is not None:
            with self._writer.as_default(step=row["step"]):
                for name, value in row.items():
                    if name != "step":
                        tf.summary.scalar(name, value)
        numbers = ", ".join(
            f"{name} {row[name + '_loss']:.3f}"
            for name in ("reconstruction", "adversarial", "discriminator")
            if name + "_loss" in row
        )
        # Unknown after the first step.
        rate = row.get("images_per_second")
        speed = "" if rate is None else f", {rate:.1f} images/s"
        self._bar.set_description(f"stage {row['stage']}")
        self._bar.set_postfix_str(f"{numbers}{speed}")
        last = row["step"] == self._plan.total_steps
        if self._lines and (now - self._line_at > SECONDS_BETWEEN_LINES or last):
            self._line_at = now
            left = self._plan.total_steps - row["step"]
            if rate:
                minutes = math.ceil(left * self._global_batch_size / rate / 60.0)
                speed += f", {minutes} min left"
            logging.info(
                "step %d of %d, stage %d: %s%s",
                row["step"],
                self._plan.total_steps,
                row["stage"],
                numbers,
                speed,
            )

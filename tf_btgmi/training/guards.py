"""Guards of a run: timely checkpoints, signals, losses that are not finite."""

import contextlib
import math
import os
import signal
import time
from typing import Optional

import keras

from tf_btgmi import interrupts
from tf_btgmi.training.checkpoints import Checkpoints
from tf_btgmi.training.strategy import anyone, num_workers

# Steps between checks for a stop signal at another worker.
_STEPS_BETWEEN_CHECKS = 10
# A signal that is repeated within this time counts once.
_SECONDS_OF_ONE_SIGNAL = 1.0


class FiniteGuard(keras.callbacks.Callback):
    """Ends a run whose losses are not finite, before anything is saved.

    Args:
        checkpoints: checkpoints of the run, whose newest the error names.
    """

    def __init__(self, checkpoints: Checkpoints):
        super().__init__()
        self._checkpoints = checkpoints

    def on_train_batch_end(self, batch, logs=None):
        """Raises FloatingPointError unless all losses are finite."""
        for name, value in (logs or {}).items():
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"At step {int(self.model.step.numpy())} the {name} became "
                    f"{value}. Last good checkpoint: "
                    f"{self._checkpoints.newest or 'none'}."
                )


def exit_code(signal_number: Optional[int]) -> int:
    """0 when finished or told to stop by SIGTERM, 130 after Ctrl-C.

    Args:
        signal_number: of the signal that ended the run, or None.
    """
    return 130 if signal_number == signal.SIGINT else 0


class SaveInTime(keras.callbacks.Callback):
    """Saves checkpoints by step, by minutes, and on signals.

    SIGTERM and SIGINT finish the step, save and stop `fit`; `signal_number` is the
    signal, otherwise None. Another signal, a second or more later, ends the process at
    once.

    Args:
        checkpoints: checkpoints of the run.
        every_steps: steps between checkpoints.
        every_minutes: minutes between checkpoints; with several workers, whose clocks
            differ, only steps count.
        strategy: strategy of the run.
    """

    def __init__(self, checkpoints, every_steps, every_minutes, strategy):
        super().__init__()
        self._checkpoints = checkpoints
        self._every_steps = every_steps
        self._every_seconds = 60.0 * every_minutes
        self._strategy = strategy
        self._single = num_workers(strategy) == 1
        self._saved_at = time.monotonic()
        self._saved_step = None
        self._handling = interrupts.handled(self._note, signal.SIGTERM, signal.SIGINT)
        self.signal_number = None
        self._signalled_at = 0.0

    def __enter__(self):
        self._handling.__enter__()
        return self

    def __exit__(self, *error):
        return self._handling.__exit__(*error)

    def on_train_batch_end(self, batch, logs=None):
        """Saves a checkpoint when one is due, and stops the run when asked to."""
        step = int(self.model.step.numpy())
        stop = self._is_stopping(step)
        passed = time.monotonic() - self._saved_at
        late = self._single and self._every_seconds and passed >= self._every_seconds
        if stop or late or step % self._every_steps == 0:
            self.save()
        if stop:
            self.model.stop_training = True

    def save(self) -> None:
        """Saves this step, unless it was the last to be saved."""
        step = int(self.model.step.numpy())
        if step != self._saved_step:
            self._checkpoints.save()
        self._saved_step = step
        self._saved_at = time.monotonic()

    def _is_stopping(self, step):
        stopping = self.signal_number is not None
        if self._single:
            return stopping
        if step % _STEPS_BETWEEN_CHECKS:
            return False
        stopping = anyone(self._strategy, stopping)
        if stopping and self.signal_number is None:
            self.signal_number = signal.SIGTERM
        return stopping

    def _note(self, number, frame):
        now = time.monotonic()
        if self.signal_number is None:
            self.signal_number, self._signalled_at = number, now
            _say(
                "Stopping after this step and saving. Again: stop at once, without "
                "saving."
            )
        # Ctrl-C may arrive from the terminal and from a parent process.
        elif now - self._signalled_at >= _SECONDS_OF_ONE_SIGNAL:
            _say("Stopped without saving.")
            os._exit(128 + number)


def _say(text: str) -> None:
    """Writes a line to standard error, without the buffers that may be in use."""
    with contextlib.suppress(OSError):
        newline = "\n" if os.isatty(2) else ""  # After a progress bar.
        os.write(2, f"{newline}{text}\n".encode())

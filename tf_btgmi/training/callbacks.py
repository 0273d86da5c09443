"""Callbacks that assign scheduled values and update the moving average (Alg. 1).

`build.scheduled_callbacks` has one for adversarial loss annealing (Sec. 3.3), one for
the learning rates and one for the fade-in; `progress` logs their values.
"""

from typing import Callable

import keras


class ScheduledValue(keras.callbacks.Callback):
    """Assigns `schedule(step)` before every step.

    Attributes:
        value: the value assigned last.

    Args:
        name: of the value in logs.
        schedule: a callable of the step.
        assign: a callable of the model and the value.
    """

    def __init__(self, name: str, schedule: Callable, assign: Callable):
        super().__init__()
        self.name = name
        self.schedule = schedule
        self.assign = assign
        self.value = None

    def on_train_batch_begin(self, batch, logs=None):
        """Assigns the value of the step about to be taken."""
        value = float(self.schedule(int(self.model.step.numpy())))
        if value != self.value:
            self.assign(self.model, value)
            self.value = value


class GeneratorAverage(keras.callbacks.Callback):
    """Updates the averaged generator after every step."""

    def on_train_batch_end(self, batch, logs=None):
        """Updates the average."""
        self.model.update_average()

"""Callbacks that assign scheduled values and update the moving average (Alg. 1).

Each evaluates its schedule at the current step and assigns the value; `progress` logs
the values with the losses.
"""

from typing import Callable

import keras


class ScheduledValue(keras.callbacks.Callback):
    """Assigns `schedule(step)` before every step.

    Attributes:
        value: the value assigned last.

    Args:
        schedule: a callable of the step.
    """

    name = "value"

    def __init__(self, schedule: Callable[[int], float]):
        super().__init__()
        self.schedule = schedule
        self.value = None

    def on_train_batch_begin(self, batch, logs=None):
        """Assigns the value of the step about to be taken."""
        value = float(self.schedule(int(self.model.step.numpy())))
        if value != self.value:
            self.assign(value)
            self.value = value

    def assign(self, value: float) -> None:
        """Assigns `value` to its variables; derived classes define it."""
        raise NotImplementedError


class AdversarialLossAnnealing(ScheduledValue):
    """Anneals the weight of the generator's adversarial loss (Sec. 3.3)."""

    name = "adversarial_weight"

    def assign(self, value):
        """Assigns the weight."""
        self.model.adversarial_weight.assign(value)


class FadeIn(ScheduledValue):
    """Fades the newest refinement block in, in the generator and its average."""

    name = "fade_in_alpha"

    def assign(self, value):
        """Assigns the weight of the newest block."""
        for generator in (self.model.generator, self.model.ema_generator):
            generator.fade_in_alpha.assign(value)


class LearningRateAnnealing(ScheduledValue):
    """Sets the learning rate of both optimizers, stage by stage.

    Args:
        schedule: a callable of the step, the generator's learning rate.
        discriminator_factor: the discriminator's over the generator's.
    """

    name = "learning_rate"

    def __init__(self, schedule, discriminator_factor=1.0):
        super().__init__(schedule)
        self.discriminator_factor = discriminator_factor

    def assign(self, value):
        """Assigns both learning rates."""
        self.model.generator_optimizer.learning_rate.assign(value)
        self.model.discriminator_optimizer.learning_rate.assign(
            self.discriminator_factor * value
        )


class GeneratorAverage(keras.callbacks.Callback):
    """Updates the averaged generator after every step."""

    def on_train_batch_end(self, batch, logs=None):
        """Updates the average."""
        self.model.update_average()

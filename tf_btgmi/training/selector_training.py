"""Training of the selector: its losses, its step, and clicks that correct its masks.

As in RITM (Sofiiuk, Petrov and Konushin, 2021), an example returns with the network's
own mask and a click on its largest error. The mask is that of a training step, so no
forward pass goes unused.
"""

import keras
import numpy as np
import tensorflow as tf

from tf_btgmi.data.selection_examples import Example
from tf_btgmi.data.selection_windows import network_input
from tf_btgmi.data.simulated_clicks import next_click
from tf_btgmi.models.selector import Selector
from tf_btgmi.training.averaging import average_decay


class SelectorTraining(keras.Model):
    """The selector, its moving average, its losses and its step.

    Attributes:
        selector: the network that is trained.
        average: exponential moving average of its weights.
        step: variable, steps taken.
        best: variable, the best validation.

    Args:
        selector: built.
        average: a second selector, which gets the same weights.
        ema_decay: decay of the average.
    """

    def __init__(self, selector: Selector, average: Selector, ema_decay: float):
        super().__init__()
        self.selector = selector
        self.average = average
        self.ema_decay = ema_decay
        self.step = tf.Variable(0, trainable=False, dtype=tf.int64)
        self.best = tf.Variable(0.0, trainable=False)
        self._graph = None
        average.set_weights(selector.get_weights())

    @property
    def networks(self) -> dict:
        """The networks, by their names in checkpoints."""
        return {"selector": self.selector, "average": self.average}

    @property
    def other_state(self) -> dict:
        """The optimizer and the best validation, by their names in checkpoints."""
        return {"optimizer": self.optimizer, "best": self.best}

    @tf.function(reduce_retracing=True)
    def trunk_features(self, inputs):
        """The trunk's maps, which an example keeps through its rounds."""
        return self.selector.trunk_features(inputs)

    def train_step(self, data):
        """One step; returns the loss and the logits before it."""
        # One graph for the first steps too, which have fewer examples.
        if self._graph is None:
            specs = tf.nest.map_structure(
                lambda part: tf.TensorSpec([None, *part.shape[1:]], part.dtype), data
            )
            self._graph = self._traced_step.get_concrete_function(specs)
        return self._graph(data)

    @tf.function
    def _traced_step(self, data):
        inputs, truth, features = data
        with tf.GradientTape() as tape:
            logits = self.selector(inputs, training=True, trunk_features=features)
            loss = selection_loss(truth, logits)
        weights = self.selector.trainable_variables
        gradients = tape.gradient(loss, weights)
        gradients, _ = tf.clip_by_global_norm(gradients, 5.0)
        self.optimizer.apply_gradients(zip(gradients, weights))
        self._update_average()
        self.step.assign_add(1)
        return {"loss": loss, "logits": logits}

    def _update_average(self):
        decay = average_decay(self.step, self.ema_decay)
        for mean, value in zip(self.average.weights, self.selector.weights):
            mean.assign(decay * mean + (1.0 - decay) * value)


def selection_loss(truth, logits):
    """Cross entropy plus 1 - soft IoU, averaged over the batch.

    Args:
        truth: float32 [B, H, W, 1], 1 on the object.
        logits: float32 [B, H, W, 1].
    """
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(truth, logits)
    likely = tf.sigmoid(logits)
    both = tf.reduce_sum(truth * likely, axis=[1, 2, 3])
    either = tf.reduce_sum(truth + likely, axis=[1, 2, 3]) - both
    return tf.reduce_mean(entropy) + tf.reduce_mean(1.0 - (both + 1.0) / (either + 1.0))


def inputs_of(examples: list[Example]):
    """The network's input of a batch and its truth, float32."""
    inputs = [network_input(e.image, e.box, e.clicks, e.mask) for e in examples]
    truth = [example.truth[..., None] for example in examples]
    return np.stack(inputs), np.stack(truth).astype(np.float32)


def corrected(
    examples: list[Example], logits: np.ndarray, rng: np.random.Generator
) -> list[Example]:
    """The examples after a round: their new masks, and a click on the largest error.

    Half of the boxes are dropped, since a click often comes without one.
    """
    results = []
    for example, values in zip(examples, logits):
        mask = values[..., 0] > 0
        click = next_click(example.truth, mask, rng)
        clicks = example.clicks
        if click is not None:
            clicks = np.concatenate([clicks, click[None]])
        box = example.box if rng.random() < 0.5 else None
        results.append(example._replace(box=box, clicks=clicks, mask=mask))
    return results

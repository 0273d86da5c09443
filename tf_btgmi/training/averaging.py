"""The exponential moving average of a network's weights."""

import tensorflow as tf


def average_decay(step: tf.Tensor, ema_decay: float) -> tf.Tensor:
    """The decay of the average at a step, a float32 scalar.

    It is (1 + step) / (10 + step) until that reaches `ema_decay`, so that a short run
    is not dominated by its initial weights.

    Args:
        step: steps in which the weights were trained, an integer scalar; below 0 as 0.
        ema_decay: the decay in the long run.
    """
    step = tf.cast(tf.maximum(step, 0), tf.float32)
    return tf.minimum(ema_decay, (1.0 + step) / (10.0 + step))

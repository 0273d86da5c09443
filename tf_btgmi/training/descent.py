"""One step of an optimizer, on any number of replicas and in any precision."""

from typing import Sequence

import tensorflow as tf

from tf_btgmi import keras_compat


def scaled_loss(optimizer, loss: tf.Tensor) -> tf.Tensor:
    """The loss to differentiate.

    Gradients are summed over replicas, so the loss is divided by their number.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    return keras_compat.scale_loss(optimizer, loss * (1.0 / replicas))


def descend(
    optimizer, tape: tf.GradientTape, loss: tf.Tensor, variables: Sequence
) -> None:
    """Takes the optimizer's step on `variables`.

    Args:
        optimizer: a Keras optimizer.
        tape: the tape of the loss.
        loss: the result of `scaled_loss`.
        variables: the trained variables.
    """
    gradients = tape.gradient(loss, variables)
    keras_compat.apply_gradients(optimizer, gradients, variables)

"""Every branch on the version of Keras or TensorFlow, with the release that ends it.

The first stack has TensorFlow 2.15.1 and Keras 2.15, the last release of Keras 2; the
second stack has TensorFlow 2.21 and Keras 3. The branches on `KERAS_2` and
`DECODES_WEBP` go with the first stack.
"""

from typing import Sequence

import keras
import tensorflow as tf

KERAS_2 = keras.__version__.startswith("2.")
# Whether a graph can decode WebP; TensorFlow 2.15.1 cannot.
DECODES_WEBP = hasattr(tf.raw_ops, "DecodeWebP")


def tensorflow_variable(variable) -> tf.Variable:
    """The TensorFlow variable: the variable itself (Keras 2), or the one inside it."""
    return variable if isinstance(variable, tf.Variable) else variable.value


def add_weight_of_each_replica(layer: keras.layers.Layer, name, shape, initializer):
    """A float32 weight that every replica assigns by itself; the first one's is saved.

    Assign the variable that is returned to an attribute of the layer.
    """
    if KERAS_2:
        return layer.add_weight(
            name=name,
            shape=shape,
            initializer=initializer,
            dtype="float32",
            trainable=False,
            experimental_autocast=False,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )
    # `add_weight` of Keras 3 has no `synchronization`; 3.15 still has none.
    return keras.Variable(
        initializer,
        shape=shape,
        dtype="float32",
        trainable=False,
        autocast=False,
        synchronization="on_read",
        aggregation="only_first_replica",
        name=name,
    )


def means_over_workers(strategy: tf.distribute.Strategy) -> bool:
    """Whether `fit` averages a step's results over workers, along a first axis.

    Keras 2 takes the first worker's, as the model's `distribute_reduction_method` asks.
    """
    several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    return several and not KERAS_2


def has_loss_scale(optimizer) -> bool:
    """Whether the optimizer scales its loss, as float16 needs."""
    return isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer)


def scale_loss(optimizer, loss: tf.Tensor) -> tf.Tensor:
    """The loss to differentiate: times the loss scale, where the optimizer has one."""
    if not has_loss_scale(optimizer):
        return loss
    return optimizer.get_scaled_loss(loss) if KERAS_2 else optimizer.scale_loss(loss)


def apply_gradients(
    optimizer, gradients: Sequence[tf.Tensor], variables: Sequence
) -> None:
    """Applies the gradients of a loss that `scale_loss` returned.

    With a loss scale, a gradient that is not finite on one replica skips the step on
    all of them and halves the scale.
    """
    if has_loss_scale(optimizer):
        if KERAS_2:
            gradients = optimizer.get_unscaled_gradients(gradients)
        else:
            gradients = _agreeing_on_finiteness(gradients)
    optimizer.apply_gradients(zip(gradients, variables))


def _agreeing_on_finiteness(gradients: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Makes gradients not finite on all replicas if one is not on any of them.

    Keras 3 checks them before they are summed over replicas, and skips the step by the
    answer of the first replica alone; 3.15 still does.
    """
    # 0 where all are finite, otherwise not a number.
    zero = tf.add_n([tf.reduce_sum(0.0 * gradient) for gradient in gradients])
    context = tf.distribute.get_replica_context()
    zero = context.all_reduce(tf.distribute.ReduceOp.SUM, zero)
    return [gradients[0] + zero, *gradients[1:]]

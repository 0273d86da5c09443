"""Normalization layers; the only module that imports TensorFlow Addons.

`normalization("batch")` is synchronised over replicas, so that a global batch has the
same statistics on any number of them. `normalization("instance")` is the layer of
TensorFlow Addons where that package is installed (Keras 2) and Keras's own group
normalization with one group per channel otherwise; both give the same numbers. All
compute their statistics in float32, whatever the precision of the layers around them.
"""

import warnings

import keras
import tensorflow as tf

# Standard deviation of initial kernels and scales, as in DCGAN, pix2pix and pix2pixHD.
INIT_STDDEV = 0.02
# PyTorch's defaults, which the paper's code trained with: momentum 0.1 there is 0.9
# here.
_MOMENTUM = 0.9
_EPSILON = 1e-5

try:
    with warnings.catch_warnings():
        # Its end-of-life notice concerns developers, not every user at every start.
        warnings.simplefilter("ignore")
        import tensorflow_addons
except ImportError:
    tensorflow_addons = None


def normalization(
    kind: str, affine: bool = True, init_stddev: float = INIT_STDDEV
) -> keras.layers.Layer:
    """A normalization layer over [B, H, W, C].

    Args:
        kind: `batch`, `instance`, or `folded` (what `models.folding` leaves of batch).
        affine: whether a learned scale and offset follow; batch always has them.
        init_stddev: standard deviation of the initial scales of `batch`, whose mean is
            1; those of `instance` are 1.

    Raises:
        ValueError: another `kind`.
    """
    if kind == "batch":
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return BatchNormalization(
            momentum=_MOMENTUM,
            epsilon=_EPSILON,
            gamma_initializer=keras.initializers.RandomNormal(1.0, init_stddev),
            # With one replica there is nothing to sum, and Keras 2 uses its fused
            # kernel.
            synchronized=replicas > 1,
        )
    if kind == "instance":
        options = {"epsilon": _EPSILON, "center": affine, "scale": affine}
        if tensorflow_addons is not None:
            return AddonsInstanceNormalization(**options)
        # Groups of one channel.
        return GroupNormalization(groups=-1, **options)
    if kind == "folded":
        return FoldedNormalization()
    raise ValueError(f"normalization must be batch or instance; it is {kind!r}.")


class _InFloat32:
    """Mixin: computes a layer in float32 and returns the precision of its input.

    The name of a class that takes it starts with a letter: on Keras 3 it becomes the
    name of a scope.
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32", "autocast": False})

    def call(self, inputs):
        return tf.cast(super().call(tf.cast(inputs, tf.float32)), inputs.dtype)


class GroupNormalization(_InFloat32, keras.layers.GroupNormalization):
    """Group normalization with float32 statistics."""


if tensorflow_addons is not None:

    class AddonsInstanceNormalization(
        _InFloat32, tensorflow_addons.layers.InstanceNormalization
    ):
        """Instance normalization of TensorFlow Addons with float32 statistics."""


class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's layer, computed in float32, with the precision of its input.

    The kernel for bfloat16 is many times slower on a CPU than both casts. Over several
    replicas Keras asks for three sums forward and two backward, one after the other;
    here it is one each, since what a step waits for is their number, not their size.
    """

    def __init__(self, **kwargs):
        kwargs["dtype"] = "float32"
        super().__init__(**kwargs, autocast=False)

    def call(self, inputs, training=None):
        """Normalizes [B, H, W, C] in float32, by batch statistics in training."""
        values = tf.cast(inputs, tf.float32)
        # While a model is built in a strategy's scope there is no replica to sum over.
        replica = not tf.distribute.in_cross_replica_context()
        if self.synchronized and training and self.trainable and replica:
            outputs = self._synchronized_call(values)
        else:
            outputs = super().call(values, training=training)
        return tf.cast(outputs, inputs.dtype)

    def _synchronized_call(self, values):
        mean, variance = synchronized_moments(values)
        for average, value in (
            (self.moving_mean, mean),
            (self.moving_variance, variance),
        ):
            average.assign(self.momentum * average + (1 - self.momentum) * value)
        return tf.nn.batch_normalization(
            values, mean, variance, self.beta, self.gamma, self.epsilon
        )


def synchronized_moments(values):
    """Mean and variance of each channel over the batch and all replicas, by one sum.

    Args:
        values: this replica's share, float32 [B, H, W, C]; called in its context.

    Returns:
        Two tensors [C]. The variance divides by the number of values.
    """
    axes = [0, 1, 2]
    count = tf.cast(tf.size(values[..., 0]), values.dtype)
    local = tf.concat(
        [
            tf.reduce_sum(values, axes),
            tf.reduce_sum(tf.square(values), axes),
            count[None],
        ],
        axis=0,
    )
    total = tf.distribute.get_replica_context().all_reduce(
        tf.distribute.ReduceOp.SUM, local
    )
    mean, square = tf.split(total[:-1] / total[-1], 2)
    return mean, tf.maximum(square - tf.square(mean), 0.0)


class FoldedNormalization(keras.layers.Layer):
    """The offset per channel that remains when the kernel has the scale."""

    def build(self, input_shape):
        """Creates one offset per channel."""
        self.offset = self.add_weight(
            name="offset",
            shape=(input_shape[-1],),
            initializer="zeros",
            trainable=False,
        )
        self.built = True

    def call(self, inputs, training=None):
        """Adds the offset to [B, H, W, C]."""
        del training
        return tf.nn.bias_add(inputs, tf.cast(self.offset, inputs.dtype))

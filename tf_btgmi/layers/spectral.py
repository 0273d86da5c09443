"""Spectral normalization of convolutions (Miyato et al. 2018, Alg. 1)."""

import keras
import tensorflow as tf

from tf_btgmi import keras_compat
from tf_btgmi.layers.convolution import convolution

# Added to a norm before dividing by it.
_EPSILON = 1e-12


class SpectralConvolution(keras.layers.Layer):
    """A convolution whose kernel is divided by its largest singular value.

    The kernel is viewed as a matrix [k * k * C, filters]. One power iteration per call
    in training follows its largest singular value; the vector of the iteration is a
    weight and therefore part of checkpoints. The singular vectors are constants to the
    gradient, the singular value is not.

    Keras's `SpectralNormalization` assigns the divided kernel to the trained variable
    and lets no gradient through the singular value.

    Args:
        filters: channels of the output.
        kernel_size: side of the kernel in pixels.
        **options: for `layers.convolution.convolution`.

    Example:
        >>> layer = SpectralConvolution(8, kernel_size=3)
        >>> layer(tf.zeros([1, 16, 16, 4]), training=True).shape
        TensorShape([1, 16, 16, 8])
    """

    def __init__(self, filters, kernel_size, name=None, **options):
        super().__init__(name=name)
        self.inner = convolution(filters, kernel_size, **options)
        self.filters = filters

    def build(self, input_shape):
        """Builds the kernel and the vector of the power iteration."""
        self.inner.build(input_shape)
        # Each replica iterates by itself, with the same result: the kernels are equal.
        initializer = keras.initializers.RandomNormal()
        self.vector = keras_compat.add_weight_of_each_replica(
            self, "singular_vector", (1, self.filters), initializer
        )
        self.built = True

    def call(self, inputs, training=None):
        """Convolves [B, H, W, C] with the normalized kernel."""
        kernel = tf.convert_to_tensor(self.inner.kernel)
        matrix = tf.reshape(tf.cast(kernel, tf.float32), [-1, self.filters])
        vector = tf.cast(tf.convert_to_tensor(self.vector), tf.float32)
        left = _unit(tf.stop_gradient(tf.matmul(vector, matrix, transpose_b=True)))
        product = tf.matmul(left, matrix)
        if training:
            self.vector.assign(_unit(tf.stop_gradient(product)))
        kernel = kernel / tf.cast(tf.norm(product) + _EPSILON, kernel.dtype)
        inner = self.inner
        outputs = tf.nn.conv2d(
            inputs, tf.cast(kernel, inputs.dtype), inner.strides, inner.padding.upper()
        )
        if inner.use_bias:
            outputs = tf.nn.bias_add(outputs, tf.cast(inner.bias, inputs.dtype))
        return outputs

    @property
    def kernel(self):
        """The kernel variable before normalization, [k, k, C, filters]."""
        return self.inner.kernel


def _unit(vector):
    return vector / (tf.norm(vector) + _EPSILON)

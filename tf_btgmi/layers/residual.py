"""Residual blocks: the head's middle (Sec. 3.1) and the blocks faded in (Sec. 3.3).

Feature maps are [B, H, W, C]; a block keeps their shape.
"""

import functools

import keras
import tensorflow as tf

from tf_btgmi.layers.convolution import INIT_STDDEV, convolution
from tf_btgmi.layers.normalization import normalization as make_normalization


class DilatedResidualBlock(keras.layers.Layer):
    """h + F(h); F is conv, norm, ReLU, conv, norm, with no ReLU after the sum.

    Args:
        filters: channels C of the feature map.
        dilation: dilation of the dilated convolutions.
        dilated_convolutions: `first` or `both`.
        normalization: `batch` or `instance`.
        init_stddev: standard deviation of initial kernels and scales.

    Raises:
        ValueError: `dilated_convolutions` is neither.

    Example:
        >>> DilatedResidualBlock(8, dilation=2)(tf.zeros([1, 16, 16, 8])).shape
        TensorShape([1, 16, 16, 8])
    """

    def __init__(
        self,
        filters,
        dilation=2,
        dilated_convolutions="first",
        normalization="batch",
        init_stddev=INIT_STDDEV,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if dilated_convolutions == "first":
            second = 1
        elif dilated_convolutions == "both":
            second = dilation
        else:
            raise ValueError(
                "dilated_convolutions must be first or both; it is "
                f"{dilated_convolutions!r}."
            )
        make = functools.partial(convolution, filters, 3, init_stddev)
        normalize = functools.partial(
            make_normalization, normalization, init_stddev=init_stddev
        )
        self.convolution_1 = make(dilation_rate=dilation)
        self.normalization_1 = normalize()
        self.convolution_2 = make(dilation_rate=second)
        self.normalization_2 = normalize()

    def call(self, inputs, training=None):
        """Returns h + F(h), [B, H, W, C]."""
        return inputs + self.residual(inputs, training)

    def residual(self, inputs: tf.Tensor, training=None) -> tf.Tensor:
        """F(h): [B, H, W, C]."""
        hidden = self.convolution_1(inputs)
        hidden = tf.nn.relu(self.normalization_1(hidden, training=training))
        hidden = self.convolution_2(hidden)
        return self.normalization_2(hidden, training=training)


class RefinementBlock(DilatedResidualBlock):
    """A residual block r that a skip path fades in (Sec. 3.3).

    The paper's (1 - a) h + a r(h), with r(h) = h + F(h), is h + a F(h): exactly h at
    a = 0, exactly r(h) at a = 1.

    Args:
        start: `random`, or `identity`: the last scales are 0 at first, so that F is 0
            and grows as it learns (Goyal et al. 2017, "Accurate, large minibatch SGD").
        *args: of `DilatedResidualBlock`.
        **kwargs: of `DilatedResidualBlock`.

    Raises:
        ValueError: `start` is neither.

    Example:
        >>> block, features = RefinementBlock(8), tf.random.normal([1, 16, 16, 8])
        >>> bool(tf.reduce_all(block(features, fade_in_alpha=0.0) == features))
        True
    """

    def __init__(self, *args, start="random", **kwargs):
        super().__init__(*args, **kwargs)
        if start not in ("random", "identity"):
            raise ValueError(f"start must be random or identity; it is {start!r}.")
        if start == "identity":
            self.normalization_2.gamma_initializer = keras.initializers.Zeros()

    def call(self, inputs, fade_in_alpha=1.0, training=None):
        """Returns h + a F(h), [B, H, W, C]."""
        alpha = tf.cast(fade_in_alpha, inputs.dtype)
        return inputs + alpha * self.residual(inputs, training)

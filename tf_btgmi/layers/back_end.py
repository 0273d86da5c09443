"""The generator's back end: from features to a picture (Sec. 3.1)."""

import keras
import tensorflow as tf

from tf_btgmi.layers.convolution import (
    INIT_STDDEV,
    NormalizedConvolution,
    ReflectedConvolution,
    Resampling,
)

OUTPUT_CHANNELS = 3


class BackEnd(keras.layers.Layer):
    """Repeated doubling of the sides, then a 7x7 convolution and tanh.

    [B, h, w, C] to [B, n h, n w, channels] float32 in [-1, 1], n = 2 to the power of
    the number of doublings.

    Args:
        filters: of each doubling, coarsest first.
        normalization: `batch` or `instance`.
        resampling: `strided` or `interpolated`.
        channels: of the output.
        init_stddev: standard deviation of initial kernels and scales.

    Example:
        >>> back_end = BackEnd(filters=[16, 8])
        >>> back_end(tf.zeros([1, 16, 16, 32])).shape
        TensorShape([1, 64, 64, 3])
    """

    def __init__(
        self,
        filters,
        normalization="batch",
        resampling="strided",
        channels=OUTPUT_CHANNELS,
        init_stddev=INIT_STDDEV,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.upsamplings = [
            NormalizedConvolution(
                Resampling(count, "up", resampling, init_stddev),
                normalization,
                init_stddev=init_stddev,
            )
            for count in filters
        ]
        self.to_image = ReflectedConvolution(
            channels, use_bias=True, init_stddev=init_stddev
        )

    def call(self, inputs, training=None):
        """Features [B, h, w, C] to pictures [B, H, W, channels] in [-1, 1]."""
        hidden = inputs
        for layer in self.upsamplings:
            hidden = layer(hidden, training=training)
        return tf.tanh(tf.cast(self.to_image(hidden), tf.float32))

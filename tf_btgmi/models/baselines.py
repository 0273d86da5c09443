"""Generators of earlier systems (Table 1 of the paper).

Input [B, H, W, 4]: the masked image in [-1, 1] with its hole at 0, then the mask.
Output [B, H, W, 3] in [-1, 1]. They have no refinement blocks, so their `stage` is 0.

Deliberate differences from the papers, so that all systems see the same data: the
Context Encoder gets the mask as a fourth channel (in its paper, the picture alone), and
the hole is mid-grey instead of the mean colour of the training set.
"""

import functools

import keras
import tensorflow as tf

from tf_btgmi.layers.configuration import ConfigFromArguments
from tf_btgmi.layers.convolution import (
    INIT_STDDEV,
    NormalizedConvolution,
    convolution,
    kernel_initializer,
    transposed_convolution,
)
from tf_btgmi.outputs import INPAINTED

INPUT_CHANNELS = 4
OUTPUT_CHANNELS = 3


class BaselineGenerator(keras.Model):
    """Base class with the interface of `Generator`, without refinement blocks.

    Subclasses list their layers in `layers_in_order` and define `call`.

    Attributes:
        output_names: one picture, `inpainted`.
        stage: 0; training sets it, nothing depends on it.

    Args:
        num_downsamplings: halvings of the resolution.
    """

    fade_in_alpha = None
    refinement_blocks = ()
    input_channels = INPUT_CHANNELS

    def __init__(self, num_downsamplings, **kwargs):
        super().__init__(**kwargs)
        self.num_downsamplings = num_downsamplings
        # Keras gives it a value of its own.
        self.output_names = (INPAINTED,)
        self.stage = 0

    @property
    def parts(self) -> dict:
        """The layers that make up the network, by name."""
        return {f"layer_{i}": layer for i, layer in enumerate(self.layers_in_order)}

    @property
    def size_multiple(self) -> int:
        """Divisor of height and width, in pixels."""
        return 2**self.num_downsamplings

    @property
    def active_trainable_variables(self) -> list:
        """All trainable variables."""
        return self.trainable_variables

    @property
    def averaged_variables(self) -> list:
        """Variables that a moving average follows."""
        return self.weights

    @property
    def build_size(self) -> int:
        """Side of a picture that the network can be built with, in pixels."""
        return 4 * self.size_multiple

    def build(self, input_shape=None):
        """Builds the network on a picture of `build_size`."""
        if self.built:
            return
        side = self.build_size
        with tf.init_scope():
            self.call(tf.zeros([1, side, side, INPUT_CHANNELS]), training=False)
        self.built = True

    def _run(self, inputs, training):
        hidden = inputs
        for layer in self.layers_in_order[:-1]:
            hidden = layer(hidden, training=training)
        return tf.cast(self.layers_in_order[-1](hidden), tf.float32)


@keras.saving.register_keras_serializable("tf_btgmi")
class ContextEncoder(ConfigFromArguments, BaselineGenerator):
    """Pathak et al. 2016, "Context Encoders: Feature Learning by Inpainting".

    4x4 convolutions of stride 2 with LeakyReLU 0.2 down, a channel-wise fully-connected
    layer with a 1x1 convolution after it (Sec. 3.1 there), transposed ones with ReLU up
    again; batch normalization everywhere but at both ends. Widths are those of the
    authors' code for 128 pixels: the last four levels double. That code has one
    fully-connected layer of all channels in the middle; the paper and this network do
    not.

    The bottleneck has one size, so pictures of other sides are resized to `image_size`
    and the prediction back.

    Args:
        image_size: side of the pictures in pixels, a multiple of 2**num_downsamplings.
        base_filters: filters of the first convolution.
        num_downsamplings: levels; 5 for 128 pixels in the authors' code.
        normalization: `batch` or `instance`.
        init_stddev: standard deviation of initial kernels and scales.

    Example:
        >>> encoder = ContextEncoder(32, base_filters=8, num_downsamplings=3)
        >>> encoder(tf.zeros([1, 64, 64, 4])).shape
        TensorShape([1, 64, 64, 3])
    """

    def __init__(
        self,
        image_size=128,
        base_filters=64,
        num_downsamplings=5,
        normalization="batch",
        init_stddev=INIT_STDDEV,
        **kwargs,
    ):
        super().__init__(num_downsamplings, **kwargs)
        self.image_size = image_size
        self.base_filters = base_filters
        self.normalization = normalization
        self.init_stddev = init_stddev
        filters = level_filters(base_filters, num_downsamplings)
        convolve = functools.partial(convolution, init_stddev=init_stddev)
        transposed = functools.partial(transposed_convolution, init_stddev=init_stddev)
        normalized = functools.partial(NormalizedConvolution, init_stddev=init_stddev)
        down = [
            normalized(
                convolve(count, 4, strides=2),
                normalization if level else "none",
                leak=0.2,
            )
            for level, count in enumerate(filters)
        ]
        middle = [
            ChannelwiseDense(init_stddev),
            normalized(convolve(filters[-1], 1), normalization),
        ]
        up = [
            normalized(transposed(count, 4), normalization)
            for count in reversed(filters[:-1])
        ]
        to_image = transposed(OUTPUT_CHANNELS, 4, use_bias=True)
        self.layers_in_order = [*down, *middle, *up, to_image]

    @property
    def build_size(self) -> int:
        """Side of the picture that the network is built on, in pixels."""
        return self.image_size

    def call(self, inputs, training=None):
        """[B, H, W, 4] to [B, H, W, 3] in [-1, 1]; another size is resized and back."""
        side = self.image_size
        if tuple(inputs.shape[1:3]) == (side, side):
            return tf.tanh(self._run(inputs, training))
        size = tf.shape(inputs)[1:3]
        inputs = tf.image.resize(inputs, [side, side], "area")
        prediction = tf.tanh(self._run(inputs, training))
        return tf.image.resize(prediction, size, "bilinear")


@keras.saving.register_keras_serializable("tf_btgmi")
class CompletionNetwork(ConfigFromArguments, BaselineGenerator):
    """Iizuka et al. 2017, "Globally and Locally Consistent Image Completion", Table 1.

    A 5x5 convolution, two halvings to 1/4 resolution, dilations 2, 4, 8 and 16 there,
    and two transposed convolutions; batch normalization and ReLU after every layer but
    the last. The paper's sigmoid gives [0, 1]; this is the same in [-1, 1].

    Args:
        base_filters: filters of the first convolution; 64 in the paper.
        num_downsamplings: halvings; 2 in the paper.
        normalization: `batch` or `instance`.
        init_stddev: standard deviation of initial kernels and scales.

    Example:
        >>> network = CompletionNetwork(base_filters=8)
        >>> network(tf.zeros([1, 64, 64, 4])).shape
        TensorShape([1, 64, 64, 3])
    """

    DILATIONS = (2, 4, 8, 16)

    def __init__(
        self,
        base_filters=64,
        num_downsamplings=2,
        normalization="batch",
        init_stddev=INIT_STDDEV,
        **kwargs,
    ):
        super().__init__(num_downsamplings, **kwargs)
        self.base_filters = base_filters
        self.normalization = normalization
        self.init_stddev = init_stddev
        levels = [base_filters * 2**level for level in range(num_downsamplings + 1)]
        convolve = functools.partial(convolution, init_stddev=init_stddev)
        inner = [convolve(base_filters, 5)]
        for count in levels[1:]:
            inner += [convolve(count, 3, strides=2), convolve(count, 3)]
        deepest = levels[-1]
        inner.append(convolve(deepest, 3))
        inner += [convolve(deepest, 3, dilation_rate=d) for d in self.DILATIONS]
        inner += [convolve(deepest, 3), convolve(deepest, 3)]
        for level in reversed(range(num_downsamplings)):
            last = level == 0
            inner += [
                transposed_convolution(levels[level], 4, init_stddev),
                convolve(max(base_filters // 2, 1) if last else levels[level], 3),
            ]
        self.layers_in_order = [
            *(
                NormalizedConvolution(layer, normalization, init_stddev=init_stddev)
                for layer in inner
            ),
            convolve(OUTPUT_CHANNELS, 3, use_bias=True),
        ]

    def call(self, inputs, training=None):
        """[B, H, W, 4] to [B, H, W, 3] in [-1, 1]."""
        # Twice the sigmoid less 1, to more digits near 0.
        return tf.tanh(0.5 * self._run(inputs, training))


class ChannelwiseDense(keras.layers.Layer):
    """A fully-connected layer within each channel of [B, n, n, C].

    n^4 C weights instead of the n^4 C^2 of one over everything (Pathak et al., Sec.
    3.1). ReLU follows.

    Args:
        init_stddev: standard deviation of the initial kernel.
    """

    def __init__(self, init_stddev=INIT_STDDEV, **kwargs):
        super().__init__(**kwargs)
        self.init_stddev = init_stddev

    def build(self, input_shape):
        """Builds one square matrix per channel."""
        _, height, width, channels = input_shape
        self.kernel = self.add_weight(
            name="kernel",
            shape=[channels, height * width, height * width],
            initializer=kernel_initializer(self.init_stddev),
        )
        self.built = True

    def call(self, inputs, training=None):
        """[B, h, w, C] to the same shape."""
        del training
        shape = tf.shape(inputs)
        height, width, channels = inputs.shape[1:]
        places = tf.reshape(inputs, [shape[0], height * width, channels])
        mixed = tf.einsum("bpc,cpq->bqc", places, tf.cast(self.kernel, places.dtype))
        return tf.nn.relu(tf.reshape(mixed, [shape[0], height, width, channels]))


def level_filters(base_filters: int, num_levels: int) -> list:
    """Filters of each level: the last four are 1, 2, 4, 8 times the base's.

    With more than four, the first ones have the base's: 64, 64, 128, 256, 512 for five,
    as in the Context Encoder's code.
    """
    surplus = max(num_levels - 4, 0)
    return [base_filters * 2 ** max(level - surplus, 0) for level in range(num_levels)]

"""Convolutions as the generator uses them (Sec. 3.1): initial weights, edges, scales.

Feature maps are [B, H, W, C].
"""

import keras
import tensorflow as tf

from tf_btgmi.layers.normalization import INIT_STDDEV
from tf_btgmi.layers.normalization import normalization as make_normalization

# Pixels that a 7x7 kernel sees on each side.
_EDGE = 3


def kernel_initializer(
    stddev: float = INIT_STDDEV,
) -> keras.initializers.Initializer:
    """Initial weights of a kernel: N(0, stddev).

    Args:
        stddev: 0 means the deviation of He et al. 2015, the root of 2 / fan-in.
    """
    if stddev == 0:
        return keras.initializers.VarianceScaling(2.0, "fan_in", "untruncated_normal")
    return keras.initializers.RandomNormal(0.0, stddev)


def convolution(
    filters: int, kernel_size: int, init_stddev: float = INIT_STDDEV, **options
) -> keras.layers.Conv2D:
    """A convolution that keeps the size and has no bias, unless `options` say so.

    The normalization that follows would remove a bias.
    """
    options.setdefault("use_bias", False)
    options.setdefault("padding", "same")
    return keras.layers.Conv2D(
        filters,
        kernel_size,
        kernel_initializer=kernel_initializer(init_stddev),
        **options,
    )


def transposed_convolution(
    filters: int, kernel_size: int, init_stddev: float = INIT_STDDEV, **options
) -> keras.layers.Conv2DTranspose:
    """A transposed convolution that doubles the sides, without bias by default."""
    options.setdefault("use_bias", False)
    return keras.layers.Conv2DTranspose(
        filters,
        kernel_size,
        strides=2,
        padding="same",
        kernel_initializer=kernel_initializer(init_stddev),
        **options,
    )


def leaky_relu(inputs: tf.Tensor, leak: float) -> tf.Tensor:
    """`inputs` where positive, `leak` times that elsewhere.

    tf.nn.leaky_relu would do the same, but TensorFlow tries to fuse it into the
    convolution, fails in the presence of gradients and logs that; and the gradient of a
    maximum of both has no fast kernel in bfloat16.
    """
    return leak * inputs + (1.0 - leak) * tf.nn.relu(inputs)


class ReflectedConvolution(keras.layers.Layer):
    """A 7x7 convolution with reflection padding.

    Args:
        filters: channels of the output.
        use_bias: whether a bias is added.
        init_stddev: standard deviation of the initial kernel.

    Example:
        >>> ReflectedConvolution(8)(tf.zeros([1, 32, 32, 4])).shape
        TensorShape([1, 32, 32, 8])
    """

    def __init__(self, filters, use_bias=False, init_stddev=INIT_STDDEV, **kwargs):
        super().__init__(**kwargs)
        self.use_bias = use_bias
        self.inner = convolution(
            filters, 2 * _EDGE + 1, init_stddev, padding="valid", use_bias=use_bias
        )

    def build(self, input_shape):
        """Builds the kernel for the channels of the input."""
        self.inner.build(input_shape)
        self.built = True

    def call(self, inputs):
        """[B, H, W, C] to [B, H, W, filters]."""
        edges = [[0, 0], [_EDGE, _EDGE], [_EDGE, _EDGE], [0, 0]]
        padded = tf.pad(inputs, edges, "REFLECT")
        sides = inputs.shape[1:3]
        if None in sides or sides[0] % 2 or sides[1] % 2:
            return self.inner(padded)
        # The same sums with four pixels' channels side by side: a convolution of very
        # few channels leaves most of a CPU's vector unit idle.
        kernel = _kernel_of_quads(tf.cast(self.inner.kernel, inputs.dtype))
        result = tf.nn.conv2d(tf.nn.space_to_depth(padded, 2), kernel, 1, "VALID")
        if self.use_bias:
            bias = tf.cast(self.inner.bias, inputs.dtype)
            result = tf.nn.bias_add(result, tf.tile(bias, [4]))
        return tf.nn.depth_to_space(result, 2)


class Resampling(keras.layers.Layer):
    """A 3x3 convolution that halves or doubles the sides.

    Args:
        filters: channels of the output.
        direction: `down` or `up`.
        method: `strided` (stride 2, transposed on the way up) or `interpolated`
            (stride 1 then 2x2 max-pool; bilinear x2 then stride 1), Sec. 3.1.
        init_stddev: standard deviation of the initial kernel.

    Raises:
        ValueError: `method` is neither.

    Example:
        >>> Resampling(8, "down")(tf.zeros([1, 32, 32, 4])).shape
        TensorShape([1, 16, 16, 8])
    """

    def __init__(
        self, filters, direction, method="strided", init_stddev=INIT_STDDEV, **kwargs
    ):
        super().__init__(**kwargs)
        self.direction = direction
        self.method = method
        if method == "interpolated":
            self.inner = convolution(filters, 3, init_stddev)
        elif method != "strided":
            raise ValueError(
                f"resampling must be strided or interpolated; it is {method!r}."
            )
        elif direction == "down":
            self.inner = convolution(filters, 3, init_stddev, strides=2)
        else:
            self.inner = transposed_convolution(filters, 3, init_stddev)

    def call(self, inputs):
        """[B, H, W, C] to [B, h, w, filters], half or twice the sides."""
        if self.method == "strided":
            return self.inner(inputs)
        if self.direction == "down":
            return tf.nn.max_pool2d(self.inner(inputs), 2, 2, "VALID")
        size = 2 * tf.shape(inputs)[1:3]
        # Resizing returns float32 for any input type.
        doubled = tf.image.resize(inputs, size, "bilinear")
        return self.inner(tf.cast(doubled, inputs.dtype))


class NormalizedConvolution(keras.layers.Layer):
    """A convolution, its normalization and a ReLU.

    Args:
        inner: the layer that convolves.
        normalization: `batch`, `instance` or `none`.
        leak: slope of the ReLU below 0.
        init_stddev: standard deviation of the initial scales of batch normalization.

    Example:
        >>> layer = NormalizedConvolution(Resampling(8, "up"), "instance")
        >>> layer(tf.zeros([1, 32, 32, 4])).shape
        TensorShape([1, 64, 64, 8])
    """

    def __init__(
        self,
        inner,
        normalization="batch",
        leak=0.0,
        init_stddev=INIT_STDDEV,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.inner = inner
        self.leak = leak
        self.normalize = None
        if normalization != "none":
            self.normalize = make_normalization(normalization, init_stddev=init_stddev)

    def call(self, inputs, training=None):
        """Convolution, normalization and ReLU, in this order."""
        hidden = self.inner(inputs)
        if self.normalize is not None:
            hidden = self.normalize(hidden, training=training)
        if not self.leak:
            return tf.nn.relu(hidden)
        return leaky_relu(hidden, self.leak)


def _kernel_of_quads(kernel):
    """The equivalent kernel on `space_to_depth(x, 2)`, output in the same form.

    Row 2i + a of the result sums rows 2i + a + u of the input by row u of the kernel,
    so the kernel starts a rows later for the cell's row a; columns alike.

    Args:
        kernel: [k, k, C, F], k odd.

    Returns:
        [(k + 1) / 2, (k + 1) / 2, 4 C, 4 F], channels in the order of `space_to_depth`.
    """
    side, _, channels, filters = kernel.shape
    cells = (side + 1) // 2
    moved = [
        tf.reshape(
            tf.pad(kernel, [[row, 1 - row], [column, 1 - column], [0, 0], [0, 0]]),
            [cells, 2, cells, 2, channels, filters],
        )
        for row in (0, 1)
        for column in (0, 1)
    ]
    together = tf.transpose(tf.stack(moved, axis=5), [0, 2, 1, 3, 4, 5, 6])
    return tf.reshape(together, [cells, cells, 4 * channels, 4 * filters])

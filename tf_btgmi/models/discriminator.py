"""The improved multi-scale discriminator (Sec. 3.2): PatchGANs that know the hole.

Input [B, H, W, 6]: the masked image, then the candidate (a real image or a composite),
both in [-1, 1]. Each PatchGAN judges every patch of 70 pixels at its scale;
`patch_masks` finds the patches that meet the hole.

Training needs of any discriminator `input_of`, `features`, `patch_masks`, `parts` and
`uses_batch_statistics`. See `baseline_discriminators.py` for others.
"""

import keras
import tensorflow as tf

from tf_btgmi.layers.configuration import ConfigFromArguments
from tf_btgmi.layers.convolution import INIT_STDDEV, convolution, leaky_relu
from tf_btgmi.layers.normalization import normalization as make_normalization
from tf_btgmi.layers.spectral import SpectralConvolution
from tf_btgmi.ops.mask_ops import patch_mask

INPUT_CHANNELS = 6
KERNEL_SIZE = 4
PADDING = 2
STRIDES = (2, 2, 2, 1, 1)
# (kernel, stride, padding) from the input on: with these a cell i of the output sees
# the rows 8i - 46 .. 8i + 23.
PATCH_WINDOWS = tuple((KERNEL_SIZE, stride, PADDING) for stride in STRIDES)
# (kernel, stride, padding) of the pooling from one scale to the next.
SCALE_WINDOW = (3, 2, 1)
LEAK = 0.2


class PatchDiscriminator(keras.Model):
    """One conditional PatchGAN: [B, H, W, 6] to logits [B, h, w, 1] in float32.

    Args:
        base_filters: filters of the first convolution; doubled three times.
        normalization: `spectral` normalizes every kernel; `batch` and `instance` (no
            affine, as in the authors' code) normalize the three middle layers; `none`.
        init_stddev: standard deviation of initial kernels and scales; 0 as for
            `convolution.kernel_initializer`.

    Raises:
        ValueError: an unknown `normalization`.
    """

    def __init__(
        self,
        base_filters=64,
        normalization="spectral",
        init_stddev=INIT_STDDEV,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.normalization = normalization
        self.convolutions = []
        self.normalizations = []
        make = SpectralConvolution if normalization == "spectral" else convolution
        between = normalization not in ("spectral", "none")
        last = len(STRIDES) - 1
        for position, stride in enumerate(STRIDES):
            normalized = between and 0 < position < last
            self.convolutions.append(
                make(
                    1 if position == last else base_filters * 2**position,
                    KERNEL_SIZE,
                    init_stddev=init_stddev,
                    strides=stride,
                    padding="valid",
                    # Normalization would remove a bias.
                    use_bias=not normalized,
                )
            )
            if normalized:
                self.normalizations.append(
                    make_normalization(
                        normalization, affine=False, init_stddev=init_stddev
                    )
                )

    def call(self, inputs, training=None):
        """The logits, [B, h, w, 1] in float32."""
        return self.features(inputs, training)[-1]

    def features(self, inputs: tf.Tensor, training=None) -> list:
        """The output of each layer, [B, h, w, C]; the logits, in float32, come last.

        Args:
            inputs: [B, H, W, 6].
            training: whether spectral normalization takes its power iteration. Batch
                normalization always uses the statistics of the current batch.
        """
        features = []
        hidden = inputs
        edges = [[0, 0], [PADDING, PADDING], [PADDING, PADDING], [0, 0]]
        options = {"training": training} if self.normalization == "spectral" else {}
        for position, layer in enumerate(self.convolutions):
            hidden = layer(tf.pad(hidden, edges), **options)
            if self.normalizations and 0 < position < len(STRIDES) - 1:
                hidden = self.normalizations[position - 1](hidden, training=True)
            if position < len(STRIDES) - 1:
                hidden = leaky_relu(hidden, LEAK)
                features.append(hidden)
        return [*features, tf.cast(hidden, tf.float32)]


@keras.saving.register_keras_serializable("tf_btgmi")
class MultiScaleDiscriminator(ConfigFromArguments, keras.Model):
    """Identical PatchGANs at scales 1, 1/2, 1/4, ...

    Called with [B, H, W, 6] it returns a list of logits [B, h, w, 1], finest first:
    35, 19 and 11 per side for 256 pixels.

    Args:
        base_filters: filters of each PatchGAN's first convolution.
        num_scales: number of PatchGANs.
        normalization: of each PatchGAN.
        init_stddev: of each PatchGAN.

    Example:
        >>> discriminator = MultiScaleDiscriminator(base_filters=8)
        >>> logits = discriminator(tf.zeros([1, 128, 128, 6]))
        >>> [tuple(scale.shape) for scale in logits]
        [(1, 19, 19, 1), (1, 11, 11, 1), (1, 7, 7, 1)]
    """

    def __init__(
        self,
        base_filters=64,
        num_scales=3,
        normalization="spectral",
        init_stddev=INIT_STDDEV,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.base_filters = base_filters
        self.num_scales = num_scales
        self.normalization = normalization
        self.init_stddev = init_stddev
        self.patch_discriminators = [
            PatchDiscriminator(base_filters, normalization, init_stddev)
            for _ in range(num_scales)
        ]

    @property
    def uses_batch_statistics(self) -> bool:
        """Whether a logit depends on the other examples of its batch."""
        return self.normalization == "batch"

    @property
    def parts(self) -> dict:
        """The layers that make up the network, by name."""
        return {f"scale_{i}": part for i, part in enumerate(self.patch_discriminators)}

    def build(self, input_shape=None):
        """Builds the discriminators of all scales."""
        if self.built:
            return
        with tf.init_scope():
            blank = tf.zeros([1, 64, 64, INPUT_CHANNELS])
            for discriminator in self.patch_discriminators:
                discriminator(blank)
        self.built = True

    def call(self, inputs, training=None):
        """The logits of each scale, [B, h, w, 1] in float32, finest first."""
        return [layers[-1] for layers in self.features(inputs, training=training)]

    def input_of(self, masked_image, mask, candidate) -> tf.Tensor:
        """The network's input, [B, H, W, 6]; the mask is no part of it."""
        del mask
        return tf.concat([masked_image, candidate], axis=-1)

    def features(self, inputs: tf.Tensor, training=None) -> list:
        """The outputs of each scale's layers: a list of lists; the logits come last.

        Args:
            inputs: [B, H, W, 6].
            training: as for `PatchDiscriminator.features`.
        """
        features = []
        for scale, discriminator in enumerate(self.patch_discriminators):
            if scale:
                inputs = _half(inputs)
            features.append(discriminator.features(inputs, training))
        return features

    def patch_masks(self, mask: tf.Tensor) -> list:
        """Which patches meet the hole: a list of [B, h, w, 1], as the logits.

        Args:
            mask: [B, H, W, 1], 1 = hole.
        """
        masks = []
        for scale in range(self.num_scales):
            if scale:
                mask = patch_mask(mask, [SCALE_WINDOW])
            masks.append(patch_mask(mask, PATCH_WINDOWS))
        return masks


def _half(image):
    """Average pool 3, stride 2, padding 1; the padding does not count."""
    kernel, stride, padding = SCALE_WINDOW
    edges = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
    ones = tf.ones_like(image[:1, :, :, :1])
    total = tf.nn.avg_pool2d(tf.pad(image, edges), kernel, stride, "VALID")
    share = tf.nn.avg_pool2d(tf.pad(ones, edges), kernel, stride, "VALID")
    return total / share

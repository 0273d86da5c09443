"""The improved multi-scale discriminator (Sec. 3.2): PatchGANs that know the hole.

Input [B, H, W, 6]: the masked image, then the candidate (a real image or a composite),
both in [-1, 1]. Each PatchGAN judges every patch of 70 pixels on its scale; which of
these patches meet the hole, `patch_masks` says, by the same windows.

Training asks of any discriminator: `features`, `patch_masks`, `parts`, and
`uses_batch_statistics`. See `baseline_discriminators.py` for others.
"""

import keras
import tensorflow as tf

from tf_btgmi.layers.convolution import convolution, leaky_relu
from tf_btgmi.layers.normalization import normalization
from tf_btgmi.ops.mask_ops import patch_mask

INPUT_CHANNELS = 6
KERNEL_SIZE = 4
PADDING = 2
STRIDES = (2, 2, 2, 1, 1)
# (kernel, stride, padding) from the input on: with these a cell i of the output sees
# the rows 8i - 46 .. 8i + 23.
PATCH_WINDOWS = tuple((KERNEL_SIZE, stride, PADDING) for stride in STRIDES)
# What leads from one scale to the next.
SCALE_WINDOW = (3, 2, 1)
LEAK = 0.2


@keras.saving.register_keras_serializable("tf_btgmi")
class PatchDiscriminator(keras.Model):
    """One conditional PatchGAN: [B, H, W, 6] to logits [B, h, w, 1] in float32.

    Args:
        base_filters: filters of the first convolution; doubled three times.
    """

    def __init__(self, base_filters=64, **kwargs):
        super().__init__(**kwargs)
        self.base_filters = base_filters
        self.convolutions = []
        self.normalizations = []
        last = len(STRIDES) - 1
        for position, stride in enumerate(STRIDES):
            middle = 0 < position < last
            self.convolutions.append(
                convolution(
                    1 if position == last else base_filters * 2**position,
                    KERNEL_SIZE,
                    strides=stride,
                    padding="valid",
                    use_bias=not middle,
                )
            )
            if middle:
                self.normalizations.append(normalization("instance", affine=False))

    def call(self, inputs):
        """The logits, [B, h, w, 1] in float32."""
        return self.features(inputs)[-1]

    def features(self, inputs: tf.Tensor) -> list:
        """What each layer gives, [B, h, w, C]; the logits, in float32, come last."""
        features = []
        hidden = inputs
        edges = [[0, 0], [PADDING, PADDING], [PADDING, PADDING], [0, 0]]
        for position, layer in enumerate(self.convolutions):
            hidden = layer(tf.pad(hidden, edges))
            if 0 < position < len(STRIDES) - 1:
                hidden = self.normalizations[position - 1](hidden)
            if position < len(STRIDES) - 1:
                hidden = leaky_relu(hidden, LEAK)
                features.append(hidden)
        return [*features, tf.cast(hidden, tf.float32)]

    def get_config(self):
        return {**super().get_config(), "base_filters": self.base_filters}


@keras.saving.register_keras_serializable("tf_btgmi")
class MultiScaleDiscriminator(keras.Model):
    """Identical PatchGANs at scales 1, 1/2, 1/4, ...

    Called with [B, H, W, 6] it returns a list of logits [B, h, w, 1], finest first:
    35, 19 and 11 a side for 256 pixels.

    Args:
        base_filters: filters of each PatchGAN's first convolution.
        num_scales: number of PatchGANs.
    """

    # Whether a verdict depends on the other examples of its batch.
    uses_batch_statistics = False

    def __init__(self, base_filters=64, num_scales=3, **kwargs):
        super().__init__(**kwargs)
        self.base_filters = base_filters
        self.num_scales = num_scales
        self.patch_discriminators = [
            PatchDiscriminator(base_filters) for _ in range(num_scales)
        ]

    @property
    def parts(self) -> dict:
        """The layers that make up the network, by name."""
        return {f"scale_{i}": part for i, part in enumerate(self.patch_discriminators)}

    def build(self, input_shape=None):
        if self.built:
            return
        with tf.init_scope():
            blank = tf.zeros([1, 64, 64, INPUT_CHANNELS])
            for discriminator in self.patch_discriminators:
                discriminator(blank)
        self.built = True

    def call(self, inputs):
        """The logits of each scale, [B, h, w, 1] in float32, finest first."""
        return [layers[-1] for layers in self.features(inputs)]

    def features(self, inputs: tf.Tensor, mask=None) -> list:
        """What each scale's layers give: a list of lists; logits are each one's last.

        Args:
            inputs: [B, H, W, 6].
            mask: not looked at.
        """
        del mask
        features = []
        for scale, discriminator in enumerate(self.patch_discriminators):
            if scale:
                inputs = _half(inputs)
            features.append(discriminator.features(inputs))
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

    def get_config(self):
        return {
            **super().get_config(),
            "base_filters": self.base_filters,
            "num_scales": self.num_scales,
        }


def _half(image):
    """Average pool 3, stride 2, padding 1; the padding does not count."""
    kernel, stride, padding = SCALE_WINDOW
    edges = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
    ones = tf.ones_like(image[:1, :, :, :1])
    total = tf.nn.avg_pool2d(tf.pad(image, edges), kernel, stride, "VALID")
    share = tf.nn.avg_pool2d(tf.pad(ones, edges), kernel, stride, "VALID")
    return total / share

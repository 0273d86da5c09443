"""Discriminators of earlier systems: one verdict per picture (Table 1 of the paper).

They replace `MultiScaleDiscriminator`. As in their papers they look at the candidate
alone, [B, H, W, 3] in [-1, 1], and give one logit per picture, [B, 1, 1, 1]. Batch
normalization always uses the statistics of the current batch, since discriminators run
in training only; images and composites are therefore passed separately.
"""

import math

import keras
import tensorflow as tf

from tf_btgmi.layers.configuration import ConfigFromArguments
from tf_btgmi.layers.convolution import (
    INIT_STDDEV,
    NormalizedConvolution,
    convolution,
    kernel_initializer,
)
from tf_btgmi.models.baselines import level_filters
from tf_btgmi.ops import image_ops, mask_ops

CANDIDATE_CHANNELS = 3
# Convolutions of stride 2 go on until this many pixels a side are left.
LAST_SIDE = 4
# No layer has more than this times the first one's filters.
MAX_GROWTH = 8
# Side of the picture over that of the local discriminator's square.
LOCAL_SHARE = 2


class WholeImageDiscriminator(keras.Model):
    """Base class of discriminators with one verdict per picture.

    Subclasses define `input_of` and `logits`.

    Args:
        image_size: side in pixels that candidates are resized to.
    """

    input_channels = CANDIDATE_CHANNELS
    # Whether a verdict depends on the other examples of its batch.
    uses_batch_statistics = True

    def __init__(self, image_size, **kwargs):
        super().__init__(**kwargs)
        self.image_size = image_size

    def build(self, input_shape=None):
        """Builds the network for its image size."""
        if self.built:
            return
        side = self.image_size
        with tf.init_scope():
            self.logits(tf.zeros([1, side, side, self.input_channels]))
        self.built = True

    def features(self, inputs: tf.Tensor, training=None) -> list:
        """The logits alone, as a list of one list: one scale, its last layer.

        Args:
            inputs: the result of `input_of`.
            training: not used.
        """
        del training
        return [[self.logits(inputs)]]

    def patch_masks(self, mask: tf.Tensor) -> list:
        """Whether the picture has a hole: a list of one [B, 1, 1, 1], as the logits.

        Args:
            mask: [B, H, W, 1], 1 = hole.
        """
        return [tf.reduce_max(mask, axis=[1, 2], keepdims=True)]


@keras.saving.register_keras_serializable("tf_btgmi")
class GlobalDiscriminator(ConfigFromArguments, WholeImageDiscriminator):
    """The Context Encoder's discriminator (Pathak et al. 2016), after DCGAN.

    4x4 convolutions of stride 2 with LeakyReLU 0.2 down to 4 pixels, batch normalized
    except the first, and a last convolution over the rest.

    The paper's discriminator sees the prediction of the hole and a margin; this one
    sees the composite.

    Args:
        image_size: side in pixels that candidates are resized to.
        base_filters: filters of the first convolution; 64 in the authors' code.
        init_stddev: standard deviation of initial kernels and scales; 0 as for
            `convolution.kernel_initializer`.

    Example:
        >>> discriminator = GlobalDiscriminator(image_size=32, base_filters=8)
        >>> discriminator.logits(tf.zeros([2, 64, 64, 3])).shape
        TensorShape([2, 1, 1, 1])
    """

    def __init__(
        self, image_size=128, base_filters=64, init_stddev=INIT_STDDEV, **kwargs
    ):
        super().__init__(image_size, **kwargs)
        self.base_filters = base_filters
        self.init_stddev = init_stddev
        filters = level_filters(base_filters, num_halvings(image_size))
        self.pyramid = Pyramid(filters, 4, 0.2, plain_levels=1, init_stddev=init_stddev)
        self.verdict = _dense(1, init_stddev)

    @property
    def parts(self) -> dict:
        """The layers that make up the network, by name."""
        return {"pyramid": self.pyramid, "verdict": self.verdict}

    def input_of(self, masked_image, mask, candidate) -> tf.Tensor:
        """The candidate alone, [B, H, W, 3]."""
        del masked_image, mask
        return candidate

    def logits(self, inputs):
        """[B, 1, 1, 1] float32 from [B, H, W, 3]."""
        candidate = _resized(inputs, self.image_size)
        return _logit(self.verdict(self.pyramid(candidate)))


@keras.saving.register_keras_serializable("tf_btgmi")
class GlobalLocalDiscriminator(ConfigFromArguments, WholeImageDiscriminator):
    """The discriminator of Iizuka et al. 2017: global and local, with one verdict.

    Each has 5x5 convolutions of stride 2, batch normalized, with ReLU, down to 4
    pixels, and a fully-connected layer of 1024 units; one more layer sees both. The
    global one looks at the whole candidate, the local one at a square of half its
    side, around the middle of the hole's box and inside the picture. On images the
    local one looks at the same square; in the paper it is a random one.

    Args:
        image_size: side in pixels that candidates are resized to; 256 in the paper.
        base_filters: filters of the first convolutions; 64 in the paper.
        num_features: length of each one's vector; 1024 in the paper.
        init_stddev: standard deviation of initial kernels and scales; 0 as for
            `convolution.kernel_initializer`.

    Example:
        >>> discriminator = GlobalLocalDiscriminator(32, base_filters=8)
        >>> discriminator.logits(tf.zeros([2, 64, 64, 4])).shape
        TensorShape([2, 1, 1, 1])
    """

    input_channels = CANDIDATE_CHANNELS + 1

    def __init__(
        self,
        image_size=256,
        base_filters=64,
        num_features=1024,
        init_stddev=INIT_STDDEV,
        **kwargs,
    ):
        super().__init__(image_size, **kwargs)
        self.base_filters = base_filters
        self.init_stddev = init_stddev
        self.num_features = num_features
        levels = num_halvings(image_size)
        filters = [base_filters * min(2**i, MAX_GROWTH) for i in range(levels)]
        local_filters = filters[: levels - 1] or filters
        self.global_pyramid = Pyramid(filters, 5, init_stddev=init_stddev)
        self.local_pyramid = Pyramid(local_filters, 5, init_stddev=init_stddev)
        self.global_features = _dense(num_features, init_stddev)
        self.local_features = _dense(num_features, init_stddev)
        self.verdict = _dense(1, init_stddev)

    @property
    def parts(self) -> dict:
        """The layers that make up the network, by name."""
        names = ("global_pyramid", "global_features", "local_pyramid", "local_features")
        return {name: getattr(self, name) for name in (*names, "verdict")}

    def input_of(self, masked_image, mask, candidate) -> tf.Tensor:
        """The candidate and the mask, [B, H, W, 4]."""
        del masked_image
        return tf.concat([candidate, mask], axis=-1)

    def logits(self, inputs):
        """[B, 1, 1, 1] float32 from [B, H, W, 4]."""
        candidate, mask = tf.split(inputs, [CANDIDATE_CHANNELS, 1], axis=-1)
        whole = self.global_pyramid(_resized(candidate, self.image_size))
        part = local_patch(candidate, mask, self.image_size // LOCAL_SHARE)
        part = self.local_pyramid(part)
        # ReLU in between, as everywhere in that network; the paper does not say.
        both = [self.global_features(whole), self.local_features(part)]
        return _logit(self.verdict(tf.nn.relu(tf.concat(both, axis=-1))))


class Pyramid(keras.layers.Layer):
    """Convolutions of stride 2, then everything in one vector: [B, H, W, C] to [B, N].

    Args:
        filters: of each convolution.
        kernel_size: of each of them, in pixels.
        leak: slope of their ReLU below 0.
        plain_levels: first convolutions that are not batch normalized.
        init_stddev: standard deviation of initial kernels and scales.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        leak=0.0,
        plain_levels=0,
        init_stddev=INIT_STDDEV,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.levels = [
            NormalizedConvolution(
                convolution(count, kernel_size, init_stddev, strides=2),
                "none" if level < plain_levels else "batch",
                leak,
                init_stddev,
            )
            for level, count in enumerate(filters)
        ]

    def call(self, inputs):
        """[B, H, W, 3] to features."""
        hidden = inputs
        for level in self.levels:
            hidden = level(hidden, training=True)
        _, height, width, channels = hidden.shape
        return tf.reshape(hidden, [-1, height * width * channels])


def _dense(units, init_stddev):
    initializer = kernel_initializer(init_stddev)
    return keras.layers.Dense(units, kernel_initializer=initializer)


def num_halvings(image_size: int) -> int:
    """Convolutions of stride 2 from `image_size` down to 4 pixels; at least one."""
    return max(int(math.log2(image_size / LAST_SIDE)), 1)


def local_patch(candidate: tf.Tensor, mask: tf.Tensor, side: int) -> tf.Tensor:
    """The square of half the picture's side around the middle of the hole's box.

    Shifted into the picture if necessary; without a hole, the top left square.

    Args:
        candidate: [B, H, H, C].
        mask: [B, H, H, 1], 1 = hole.
        side: side of the resized square in pixels.

    Returns:
        [B, side, side, C] float32.
    """
    size = tf.shape(candidate)[1]
    half = size // LOCAL_SHARE
    box = mask_ops.hole_box(mask)
    middle = tf.cast((box[:, :2] + box[:, 2:]) / 2.0, tf.int32)
    start = tf.clip_by_value(middle - half // 2, 0, size - half)
    box = tf.concat([start, start + half], axis=-1)
    return image_ops.resize_boxes(candidate, box[:, tf.newaxis], side)[:, 0]


def _resized(candidate, side):
    if tuple(candidate.shape[1:3]) == (side, side):
        return candidate
    return tf.image.resize(tf.cast(candidate, tf.float32), [side, side], "bilinear")


def _logit(verdict):
    return tf.cast(verdict, tf.float32)[:, tf.newaxis, tf.newaxis, :]

"""Reconstruction losses other than PPL: ablations of Sec. 3.2 and earlier systems.

Images are [B, H, W, 3] in [-1, 1]; a loss is a scalar, the mean over the batch.
"""

import tensorflow as tf

# The Context Encoder's band: 7 of 128 pixels, weighed 10 times as much as the hole.
OVERLAP_SHARE = 7.0 / 128.0
OVERLAP_WEIGHT = 10.0
# Smallest share of the picture that a hole's error is divided by.
SMALLEST_HOLE = 0.01


def l1_loss(image: tf.Tensor, prediction: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference over all pixels and channels."""
    return tf.reduce_mean(tf.abs(tf.cast(prediction, image.dtype) - image))


def hole_l1_loss(image: tf.Tensor, composite: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference over each example's hole, then over the batch.

    A small hole counts as much as a large one, as in the foreground-normalized error
    of Sofiiuk et al. 2021. One below 1 % of the picture counts less, by its size; an
    example without any counts as 0.

    Args:
        image: [B, H, W, 3].
        composite: [B, H, W, 3].
        mask: [B, H, W, 1], 1 = hole.
    """
    hole = tf.cast(mask, image.dtype)
    difference = tf.reduce_mean(tf.abs(tf.cast(composite, image.dtype) - image), -1)
    share = tf.reduce_mean(hole, axis=[1, 2, 3])
    total = tf.reduce_mean(difference * hole[..., 0], axis=[1, 2])
    return tf.reduce_mean(total / tf.maximum(share, SMALLEST_HOLE))


def l2_loss(image: tf.Tensor, prediction: tf.Tensor) -> tf.Tensor:
    """Mean squared difference over all pixels and channels."""
    return tf.reduce_mean(tf.square(tf.cast(prediction, image.dtype) - image))


def overlap_l2_loss(
    image: tf.Tensor, prediction: tf.Tensor, mask: tf.Tensor
) -> tf.Tensor:
    """Squared difference in the hole and, ten times as heavy, in a band around it.

    Of Pathak et al. 2016, Sec. 4: the raw prediction has to agree with what is known
    along the hole's edge. An example's loss is the mean over its own hole and band,
    which are what that network predicts, so that the mean over replicas equals the
    loss of the whole batch.

    Args:
        image: [B, H, W, 3].
        prediction: [B, H, W, 3], raw, not composited.
        mask: [B, H, W, 1], 1 = hole; H known when the graph is built.
    """
    hole = tf.cast(mask, image.dtype)
    band = max(round(image.shape[1] * OVERLAP_SHARE), 1)
    grown = tf.nn.max_pool2d(hole, 2 * band + 1, 1, "SAME")
    weight = hole + OVERLAP_WEIGHT * (grown - hole)
    difference = tf.cast(prediction, image.dtype) - image
    error = weight * tf.reduce_mean(tf.square(difference), axis=-1, keepdims=True)
    total, area = (tf.reduce_sum(x, axis=[1, 2, 3]) for x in (error, grown))
    return tf.reduce_mean(tf.math.divide_no_nan(total, area))


def feature_matching_loss(
    real_features: list[list[tf.Tensor]], fake_features: list[list[tf.Tensor]]
) -> tf.Tensor:
    """Mean absolute difference of the discriminator's features, summed over layers.

    pix2pixHD's (Wang et al. 2018, eq. 4), beside the adversarial term. The last entry
    of a scale, its logits, is left out, as in that paper's code. Its gradient reaches
    the composite only: features of the image are targets.

    Args:
        real_features: of images, scales of layers of [B, h, w, C].
        fake_features: of the composites of the same images.
    """
    total = 0.0
    for real_layers, fake_layers in zip(real_features, fake_features):
        for real, fake in zip(real_layers[:-1], fake_layers[:-1]):
            real = tf.stop_gradient(tf.cast(real, tf.float32))
            difference = tf.abs(tf.cast(fake, tf.float32) - real)
            total += tf.reduce_mean(difference)
    return total

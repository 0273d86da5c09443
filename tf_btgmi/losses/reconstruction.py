"""Reconstruction losses other than PPL: the ablations of Sec. 3.2.

Images are [B, H, W, 3] in [-1, 1]; a loss is a scalar, the mean over the batch.
"""

import tensorflow as tf


def l1_loss(image: tf.Tensor, prediction: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference over all pixels and channels."""
    return tf.reduce_mean(tf.abs(tf.cast(prediction, image.dtype) - image))


def l2_loss(image: tf.Tensor, prediction: tf.Tensor) -> tf.Tensor:
    """Mean squared difference over all pixels and channels."""
    return tf.reduce_mean(tf.square(tf.cast(prediction, image.dtype) - image))

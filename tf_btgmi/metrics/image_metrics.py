"""Metrics of results against the truth, one value per example (never minimised).

Images are [B, H, W, 3] in [-1, 1], masks [B, H, W, 1] with 1 = hole. Values are not
rounded here; callers that measure files round to grey levels.
"""

import tensorflow as tf

# Mean squared error, as a share of the squared range, that PSNR's cap of 100 dB stands
# for; identical pictures get the cap instead of infinity.
_SMALLEST_ERROR = 1e-10


def hole_l1(image: tf.Tensor, result: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Mean absolute error over the hole, as a share of the range: [B] in [0, 1]."""
    return _hole_mean(tf.abs(result - image) / 2.0, mask)


def hole_psnr(image: tf.Tensor, result: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Peak signal-to-noise ratio over the hole: [B], in dB, at most 100."""
    error = _hole_mean(tf.square((result - image) / 2.0), mask)
    error = tf.maximum(error, _SMALLEST_ERROR)
    return -10.0 * tf.math.log(error) / tf.math.log(10.0)


def foreground_mse(
    image: tf.Tensor, result: tf.Tensor, foreground: tf.Tensor
) -> tf.Tensor:
    """fMSE: mean squared error over the foreground, in squared grey levels: [B].

    Grey levels are 0 to 255, as in the publications on harmonization.
    """
    return _hole_mean(tf.square((result - image) * 127.5), foreground)


def _hole_mean(value, mask):
    mask = tf.cast(mask, value.dtype)
    channels = tf.cast(tf.shape(value)[-1], value.dtype)
    total = tf.reduce_sum(value * mask, axis=[1, 2, 3])
    return tf.math.divide_no_nan(total, tf.reduce_sum(mask, [1, 2, 3]) * channels)

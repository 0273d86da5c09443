"""Colour changes of a part of a picture: statistics transfer and harder ones.

Pictures are [B, H, W, 3] in [-1, 1] (sRGB), masks [B, H, W, 1] with 1 = the part to
change, parameters [B], one per picture. Results are clipped to [-1, 1] and cover the
whole picture; `mask_ops.composite` restricts them to the part.
"""

from typing import Optional

import numpy as np
import tensorflow as tf

# sRGB (IEC 61966-2-1) to CIE XYZ, D65; rows divided by the white point below.
_RGB_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_TO_RELATIVE_XYZ = _RGB_TO_XYZ / _RGB_TO_XYZ.sum(1, keepdims=True)
# CIE 1976: where the cube root turns into a straight line.
_DELTA = 6.0 / 29.0
# L = 116 f(Y) - 16, a = 500 (f(X) - f(Y)), b = 200 (f(Y) - f(Z)).
_TO_LAB = np.array([[0.0, 116.0, 0.0], [500.0, -500.0, 0.0], [0.0, 200.0, -200.0]])
_LAB_OFFSET = np.array([-16.0, 0.0, 0.0])
# NTSC luma and two axes of colour in which a hue is an angle.
_TO_YIQ = np.array(
    [[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]]
)
# Below this deviation, in units of Lab, a channel counts as flat.
_FLAT = 1e-3
# Maximum factor of a standard deviation.
_MAX_SCALE = 4.0


def rgb_to_lab(image: tf.Tensor) -> tf.Tensor:
    """CIE L*a*b* (D65) of [..., 3] in [-1, 1]: L in [0, 100], a and b about +-100."""
    value = _unit(image)
    linear = tf.where(
        value > 0.04045,
        tf.pow((tf.maximum(value, 0.04045) + 0.055) / 1.055, 2.4),
        value / 12.92,
    )
    xyz = _linear_map(linear, _TO_RELATIVE_XYZ)
    root = tf.where(
        xyz > _DELTA**3,
        tf.pow(tf.maximum(xyz, _DELTA**3), 1.0 / 3.0),
        xyz / (3.0 * _DELTA**2) + 4.0 / 29.0,
    )
    return _linear_map(root, _TO_LAB) + tf.constant(_LAB_OFFSET, tf.float32)


def lab_to_rgb(lab: tf.Tensor) -> tf.Tensor:
    """The inverse of `rgb_to_lab`; colours that sRGB lacks are clipped to [-1, 1]."""
    shifted = lab - tf.constant(_LAB_OFFSET, tf.float32)
    root = _linear_map(shifted, np.linalg.inv(_TO_LAB))
    xyz = tf.where(
        root > _DELTA, root * root * root, 3.0 * _DELTA**2 * (root - 4.0 / 29.0)
    )
    linear = _linear_map(xyz, np.linalg.inv(_TO_RELATIVE_XYZ))
    linear = tf.clip_by_value(linear, 0.0, 1.0)
    value = tf.where(
        linear > 0.0031308,
        1.055 * tf.pow(tf.maximum(linear, 0.0031308), 1.0 / 2.4) - 0.055,
        12.92 * linear,
    )
    return _picture(value)


def statistics(
    values: tf.Tensor, mask: Optional[tf.Tensor] = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and standard deviation of each channel over the mask, or over everything.

    Args:
        values: [B, H, W, C].
        mask: [B, H, W, 1] or None.

    Returns:
        Two tensors [B, 1, 1, C]; zeros where the mask is empty.
    """
    mask = tf.ones_like(values[..., :1]) if mask is None else mask
    count = tf.reduce_sum(mask, axis=[1, 2], keepdims=True)

    def mean(quantity):
        total = tf.reduce_sum(quantity * mask, axis=[1, 2], keepdims=True)
        return tf.math.divide_no_nan(total, count)

    centre = mean(values)
    return centre, tf.sqrt(mean(tf.square(values - centre)))


def transfer_statistics(
    image: tf.Tensor,
    mask: tf.Tensor,
    target: tf.Tensor,
    strength: tf.Tensor,
    shift: tf.Tensor,
    spread: tf.Tensor,
) -> tf.Tensor:
    """Gives the masked part the colour statistics of another picture.

    Reinhard et al. 2001, "Color Transfer between Images": in each channel of a
    decorrelated space, here CIE Lab, the distance from the source's mean is scaled by
    the target's standard deviation over the source's and moved to the target's mean.
    Where the statistics are equal nothing changes. The scale is at most 4; a flat
    channel is only shifted.

    Args:
        image: the source.
        mask: the part of it whose statistics are used.
        target: picture of any size with the target statistics.
        strength: [B], share of the change in [0, 1].
        shift: [B, 3], then added to the mean, in Lab.
        spread: [B, 3], then factors of the distance from the mean.
    """
    lab = rgb_to_lab(image)
    mean, deviation = statistics(lab, mask)
    target_mean, target_deviation = statistics(rgb_to_lab(target))
    flat = deviation < _FLAT
    scale = target_deviation / tf.where(flat, tf.ones_like(deviation), deviation)
    scale = tf.where(flat, tf.ones_like(scale), tf.minimum(scale, _MAX_SCALE))
    changed = (lab - mean) * scale + target_mean
    changed = lab + _each(strength) * (changed - lab)
    mean_changed = mean + _each(strength) * (target_mean - mean)
    shift, spread = (v[:, tf.newaxis, tf.newaxis] for v in (shift, spread))
    changed = (changed - mean_changed) * spread + mean_changed + shift
    return lab_to_rgb(changed)


def adjust_gamma(image: tf.Tensor, gamma: tf.Tensor) -> tf.Tensor:
    """Values of [0, 1] to the power of gamma: above 1 darkens, below 1 brightens."""
    # The power of 0 has no gradient, and no log where it is made of one.
    return _picture(tf.pow(tf.maximum(_unit(image), 1e-6), _each(gamma)))


def adjust_contrast(image: tf.Tensor, mask: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Scales the distance from the mean that each channel has over the mask."""
    mean, _ = statistics(image, mask)
    return tf.clip_by_value((image - mean) * _each(factor) + mean, -1.0, 1.0)


def adjust_hue(image: tf.Tensor, turns: tf.Tensor, saturation: tf.Tensor) -> tf.Tensor:
    """Rotates the hue and scales the saturation, keeping the luma: a map in YIQ.

    Args:
        image: the pictures.
        turns: shares of a full turn, positive or negative.
        saturation: factors of the distance from grey, at least 0.
    """
    yiq = _linear_map(image, _TO_YIQ)
    luma, i, q = tf.split(yiq, 3, axis=-1)
    angle = 2.0 * np.pi * _each(turns)
    cosine, sine = tf.cos(angle) * _each(saturation), tf.sin(angle) * _each(saturation)
    turned = tf.concat([luma, cosine * i - sine * q, sine * i + cosine * q], axis=-1)
    rgb = _linear_map(turned, np.linalg.inv(_TO_YIQ))
    return tf.clip_by_value(rgb, -1.0, 1.0)


def light_gradient(
    image: tf.Tensor, strength: tf.Tensor, direction: tf.Tensor
) -> tf.Tensor:
    """Light that falls off across the picture: values of [0, 1] times a plane.

    The plane is 1 in the middle, 1 + strength where the picture's circumscribed circle
    ends in that direction and 1 - strength opposite.

    Args:
        image: the pictures.
        strength: shares, at least 0.
        direction: radians from the x axis, that is along the columns, towards y.
    """
    height, width = tf.shape(image)[1], tf.shape(image)[2]
    y = tf.cast(tf.range(height), tf.float32) - tf.cast(height - 1, tf.float32) / 2.0
    x = tf.cast(tf.range(width), tf.float32) - tf.cast(width - 1, tf.float32) / 2.0
    radius = tf.sqrt(tf.square(y[0]) + tf.square(x[0]))
    along = tf.cos(_each(direction)) * x[tf.newaxis, tf.newaxis, :, tf.newaxis]
    down = tf.sin(_each(direction)) * y[tf.newaxis, :, tf.newaxis, tf.newaxis]
    place = tf.math.divide_no_nan(along + down, radius)
    return _picture(_unit(image) * (1.0 + _each(strength) * place))


def _unit(image):
    return (tf.cast(image, tf.float32) + 1.0) / 2.0


def _picture(value):
    return tf.clip_by_value(2.0 * value - 1.0, -1.0, 1.0)


def _linear_map(values, matrix):
    return tf.tensordot(values, tf.constant(matrix.T, tf.float32), 1)


def _each(parameter):
    return tf.reshape(tf.cast(parameter, tf.float32), [-1, 1, 1, 1])

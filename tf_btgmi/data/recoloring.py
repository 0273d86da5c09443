"""Mismatched colours for a foreground: statistics transfer and harder changes.

Pixels are [N, 3] float32 in [0, 1] (sRGB), and so are results, which are clipped.
Imports no TensorFlow, so that trainings in other frameworks see the same colours.
"""

from typing import Sequence

import cv2
import numpy as np

from tf_btgmi.data.guided import Changes
from tf_btgmi.pictures.levels import rounded

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
_LAB_OFFSET = np.array([-16.0, 0.0, 0.0], np.float32)
# NTSC luma and two axes of colour in which a hue is an angle.
_TO_YIQ = np.array(
    [[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]]
)
# Below this deviation, in units of Lab, a channel counts as flat.
_FLAT = 1e-3
# Maximum factor of a standard deviation.
_MAX_SCALE = 4.0


def recolored(
    image: np.ndarray, foreground: np.ndarray, second: np.ndarray, changes: Changes
) -> np.ndarray:
    """The image with other colours in its foreground, [S, S, 3] uint8.

    Args:
        image: [S, S, 3] uint8.
        foreground: [S, S] uint8 in {0, 1}.
        second: [h, w, 3] uint8, source of the colour statistics.
        changes: made in the order of the functions below.
    """
    where = foreground > 0
    if not where.any():
        return image
    pixels, target = (
        levels.astype(np.float32) / 255.0
        for levels in (image[where], second.reshape(-1, 3))
    )
    shift = (changes.lightness, changes.green_red, changes.blue_yellow)
    spread = (
        changes.lightness_spread,
        changes.green_red_spread,
        changes.blue_yellow_spread,
    )
    pixels = transfer_statistics(pixels, target, changes.strength, shift, spread)
    pixels = adjust_gamma(pixels, changes.gamma)
    pixels = adjust_contrast(pixels, changes.contrast)
    pixels = adjust_hue(pixels, changes.turns, changes.saturation)
    light = light_gradient(where.shape, changes.gradient, changes.direction)
    result = image.copy()
    result[where] = rounded(255.0 * pixels * light[where][:, np.newaxis])
    return result


def rgb_to_lab(pixels: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65), [N, 3]: L in [0, 100], a and b about +-100.

    OpenCV's is an approximation, whose errors in dark colours a gamma multiplies.
    """
    linear = np.where(
        pixels > 0.04045, ((pixels + 0.055) / 1.055) ** 2.4, pixels / 12.92
    )
    xyz = _linear_map(linear, _TO_RELATIVE_XYZ)
    root = np.where(xyz > _DELTA**3, np.cbrt(xyz), xyz / (3.0 * _DELTA**2) + 4.0 / 29.0)
    return _linear_map(root, _TO_LAB) + _LAB_OFFSET


def lab_to_rgb(lab: np.ndarray) -> np.ndarray:
    """The inverse of `rgb_to_lab`; colours that sRGB lacks are clipped to [0, 1]."""
    root = _linear_map(lab - _LAB_OFFSET, np.linalg.inv(_TO_LAB))
    xyz = np.where(root > _DELTA, root**3, 3.0 * _DELTA**2 * (root - 4.0 / 29.0))
    linear = _linear_map(xyz, np.linalg.inv(_TO_RELATIVE_XYZ)).clip(0.0, 1.0)
    return np.where(
        linear > 0.0031308, 1.055 * linear ** (1.0 / 2.4) - 0.055, 12.92 * linear
    )


def transfer_statistics(
    pixels: np.ndarray,
    target: np.ndarray,
    strength: float,
    shift: Sequence[float],
    spread: Sequence[float],
) -> np.ndarray:
    """Gives pixels the colour statistics of others.

    Reinhard et al. 2001, "Color Transfer between Images": in each channel of a
    decorrelated space, here CIE Lab, the distance from the source's mean is scaled by
    the target's standard deviation over the source's and moved to the target's mean.
    Where the statistics are equal nothing changes. The scale is at most 4; a flat
    channel is only shifted.

    Args:
        pixels: the source.
        target: [M, 3], pixels with the target statistics.
        strength: share of the change in [0, 1].
        shift: [3], then added to the mean, in Lab.
        spread: [3], then factors of the distance from the mean.
    """
    lab = rgb_to_lab(pixels)
    mean, deviation = _statistics(lab)
    target_mean, target_deviation = _statistics(rgb_to_lab(target))
    flat = deviation < _FLAT
    scale = target_deviation / np.where(flat, 1.0, deviation)
    scale = np.where(flat, 1.0, np.minimum(scale, _MAX_SCALE))
    scale = (1.0 + strength * (scale - 1.0)) * spread
    moved = mean + strength * (target_mean - mean) + shift
    return lab_to_rgb((lab - mean) * np.float32(scale) + np.float32(moved))


def adjust_gamma(pixels: np.ndarray, gamma: float) -> np.ndarray:
    """Values to the power of gamma: above 1 darkens, below 1 brightens."""
    return pixels ** np.float32(gamma)


def adjust_contrast(pixels: np.ndarray, factor: float) -> np.ndarray:
    """Scales the distance from the mean of each channel."""
    mean, _ = _statistics(pixels)
    return ((pixels - mean) * np.float32(factor) + mean).clip(0.0, 1.0)


def adjust_hue(pixels: np.ndarray, turns: float, saturation: float) -> np.ndarray:
    """Rotates the hue and scales the saturation, keeping the luma: a map in YIQ.

    Args:
        pixels: the source.
        turns: shares of a full turn, positive or negative.
        saturation: factor of the distance from grey, at least 0.
    """
    angle = 2.0 * np.pi * turns
    cosine, sine = saturation * np.cos(angle), saturation * np.sin(angle)
    turn = np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])
    matrix = np.linalg.inv(_TO_YIQ) @ turn @ _TO_YIQ
    return _linear_map(pixels, matrix).clip(0.0, 1.0)


def light_gradient(
    shape: tuple[int, int], strength: float, direction: float
) -> np.ndarray:
    """Light that falls off across a picture: factors of its values, [H, W] float32.

    They are 1 in the middle, 1 + strength where the picture's circumscribed circle ends
    in that direction and 1 - strength opposite.

    Args:
        shape: height and width.
        strength: share, at least 0.
        direction: radians from the x axis, that is along the columns, towards y.
    """
    y, x = (np.arange(length) - (length - 1) / 2.0 for length in shape)
    place = np.add.outer(np.sin(direction) * y, np.cos(direction) * x)
    return np.float32(1.0 + strength * place / np.hypot(y[0], x[0]))


def _statistics(pixels):
    mean, deviation = cv2.meanStdDev(pixels[np.newaxis])
    return np.float32(mean[:, 0]), np.float32(deviation[:, 0])


def _linear_map(pixels, matrix):
    # Not a matrix product, for which each process would start threads.
    return cv2.transform(pixels[np.newaxis].astype(np.float32), matrix)[0]

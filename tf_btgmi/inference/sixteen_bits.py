"""Fills with 16 bits from a network that predicts 8.

The picture is rounded to 8 bits and filled; then the steps between the levels of the
fill are smoothed as far as it still rounds to the same levels, with the known 16-bit
pixels around it. The 8 bits are spread over the range of values that the picture uses.
"""

from typing import Callable

import cv2
import numpy as np

from tf_btgmi.inference.boxes import grown, slices
from tf_btgmi.pictures.mask_arrays import bounding_box

_LEVEL = 257.0
# Levels are spread only if a picture uses less than this share of the range.
_NARROW = 0.5
_MAX_SMOOTHING = 512


def fill(
    image: np.ndarray,
    hole: np.ndarray,
    fill_eight_bits: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    """Fills a hole in 16 bits.

    Args:
        image: uint16 [H, W, 3].
        hole: bool [H, W].
        fill_eight_bits: fills the hole of a uint8 picture.

    Returns:
        uint16 [H, W, 3], equal to `image` outside the hole.
    """
    low, level = _range(image, hole)
    levels = rounded(image, low, level)
    composite = fill_eight_bits(levels, hole)
    inner = bounding_box(hole)
    size = max(inner[2] - inner[0], inner[3] - inner[1])
    area = slices(grown(inner, size, *hole.shape))
    known = (image[area].astype(np.float32) - np.float32(low)) / np.float32(level)
    smooth = smoothed(composite[area], known, hole[area], size)
    result = image.copy()
    values = (smooth.astype(np.float64) * level + low).round().clip(0, 65535)
    np.copyto(result[area], values.astype(np.uint16), where=hole[area][..., None])
    return result


def smoothed(levels, known, hole, size: int) -> np.ndarray:
    """Smooths the steps between the levels in a hole, by less than half a level.

    Args:
        levels: uint8 [H, W, 3], filled.
        known: float32 [H, W, 3], the exact values outside the hole, in levels.
        hole: bool [H, W].
        size: length of the hole in pixels, the maximum width of smoothing.

    Returns:
        float32 [H, W, 3], equal to `known` outside the hole.
    """
    hole = hole[..., None]
    low, high = levels - np.float32(0.5), levels + np.float32(0.5)
    values = np.where(hole, levels, known).astype(np.float32)
    width = min(size, _MAX_SMOOTHING)
    while width >= 2:
        side = (width // 2 * 2 + 1,) * 2
        # Two box filters, whose cost does not depend on their size.
        mean = cv2.blur(cv2.blur(values, side), side)
        values = np.where(hole, np.clip(mean, low, high), known)
        width //= 2
    return values


def rounded(image: np.ndarray, low: float, level: float) -> np.ndarray:
    """Rounds uint16 pixels to uint8 levels of the width `level`, starting at `low`."""
    return cv2.convertScaleAbs(
        np.maximum(image, np.uint16(low)), alpha=1 / level, beta=-low / level
    )


def _range(image: np.ndarray, hole: np.ndarray):
    """Value of level 0, and width of a level."""
    known = image[~hole]
    if not known.size:
        return 0.0, _LEVEL
    low, high = int(known.min()), int(known.max())
    if high - low >= _NARROW * 65535:
        return 0.0, _LEVEL
    # At least 1, for a picture of one value.
    return float(low), max(high - low, 1) / 255.0

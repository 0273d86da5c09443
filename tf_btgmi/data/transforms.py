"""Crop, resize, flip and colour jitter of a picture, stateless by seed.

Pictures are [height, width, 3] uint8 RGB arrays of any size; results are square. Crops
are fractions of the picture's size, so that a seed selects the same part at any
resolution.
"""

from typing import Callable, Sequence, Union

import cv2
import numpy as np

from tf_btgmi.pictures.levels import LUMA, rounded

Seed = Union[int, Sequence[int]]


def training_crop(
    image: np.ndarray,
    size: int,
    seed: Seed,
    min_crop: float = 1.0,
    flip: bool = False,
    color_jitter: float = 0.0,
) -> np.ndarray:
    """A random square of `image`, resized, and optionally mirrored and recoloured.

    Args:
        image: [height, width, 3] uint8.
        size: side of the result in pixels.
        seed: an int or a sequence of ints, none negative.
        min_crop: the square's side is uniform in [min_crop, 1] times the shorter side.
        flip: whether half of the results are mirrored left to right.
        color_jitter: maximum relative change of brightness, contrast and saturation.

    Returns:
        [size, size, 3] uint8.
    """
    # The same draws for all options, so that options do not affect each other.
    scale, top, left, mirror, *changes = np.random.default_rng(seed).random(7)
    height, width = image.shape[:2]
    share = min_crop + (1.0 - min_crop) * scale
    side = max(1, int(round(share * min(height, width))))
    y = int(top * (height - side + 1))
    x = int(left * (width - side + 1))
    crop = resize(image[y : y + side, x : x + side], size)
    if flip and mirror < 0.5:
        crop = crop[:, ::-1]
    if color_jitter:
        crop = jitter_color(crop, *(1 + color_jitter * (2 * np.array(changes) - 1)))
    return np.ascontiguousarray(crop)


def centre_crop(image: np.ndarray, size: int) -> np.ndarray:
    """The largest square in the middle of `image`, resized: [size, size, 3] uint8."""
    return np.ascontiguousarray(resize(centre_square(image), size))


def centre_square(image: np.ndarray) -> np.ndarray:
    """The largest square in the middle of `image`, a view."""
    side = min(image.shape[:2])
    top, left = ((length - side) // 2 for length in image.shape[:2])
    return image[top : top + side, left : left + side]


def resize(image: np.ndarray, size: int) -> np.ndarray:
    """Resizes a square: by area (antialiased) when shrinking, else bicubic.

    Args:
        image: [side, side, 3] uint8.
        size: the new side in pixels.
    """
    side = image.shape[0]
    if side == size:
        return image
    method = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(image), (size, size), interpolation=method)


def resized_mask(mask: np.ndarray, size: int) -> np.ndarray:
    """Resizes a square mask like `resize`; set where at least one half is.

    Args:
        mask: [side, side] bool.
        size: the new side in pixels.
    """
    method = cv2.INTER_AREA if mask.shape[0] > size else cv2.INTER_LINEAR
    share = cv2.resize(mask.astype(np.float32), (size, size), interpolation=method)
    return share >= 0.5


def reduced(
    image: np.ndarray, max_side: int, side: Callable[..., int] = max
) -> np.ndarray:
    """Reduces a picture by area until a side of it is at most `max_side` pixels.

    Args:
        image: [height, width, ...].
        max_side: in pixels.
        side: `max` for the longer side, `min` for the shorter.
    """
    scale = max_side / side(image.shape[:2])
    if scale >= 1.0:
        return image
    height, width = (max(1, round(length * scale)) for length in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def jitter_color(
    image: np.ndarray, brightness: float, contrast: float, saturation: float
) -> np.ndarray:
    """Changes brightness, contrast and saturation.

    Args:
        image: [height, width, 3] uint8.
        brightness: factor; 1 for no change.
        contrast: factor.
        saturation: factor.

    Returns:
        [height, width, 3] uint8, rounded and clipped.
    """
    values = image.astype(np.float32) * np.float32(brightness)
    # out = contrast * (saturation * (v - grey) + grey - mean) + mean. Saturation keeps
    # the mean grey.
    grey = values @ np.float32(LUMA)
    mean = np.float32(grey.mean())
    values *= np.float32(contrast * saturation)
    grey *= np.float32(contrast * (1.0 - saturation))
    grey += mean * np.float32(1.0 - contrast)
    values += grey[..., None]
    return rounded(values)

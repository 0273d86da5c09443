"""Masks of objects: regions of index maps, and masks at the size of a picture.

Imports no TensorFlow.
"""

from typing import NamedTuple, Optional

import cv2
import numpy as np

# Minimum area of a region that is drawn, as a fraction of the picture.
MIN_SEGMENT = 0.01


class ObjectPicture(NamedTuple):
    """A picture and one of its objects.

    Attributes:
        image: [height, width, 3] uint8.
        mask: [height, width] bool, True = object.
    """

    image: np.ndarray
    mask: np.ndarray


def partner(key: int, count: int, rng: np.random.Generator) -> int:
    """Draws another of `count` pictures than `key`, if there is another."""
    return (key + 1 + int(rng.integers(max(1, count - 1)))) % count


def random_segment(
    segments: np.ndarray, rng: np.random.Generator, ignored: Optional[int] = None
) -> np.ndarray:
    """Draws a region of at least `MIN_SEGMENT` from an index map: [h, w] bool.

    Args:
        segments: [h, w] integers, the index of the region of each pixel.
        rng: random generator.
        ignored: index that is not a region.

    Raises:
        ValueError: not an index map.
    """
    if segments.ndim != 2 or not np.issubdtype(segments.dtype, np.integer):
        raise ValueError(
            "a segment map has one channel of integers; this one is "
            f"{segments.dtype} {segments.shape}"
        )
    indices, counts = np.unique(segments, return_counts=True)
    if ignored is not None:
        indices, counts = indices[indices != ignored], counts[indices != ignored]
        if not indices.size:
            return np.zeros(segments.shape, bool)
    large = indices[counts >= MIN_SEGMENT * segments.size]
    # The largest one if all are small.
    large = large if large.size else indices[[counts.argmax()]]
    return segments == large[rng.integers(large.size)]


def fit_mask(mask: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Resizes a mask to `image`, which may have been decoded at reduced size.

    Raises:
        ValueError: their proportions differ.
    """
    height, width = image.shape[:2]
    proportions = width / height / (mask.shape[1] / mask.shape[0])
    if abs(proportions - 1.0) > 0.02 + 1.0 / min(height, width):
        raise ValueError(
            f"the mask is {mask.shape[1]}x{mask.shape[0]}, and the picture has other "
            "proportions"
        )
    if mask.shape == (height, width):
        return mask
    resized = cv2.resize(
        mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
    )
    return resized.astype(bool)

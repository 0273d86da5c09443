"""Objects of pictures as masks: regions of index maps, masks at a picture's size.

Nothing here imports TensorFlow.
"""

from typing import NamedTuple, Optional

import cv2
import numpy as np

# The smallest share of a picture that a region of a segment map takes to be drawn.
MIN_SEGMENT = 0.01


class ObjectPicture(NamedTuple):
    """A picture and one object of it.

    Attributes:
        image: [height, width, 3] uint8.
        mask: [height, width] bool, True = object.
    """

    image: np.ndarray
    mask: np.ndarray


def partner(key: int, count: int, rng: np.random.Generator) -> int:
    """Another picture of `count` than `key`, unless there is no other."""
    return (key + 1 + int(rng.integers(max(1, count - 1)))) % count


def random_segment(
    segments: np.ndarray, rng: np.random.Generator, ignored: Optional[int] = None
) -> np.ndarray:
    """One region of an index map, of at least `MIN_SEGMENT`: [h, w] bool.

    Args:
        segments: [h, w] integers, one for each region.
        rng: draws the region.
        ignored: the index of what is no region; not drawn.

    Raises:
        ValueError: it is no index map.
    """
    if segments.ndim != 2 or not np.issubdtype(segments.dtype, np.integer):
        raise ValueError(
            "a segment map has one whole number a pixel, in one channel; this one is "
            f"{segments.dtype} {segments.shape}"
        )
    indices, counts = np.unique(segments, return_counts=True)
    if ignored is not None:
        indices, counts = indices[indices != ignored], counts[indices != ignored]
        if not indices.size:
            return np.zeros(segments.shape, bool)
    large = indices[counts >= MIN_SEGMENT * segments.size]
    # With nothing but small regions, the largest one.
    large = large if large.size else indices[[counts.argmax()]]
    return segments == large[rng.integers(large.size)]


def fit_mask(mask: np.ndarray, image: np.ndarray) -> np.ndarray:
    """The mask at the size of `image`, which may have been decoded smaller.

    Raises:
        ValueError: their proportions differ.
    """
    height, width = image.shape[:2]
    wanted, given = width / height, mask.shape[1] / mask.shape[0]
    if abs(wanted / given - 1.0) > 0.02 + 1.0 / min(height, width):
        raise ValueError(
            f"the mask is {mask.shape[1]}x{mask.shape[0]}, the picture of other "
            "proportions"
        )
    if mask.shape == (height, width):
        return mask
    resized = cv2.resize(
        mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
    )
    return resized.astype(bool)

"""Regions of natural pictures as objects: neighbours that differ by nature.

An object cut from a photograph differs from its surroundings by nature as well as by
light. Regions of any photograph show how much, and need no labels. They come from the
graph-based segmentation of Felzenszwalb and Huttenlocher 2004. Nothing here imports
TensorFlow.
"""

import cv2
import numpy as np

from tf_btgmi.data.transforms import reduced

# Pictures are segmented at this shorter side: 9 ms each on one core.
_SIDE = 96
# Of the segmentation: a larger scale makes larger regions; smoothing, in pixels.
_SCALE, _SIGMA = 500.0, 0.8
_MIN_SHARE = 0.02


def index_map(image: np.ndarray) -> np.ndarray:
    """The regions of a picture, each of at least 2 % of it.

    Args:
        image: [H, W, 3] uint8.

    Returns:
        [h, w] uint8, the index of each pixel's region; the shorter side has at most 96
        pixels.
    """
    # Imported on demand: it takes a second.
    from skimage.segmentation import felzenszwalb

    small = reduced(image, _SIDE, min)
    least = max(1, round(_MIN_SHARE * small.shape[0] * small.shape[1]))
    labels = felzenszwalb(small, _SCALE, _SIGMA, least)
    return labels.astype(np.uint8)


def random_region(
    labels: np.ndarray, image: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """One region at the picture's size, its edge smoothed: [H, W] bool.

    The probability of a region grows with the square root of its area.

    Args:
        labels: from `index_map`.
        image: [H, W, 3], the picture.
        rng: draws the region.
    """
    height, width = image.shape[:2]
    shares = np.sqrt(np.bincount(labels.ravel()))
    region = rng.choice(shares.size, p=shares / shares.sum())
    levels = (labels == region).astype(np.uint8) * 255
    levels = cv2.medianBlur(levels, 5)
    levels = cv2.resize(levels, (width, height), interpolation=cv2.INTER_LINEAR)
    return levels >= 128

"""Simulated boxes and clicks of a user, from the true mask of an object.

Clicks follow RITM (Sofiiuk, Petrov and Konushin, 2021): each is in the largest
connected error of the current mask, far from the edge of that error.
"""

from typing import Optional

import cv2
import numpy as np

from tf_btgmi.pictures.mask_arrays import bounding_box

# Moves of a box's edges outwards, as shares of its height or width: drawn closely, and
# loosely.
CLOSE_BOX, LOOSE_BOX = (-0.1, 0.1), (-0.05, 0.35)


def drawn_box(
    truth: np.ndarray, moves: tuple[float, float], rng: np.random.Generator
) -> np.ndarray:
    """The object's box with every edge moved at random.

    Args:
        truth: bool [H, W], not empty.
        moves: range of an edge's move outwards, as a share of the box's height or
            width; negative values move it inwards.
        rng: random generator.

    Returns:
        (y0, x0, y1, x1), float, inside the picture.
    """
    y0, x0, y1, x1 = bounding_box(truth)
    sides = np.tile([y1 - y0, x1 - x0], 2)
    top, left, bottom, right = rng.uniform(*moves, 4) * sides
    height, width = truth.shape
    box = np.array([y0 - top, x0 - left, y1 + bottom, x1 + right], np.float64)
    return box.clip(0, [height, width, height, width])


def next_click(
    truth: np.ndarray,
    mask: np.ndarray,
    rng: Optional[np.random.Generator] = None,
) -> Optional[np.ndarray]:
    """The click that corrects the largest error of a mask.

    Args:
        truth: bool [H, W].
        mask: bool [H, W], the current selection.
        rng: draws a place in the inner half of the error. Default: its innermost pixel.

    Returns:
        (y, x, is_object), float, or None if the mask has no error.
    """
    best, largest = None, 0
    for is_object, wrong in ((1, truth & ~mask), (0, mask & ~truth)):
        region = _largest_region(wrong)
        if region is None:
            continue
        # The edge of the picture is an edge of the region.
        distance = cv2.distanceTransform(
            cv2.copyMakeBorder(region, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0),
            cv2.DIST_L2,
            3,
        )[1:-1, 1:-1]
        size = int(region.sum())
        if size > largest:
            best, largest = (is_object, distance), size
    if best is None:
        return None
    is_object, distance = best
    least = distance.max() * (0.5 if rng is not None else 1.0)
    places = np.argwhere(distance >= least)
    place = places[rng.integers(len(places)) if rng is not None else 0]
    return np.array([*place, is_object], np.float64)


def _largest_region(wrong: np.ndarray) -> Optional[np.ndarray]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        wrong.astype(np.uint8), connectivity=8
    )
    if count == 1:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return (labels == largest).astype(np.uint8)


def damaged_mask(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A partly wrong selection: dilated or eroded, with ellipses cut out or added.

    Args:
        truth: bool [H, W].
        rng: random generator.
    """
    mask = truth.astype(np.uint8)
    height, width = truth.shape
    reach = 1 + int(rng.integers(1 + max(height, width) // 24))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    change = rng.integers(3)
    if change:
        mask = (cv2.dilate if change == 1 else cv2.erode)(mask, kernel)
    for _ in range(rng.integers(1, 4)):
        centre = rng.integers((0, 0), (width, height))
        axes = rng.integers(4, max(5, max(height, width) // 4), 2)
        angle, value = rng.uniform(0, 180), int(rng.integers(2))
        ellipse = tuple(map(int, centre)), tuple(map(int, axes)), angle
        cv2.ellipse(mask, *ellipse, 0, 360, value, -1)
    return mask > 0

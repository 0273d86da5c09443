"""Hole pixels of mask arrays, their boxes and their dilation."""

from typing import Optional

import cv2
import numpy as np


def bounding_box(mask: np.ndarray) -> Optional[tuple[int, int, int, int]]:
    """The bounding box (y0, x0, y1, x1) of the hole; None without a hole.

    Args:
        mask: [H, W], bool, or uint8 with the hole at >= 128.
    """
    limit = 1 if mask.dtype == bool else 128
    mask = mask.view(np.uint8)
    rows = np.flatnonzero(mask.max(axis=1) >= limit)
    if not rows.size:
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(mask[top:bottom].max(axis=0) >= limit)
    return top, int(columns[0]), bottom, int(columns[-1]) + 1


def is_hole(mask: np.ndarray) -> np.ndarray:
    """A bool or uint8 mask as bool."""
    return mask if mask.dtype == bool else mask >= 128


def disc(radius: float) -> np.ndarray:
    """A disc as OpenCV's structuring element; the radius, in pixels, is rounded."""
    side = 2 * int(round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def hole_boxes(mask: np.ndarray, max_holes: int) -> np.ndarray:
    """Bounding boxes of the holes of a mask, largest hole first.

    Holes are connected components (8 neighbours). Of more than `max_holes`, the
    smallest share the last box.

    Args:
        mask: [H, W], hole where above 0.5.
        max_holes: number of boxes, K.

    Returns:
        [K, 4] float32; rows without a hole are zeros.
    """
    hole = np.ascontiguousarray(mask > 0.5, np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(hole, connectivity=8)
    stats = stats[1:]
    stats = stats[np.argsort(-stats[:, cv2.CC_STAT_AREA], kind="stable")]
    x0, y0 = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    x1, y1 = x0 + stats[:, cv2.CC_STAT_WIDTH], y0 + stats[:, cv2.CC_STAT_HEIGHT]
    components = np.stack([y0, x0, y1, x1], axis=-1)
    boxes = np.zeros([max_holes, 4], np.float32)
    boxes[: len(components)] = components[:max_holes]
    if len(components) > max_holes:
        rest = components[max_holes - 1 :]
        boxes[-1] = np.concatenate([rest[:, :2].min(0), rest[:, 2:].max(0)])
    return boxes


def halved_mask(mask: np.ndarray) -> np.ndarray:
    """A mask at half of its size: a pixel is set if any of the four below it is.

    Args:
        mask: [H, W], bool or uint8; an odd side counts as one pixel longer.
    """
    rows, columns = mask.shape
    if rows % 2 or columns % 2:
        mask = np.pad(mask, ((0, rows % 2), (0, columns % 2)))
    mask = mask[::2] | mask[1::2]
    return mask[:, ::2] | mask[:, 1::2]

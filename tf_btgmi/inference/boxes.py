"""Boxes in pixels, (y0, x0, y1, x1), end-exclusive: parts of a picture."""

import cv2
import numpy as np

Box = tuple[int, int, int, int]


def slices(box: Box) -> tuple[slice, slice]:
    """A box as an index into an array [H, W, ...]."""
    return slice(box[0], box[2]), slice(box[1], box[3])


def clipped(box: Box, height: int, width: int) -> Box:
    """The part of a box inside a picture of this size."""
    return intersection(box, (0, 0, height, width))


def intersection(box: Box, other: Box) -> Box:
    """The intersection of two boxes; without one, an end lies before its start."""
    y0, x0, y1, x1 = other
    return max(box[0], y0), max(box[1], x0), min(box[2], y1), min(box[3], x1)


def grown(box: Box, pixels: int, height: int, width: int) -> Box:
    """A box grown on all sides, clipped to a picture of this size."""
    y0, x0, y1, x1 = box
    return clipped((y0 - pixels, x0 - pixels, y1 + pixels, x1 + pixels), height, width)


def moved(box: Box, y: int, x: int) -> Box:
    """A box moved down by y and to the right by x pixels."""
    return box[0] + y, box[1] + x, box[2] + y, box[3] + x


def mirrored(inner: np.ndarray, box: Box, y: int, x: int, side: int) -> np.ndarray:
    """Extends `inner`, cut out at `box`, to the square at (y, x) by mirroring."""
    top, left = box[0] - y, box[1] - x
    bottom, right = y + side - box[2], x + side - box[3]
    if not (top or bottom or left or right):
        return inner
    return cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_REFLECT_101)

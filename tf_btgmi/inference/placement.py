"""Places an object of one picture in another.

The object is mirrored, then scaled, then rotated; the box of the result is centred on
the position, to the nearest pixel, and clipped to the picture. The object's colours are
extended into its background before resampling, so that its edge takes on no colours of
its old surroundings; the mask becomes soft instead. An object that is neither scaled
nor rotated is copied pixel by pixel.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np

from tf_btgmi.inference.boxes import Box, clipped, moved, slices
from tf_btgmi.pictures.extended_colors import extended_colors
from tf_btgmi.pictures.mask_arrays import bounding_box, is_hole


class Placed(NamedTuple):
    """An object in its new place.

    Attributes:
        box: (y0, x0, y1, x1) in the picture, end-exclusive.
        colors: uint8 [h, w, 3]; beyond the object, the colour of its nearest pixel.
        alpha: alpha matte, float32 [h, w] in [0, 1].
    """

    box: Box
    colors: np.ndarray
    alpha: np.ndarray

    @property
    def foreground(self) -> np.ndarray:
        """[h, w] bool: pixels that are at least half object."""
        return self.alpha >= 0.5


class Pose(NamedTuple):
    """Position and transformation of an object.

    Attributes:
        position: (y, x) of the centre of its box, in pixels of the picture.
        scale: factor of its size, above 0.
        rotate: degrees counter-clockwise.
        flip: whether it is first mirrored left to right.
    """

    position: tuple[float, float]
    scale: float = 1.0
    rotate: float = 0.0
    flip: bool = False

    def check(self) -> None:
        """Raises `ValueError` unless it is a position and finite numbers."""
        try:
            numbers = (*self.position, self.scale, self.rotate)
            valid = len(numbers) == 4 and all(map(math.isfinite, numbers))
        except (TypeError, OverflowError):
            valid = False
        if not valid:
            raise ValueError(
                "position must be (y, x), and position, scale and rotate finite "
                f"numbers; they are {self.position}, {self.scale} and {self.rotate}."
            )
        if self.scale <= 0:
            raise ValueError(f"scale must be above 0; it is {self.scale}.")


def place(
    size: tuple[int, int], guide: np.ndarray, mask: np.ndarray, pose: Pose
) -> Placed:
    """Transforms an object and clips it to a picture.

    Args:
        size: (height, width) of the picture.
        guide: uint8 [h, w, 3], the picture that shows the object.
        mask: [h, w], bool, or uint8 with the object at >= 128.
        pose: position and transformation.

    Raises:
        ValueError: an empty mask, an invalid pose, or no part of the object inside the
            picture.
    """
    pose.check()
    inner = bounding_box(mask)
    if inner is None:
        raise ValueError(
            "The guide's mask is empty: no pixel of it is object (white, at least 128)."
        )
    colors = guide[slices(inner)]
    object_mask = is_hole(mask[slices(inner)])
    if pose.flip:
        colors, object_mask = colors[:, ::-1], object_mask[:, ::-1]
    turn = _turn(pose)
    low, high = _extent(object_mask, turn)
    top, left = (
        int(math.floor(centre - length / 2 + 0.5))
        for centre, length in zip(pose.position, high - low)
    )
    if (high - low).max() < 0.5:
        raise ValueError(
            f"The object would be smaller than a pixel: scale is {pose.scale:g}."
        )
    rows, columns = (max(1, int(n)) for n in np.ceil(high - low - 1e-6))
    whole = (top, left, top + rows, left + columns)
    box = clipped(whole, *size)
    if box[0] >= box[2] or box[1] >= box[3]:
        raise _nothing_left(whole, size)
    if _is_copy(pose):
        part = slices(moved(box, -top, -left))
        placed = Placed(box, colors[part].copy(), object_mask[part].astype(np.float32))
    else:
        # Offset from pixels of the object to pixels of the box.
        shift = np.array([top, left]) - low - box[:2]
        placed = Placed(box, *_resampled(colors, object_mask, turn, shift, box))
    if not placed.foreground.any():
        raise _nothing_left(whole, size)
    return placed


def _is_copy(pose: Pose) -> bool:
    return pose.scale == 1.0 and pose.rotate % 360.0 == 0.0


def _turn(pose: Pose) -> np.ndarray:
    """The 2x2 matrix of scale and rotation, for (y, x)."""
    angle = math.radians(pose.rotate)
    sine, cosine = math.sin(angle), math.cos(angle)
    # Rows go down: counter-clockwise, a vector to the right turns upwards.
    return pose.scale * np.array([[cosine, -sine], [sine, cosine]])


def _extent(object_mask: np.ndarray, turn: np.ndarray):
    """Minimum and maximum (y, x) of the corners of the rotated object's pixels."""
    contours, _ = cv2.findContours(
        object_mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    pixels = np.concatenate(contours)[:, 0, ::-1]
    corners = pixels[:, None] + np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    turned = corners.reshape(-1, 2) @ turn.T
    return turned.min(axis=0), turned.max(axis=0)


def _resampled(colors, object_mask, turn, shift, box: Box):
    colors = extended_colors(colors, object_mask)
    alpha = object_mask.astype(np.float32)
    scale = math.sqrt(abs(np.linalg.det(turn)))
    if scale < 1.0:
        # Reduced by area first: fine detail would alias.
        rows, columns = (max(1, round(n * scale)) for n in alpha.shape)
        factors = np.array([rows, columns]) / alpha.shape
        size = (columns, rows)
        colors = cv2.resize(colors, size, interpolation=cv2.INTER_AREA)
        alpha = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
        turn = turn / factors
    # OpenCV takes (x, y), and has the centre of the first pixel at 0, not 1/2.
    offset = shift + turn @ [0.5, 0.5] - 0.5
    matrix = np.column_stack([turn[::-1, ::-1], offset[::-1]])
    size = (box[3] - box[1], box[2] - box[0])
    colors = cv2.warpAffine(
        np.ascontiguousarray(colors),
        matrix,
        size,
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    alpha = cv2.warpAffine(np.ascontiguousarray(alpha), matrix, size)
    return colors, np.clip(alpha, 0.0, 1.0)


def _nothing_left(whole: Box, size) -> ValueError:
    y0, x0, y1, x1 = whole
    return ValueError(
        f"The object is outside the picture: it covers rows {y0:.6g} to {y1:.6g} and "
        f"columns {x0:.6g} to {x1:.6g}, and the picture is {size[1]}x{size[0]} pixels."
    )

"""The holes of a mask: their boxes, components and unfilled pixels."""

from typing import Optional

import cv2
import numpy as np

from tf_btgmi.inference.boxes import (
    Box,
    clipped,
    grown,
    intersection,
    mirrored,
    moved,
    slices,
)
from tf_btgmi.inference.interpolation import interpolate, interpolated_part
from tf_btgmi.pictures.mask_arrays import bounding_box, is_hole

# Maximum side of the map on which connected components are found, in cells.
_MAP_SIDE = 2048
# Known pixels around a hole that its interpolation depends on.
_INTERPOLATION_MARGIN = 12


class Holes:
    """The hole pixels of a mask that are still to be filled.

    Args:
        mask: [H, W], bool, or uint8 with the hole at >= 128.
        dilation: pixels by which the hole is dilated.

    Attributes:
        height: of the mask.
        width: of the mask.
        boxes: the box of each component, (y0, x0, y1, x1), end-exclusive.

    Raises:
        ValueError: no hole, or nothing but hole.
    """

    def __init__(self, mask: np.ndarray, dilation: int = 0):
        self.height, self.width = mask.shape
        box = bounding_box(mask)
        if box is None:
            raise ValueError(
                "The mask is empty: the hole is where it is 128 or more, and its "
                f"maximum is {int(np.max(mask, initial=0))}."
            )
        self._box = grown(box, dilation, self.height, self.width)
        self._hole = is_hole(mask[slices(self._box)]).astype(np.uint8)
        if dilation:
            self._hole = _dilate(self._hole, dilation)
        if self._hole.size == mask.size and self._hole.all():
            raise ValueError(
                "The mask covers the whole picture: no known pixel is left to fill it "
                "from."
            )
        self._find_components()

    def window(self, y: int, x: int, side: int) -> np.ndarray:
        """Unfilled pixels of a window, uint8 [side, side], mirrored outside."""
        box = clipped((y, x, y + side, x + side), self.height, self.width)
        inner = self._cut(box)
        return mirrored(inner, box, y, x, side)

    def pixels(self, hole: int, box: Box) -> np.ndarray:
        """Unfilled pixels of one hole in `box`, bool."""
        unfilled = self._cut(box).astype(bool)
        cells = self._owner[self._cell_slices(box)] == hole
        if self._unit > 1:
            cells = cells.repeat(self._unit, axis=0).repeat(self._unit, axis=1)
            top = (box[0] - self._box[0]) % self._unit
            left = (box[1] - self._box[1]) % self._unit
            cells = cells[top:, left:][: unfilled.shape[0], : unfilled.shape[1]]
        return unfilled & cells

    def fill(self, hole: int, box: Box) -> np.ndarray:
        """Like `pixels`, and marks them as filled."""
        filled = self.pixels(hole, box)
        self._hole[slices(self._relative(box))][filled] = 0
        return filled

    def interpolate(self, image: np.ndarray) -> None:
        """Fills lattice-like parts of `image` [H, W, 3] and marks them as filled.

        See `interpolation.py`.
        """
        part = interpolated_part(self._hole.astype(bool))
        inner = bounding_box(part)
        if inner is None:
            return
        box = moved(inner, *self._box[:2])
        around = grown(box, _INTERPOLATION_MARGIN, self.height, self.width)
        known = self._cut(around) == 0
        chosen = np.zeros_like(known)
        y, x = box[0] - around[0], box[1] - around[1]
        chosen[y : y + box[2] - box[0], x : x + box[3] - box[1]] = part[slices(inner)]
        area = slices(around)
        image[area] = interpolate(image[area], chosen, known)
        self._hole[part] = 0
        self._find_components()

    def any(self, box: Box) -> bool:
        """Whether `box` has an unfilled pixel."""
        return bool(self._hole[slices(self._relative(box))].any())

    def share(self, holes: list[int]) -> int:
        """Merges several holes into one; returns its number."""
        if len(holes) > 1:
            lookup = np.arange(len(self.boxes) + 1)
            lookup[holes] = holes[0]
            for hole in holes:
                cells = self._owner[self._cell_slices(self.boxes[hole - 1])]
                cells[...] = lookup[cells]
        return holes[0]

    def thickness(self, hole: int) -> float:
        """Twice the largest distance from a pixel of the hole to a known pixel.

        The error is up to one cell of the map.
        """
        thickness = 2.0 * float(self._depth(hole).max())
        # A line of one pixel along a border of cells touches two of them.
        return thickness * self._unit - (self._unit - 1)

    def split_thin(self, hole: int, limit: float) -> None:
        """Splits off parts thinner than `limit` and at least as long.

        The thick rest keeps its number.
        """
        radius = limit / 2 / self._unit
        depth = self._depth(hole)
        core = (depth <= radius).astype(np.uint8)
        if core.all():
            return
        # Pixels within reach of a disc inside the hole are thick, with a margin of one
        # half for the corners of squares.
        reach = cv2.distanceTransform(core, cv2.DIST_L2, 5)
        thin = ((depth > 0) & (reach > 1.5 * radius + 1)).astype(np.uint8)
        _, parts, stats, _ = cv2.connectedComponentsWithStats(thin, connectivity=8)
        y0, x0 = self.boxes[hole - 1][:2]
        owner = self._owner[self._cell_slices(self.boxes[hole - 1])]
        for part, (x, y, w, h, _) in enumerate(stats[1:], start=1):
            if max(w, h) * self._unit < limit:
                continue
            owner[parts == part] = len(self.boxes) + 1
            low = [n // self._unit * self._unit for n in self._relative((y0, x0) * 2)]
            cells = np.array([y, x, y + h, x + w]) * self._unit + low
            box = intersection(moved(cells.tolist(), *self._box[:2]), self._box)
            self.boxes.append(self.tight(len(self.boxes) + 1, box))
        self.boxes[hole - 1] = self.tight(hole, self.boxes[hole - 1])

    def _depth(self, hole: int) -> np.ndarray:
        """Distance of each cell of the hole's box to the nearest known cell."""
        y0, x0, y1, x1 = self.boxes[hole - 1]
        cells = self._owner[self._cell_slices((y0, x0, y1, x1))] == hole
        # Cells around the box are known, except beyond the picture.
        around = (y0 > 0, y1 < self.height, x0 > 0, x1 < self.width)
        top, bottom, left, right = map(int, around)
        cells = cv2.copyMakeBorder(
            cells.astype(np.uint8), top, bottom, left, right, cv2.BORDER_CONSTANT
        )
        depth = cv2.distanceTransform(cells, cv2.DIST_L2, 5)
        rows, columns = depth.shape
        return depth[top : rows - bottom, left : columns - right]

    def _find_components(self):
        # A cell of the map is unit x unit pixels; holes in neighbouring cells count as
        # connected.
        self._unit = -(-max(self._hole.shape) // _MAP_SIDE)
        cells = self._hole
        if self._unit > 1:
            cells = _reduced(_reduced(cells, self._unit).T, self._unit).T
        _, self._owner, stats, _ = cv2.connectedComponentsWithStats(
            np.ascontiguousarray(cells), connectivity=8
        )
        self.boxes = []
        for number, (x, y, w, h, _) in enumerate(stats[1:], start=1):
            cell_box = np.array([y, x, y + h, x + w]) * self._unit
            box = intersection(moved(cell_box.tolist(), *self._box[:2]), self._box)
            self.boxes.append(box if self._unit == 1 else self.tight(number, box))

    def tight(self, hole: int, box: Box) -> Optional[Box]:
        """The bounding box of the hole's unfilled pixels in `box`; None without any."""
        inner = bounding_box(self.pixels(hole, box))
        if inner is None:
            return None
        return moved(inner, *box[:2])

    def _cut(self, box: Box) -> np.ndarray:
        if intersection(box, self._box) == box:
            return self._hole[slices(self._relative(box))]
        cut = np.zeros((box[2] - box[0], box[3] - box[1]), np.uint8)
        inside = intersection(box, self._box)
        if inside[0] < inside[2] and inside[1] < inside[3]:
            target = moved(inside, -box[0], -box[1])
            cut[slices(target)] = self._hole[slices(self._relative(inside))]
        return cut

    def _relative(self, box: Box) -> Box:
        return moved(box, -self._box[0], -self._box[1])

    def _cell_slices(self, box: Box):
        y0, x0, y1, x1 = self._relative(box)
        unit = self._unit
        return slice(y0 // unit, -(-y1 // unit)), slice(x0 // unit, -(-x1 // unit))


def dilated(mask: np.ndarray, pixels: int) -> np.ndarray:
    """A mask [H, W], dilated by `pixels`, as bool."""
    hole = is_hole(mask).copy()
    box = bounding_box(mask)
    if box and pixels:
        area = slices(grown(box, pixels, *mask.shape))
        hole[area] = _dilate(hole[area].astype(np.uint8), pixels)
    return hole


def _dilate(hole: np.ndarray, pixels: int) -> np.ndarray:
    if hole.all():
        return hole
    distance = cv2.distanceTransform(1 - hole, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # Squared distances are integers. OpenCV's result varies in the last digits with
    # threads and alignment.
    return (np.square(distance) <= pixels**2 + 0.5).astype(np.uint8)


def _reduced(cells: np.ndarray, unit: int) -> np.ndarray:
    reduced = cells[::unit].copy()
    for offset in range(1, unit):
        part = cells[offset::unit]
        np.maximum(reduced[: len(part)], part, out=reduced[: len(part)])
    return reduced

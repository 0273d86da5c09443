"""Which square windows of a picture the network has to see to fill its holes.

The policy, all of it. `S` is the model's image size; a window is always shown to the
network as `S` x `S`.

1. Holes are the connected wholes of the mask. Small ones that lie together within
   `S / 2` share one window, as long as none needs to be scaled down.
2. A hole's length `l` is the longer side of its box, its thickness `t` twice the largest
   distance from one of its pixels to a known one. Its windows have the side
   `max(S, 2 min(l, 1.5 t))`, at most the picture's longer side. So a compact hole gets
   twice its length, scaled down by area to `S` where that is larger, and a thin
   stroke of any length is seen at full resolution.
3. A hole within three quarters of its window is filled in one go. A longer one is cut
   in tiles of half a window; every second tile goes first, and the tiles between them
   see what those were filled with.
4. Windows of the smallest scale go first, so that a scratch is sharp and is known when
   a fat hole beside it is filled. Every hole pixel in a window that is not filled yet
   is hole to the network, whichever hole it belongs to.
5. A window is centred on what it fills and moved to lie within the picture. Where the
   picture is smaller than the window, it is mirrored at its edges.

The work is in proportion to the holes: only their common box is looked at.
"""

import math
from typing import Iterator, List, NamedTuple, Tuple

import cv2
import numpy as np

Box = Tuple[int, int, int, int]

_CONTEXT_FACTOR = 2.0
# A hole this much longer than thick still counts as compact.
_ELONGATION = 1.5
# The share of a window's side that one hole may take, and a tile.
_LARGEST_SHARE = 0.75
_TILE_SHARE = 0.5
# Connected wholes are looked for on a map of at most this many cells a side.
_MAP_SIDE = 2048


class Crop(NamedTuple):
    """One window and the hole pixels to be filled from it.

    Attributes:
        y: row of the window's first pixel; negative where the picture is smaller.
        x: its column.
        side: the window's side in pixels of the picture.
        hole: number of the hole, see `Holes.pixels`.
        box: (y0, x0, y1, x1), end-exclusive: fill the hole's pixels within it.
    """

    y: int
    x: int
    side: int
    hole: int
    box: Box


class Holes:
    """The hole pixels of a mask that are still to be filled.

    Args:
        mask: [H, W], bool, or uint8 with the hole at >= 128.
        dilation: pixels by which the hole is grown on every side.

    Attributes:
        height: of the mask.
        width: of the mask.
        boxes: the box of each connected whole, (y0, x0, y1, x1), end-exclusive.

    Raises:
        ValueError: no hole, or nothing but hole.
    """

    def __init__(self, mask: np.ndarray, dilation: int = 0):
        self.height, self.width = mask.shape
        box = bounding_box(mask)
        if box is None:
            raise ValueError(
                "The mask is empty: no pixel of it is hole (white, at least 128)."
            )
        self._box = _grown(box, dilation, self.height, self.width)
        self._hole = is_hole(mask[_slices(self._box)]).astype(np.uint8)
        if dilation:
            self._hole = _dilate(self._hole, dilation)
        if self._hole.size == mask.size and self._hole.all():
            raise ValueError(
                "The mask covers the whole picture, so nothing is known to fill it from."
            )
        self._find_wholes()

    def window(self, y: int, x: int, side: int) -> np.ndarray:
        """Hole pixels not filled yet, [side, side] uint8 in {0, 1}, mirrored outside."""
        box = _clipped((y, x, y + side, x + side), self.height, self.width)
        inner = self._cut(box)
        return _mirrored(inner, box, y, x, side)

    def pixels(self, hole: int, box: Box) -> np.ndarray:
        """Pixels of one hole in `box` that are not filled yet, bool."""
        unfilled = self._cut(box).astype(bool)
        cells = self._owner[self._cell_slices(box)] == hole
        if self._unit > 1:
            cells = cells.repeat(self._unit, axis=0).repeat(self._unit, axis=1)
            top = (box[0] - self._box[0]) % self._unit
            left = (box[1] - self._box[1]) % self._unit
            cells = cells[top:, left:][: unfilled.shape[0], : unfilled.shape[1]]
        return unfilled & cells

    def fill(self, hole: int, box: Box) -> np.ndarray:
        """Like `pixels`, and marks them filled."""
        filled = self.pixels(hole, box)
        self._hole[_slices(self._relative(box))][filled] = 0
        return filled

    def any(self, box: Box) -> bool:
        """Whether `box` has a pixel that is not filled yet."""
        return bool(self._hole[_slices(self._relative(box))].any())

    def share(self, holes: List[int]) -> int:
        """Makes one hole of several; returns its number."""
        if len(holes) > 1:
            lookup = np.arange(len(self.boxes) + 1)
            lookup[holes] = holes[0]
            for hole in holes:
                cells = self._owner[self._cell_slices(self.boxes[hole - 1])]
                cells[...] = lookup[cells]
        return holes[0]

    def thickness(self, hole: int) -> float:
        """Twice the largest distance from a pixel of the hole to a known one.

        On a map of several pixels a cell it is right to about one cell.
        """
        y0, x0, y1, x1 = self.boxes[hole - 1]
        rows, columns = self._cell_slices((y0, x0, y1, x1))
        cells = (self._owner[rows, columns] == hole).astype(np.uint8)
        # What lies around the box is known; what lies beyond the picture is not.
        around = (y0 > 0, y1 < self.height, x0 > 0, x1 < self.width)
        cells = cv2.copyMakeBorder(cells, *map(int, around), cv2.BORDER_CONSTANT)
        thickness = 2.0 * float(cv2.distanceTransform(cells, cv2.DIST_L2, 3).max())
        # A line of one pixel touches two cells where it runs along their border.
        return thickness * self._unit - (self._unit - 1)

    def _find_wholes(self):
        # One cell of the map stands for unit x unit pixels; what is nearer than that
        # counts as connected.
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
            box = cell_box + np.tile(self._box[:2], 2)
            box = _clipped_to(tuple(box.tolist()), self._box)
            self.boxes.append(box if self._unit == 1 else self.tight(number, box))

    def tight(self, hole: int, box: Box):
        """The smallest box of the hole's unfilled pixels in `box`; None without any."""
        inner = bounding_box(self.pixels(hole, box))
        if inner is None:
            return None
        return tuple(i + o for i, o in zip(inner, box[:2] * 2))

    def _cut(self, box: Box) -> np.ndarray:
        if _clipped_to(box, self._box) == box:
            return self._hole[_slices(self._relative(box))]
        cut = np.zeros((box[2] - box[0], box[3] - box[1]), np.uint8)
        inside = _clipped_to(box, self._box)
        if inside[0] < inside[2] and inside[1] < inside[3]:
            target = tuple(i - o for i, o in zip(inside, box[:2] * 2))
            cut[_slices(target)] = self._hole[_slices(self._relative(inside))]
        return cut

    def _relative(self, box: Box) -> Box:
        return tuple(b - o for b, o in zip(box, self._box[:2] * 2))

    def _cell_slices(self, box: Box):
        y0, x0, y1, x1 = self._relative(box)
        unit = self._unit
        return slice(y0 // unit, -(-y1 // unit)), slice(x0 // unit, -(-x1 // unit))


def plan(holes: Holes, image_size: int) -> List[Crop]:
    """The windows that fill every hole pixel, in the order they must be filled in."""
    longest = max(holes.height, holes.width)
    small, crops = [], []
    for hole, box in enumerate(holes.boxes, start=1):
        length = max(box[2] - box[0], box[3] - box[1])
        if length <= image_size * _TILE_SHARE:
            small.append(hole)
            continue
        compact = min(length, _ELONGATION * holes.thickness(hole))
        side = max(image_size, min(longest, int(_CONTEXT_FACTOR * compact)))
        if side >= longest or length <= side * _LARGEST_SHARE:
            crops.append(_centred(holes, hole, box, side))
        else:
            crops += _tiles(holes, hole, box, side)
    for hole, box in _neighbours(holes, small, int(image_size * _TILE_SHARE)):
        crops.append(_centred(holes, hole, box, image_size))
    return sorted(crops, key=lambda crop: crop.side)


def batches(crops: List[Crop], batch_size: int) -> Iterator[List[Crop]]:
    """Groups crops that do not wait for each other, `batch_size` or one at a time.

    A crop waits for the earlier ones that fill pixels of its window. With only two
    batch sizes, a network compiled for static shapes is compiled twice at most.
    """
    windows = np.array([(c.y, c.x, c.y + c.side, c.x + c.side) for c in crops])
    boxes = np.array([crop.box for crop in crops])
    turns = np.zeros(len(crops), np.int64)
    for index, (y0, x0, y1, x1) in enumerate(windows):
        earlier = boxes[:index]
        seen = (earlier[:, 0] < y1) & (earlier[:, 2] > y0)
        seen &= (earlier[:, 1] < x1) & (earlier[:, 3] > x0)
        turns[index] = 1 + turns[:index][seen].max(initial=-1)
    for turn in range(turns.max() + 1):
        ready = [crops[index] for index in np.flatnonzero(turns == turn)]
        whole = len(ready) // batch_size * batch_size
        for start in range(0, whole, batch_size):
            yield ready[start : start + batch_size]
        for crop in ready[whole:]:
            yield [crop]


def window_of(image: np.ndarray, crop: Crop) -> np.ndarray:
    """The crop's window of `image` [H, W, C], mirrored where the picture ends."""
    y, x, side = crop.y, crop.x, crop.side
    box = _clipped((y, x, y + side, x + side), *image.shape[:2])
    return _mirrored(image[_slices(box)], box, y, x, side)


def bounding_box(mask: np.ndarray):
    """The smallest (y0, x0, y1, x1) around the hole of `mask`; None without a hole.

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


def dilated(mask: np.ndarray, pixels: int) -> np.ndarray:
    """A mask [H, W] with its hole grown by `pixels` on every side, as bool."""
    hole = is_hole(mask).copy()
    box = bounding_box(mask)
    if box and pixels:
        area = _slices(_grown(box, pixels, *mask.shape))
        hole[area] = _dilate(hole[area].astype(np.uint8), pixels)
    return hole


def is_hole(mask: np.ndarray) -> np.ndarray:
    """A mask of either type as bool."""
    return mask if mask.dtype == bool else mask >= 128


def _tiles(holes: Holes, hole: int, box: Box, side: int) -> List[Crop]:
    edges = []
    for low, high in ((box[0], box[2]), (box[1], box[3])):
        count = math.ceil((high - low) / (side * _TILE_SHARE))
        edges.append(np.linspace(low, high, count + 1).round().astype(int).tolist())
    rows, columns = (list(zip(edge, edge[1:])) for edge in edges)
    crops = []
    for odd_row, odd_column in ((0, 0), (1, 1), (0, 1), (1, 0)):
        for y0, y1 in rows[odd_row::2]:
            for x0, x1 in columns[odd_column::2]:
                tile = (y0, x0, y1, x1)
                tile = holes.any(tile) and holes.tight(hole, tile)
                if tile:
                    crops.append(_centred(holes, hole, tile, side))
    return crops


def _neighbours(holes: Holes, small: List[int], reach: int):
    """Joins small holes while their common box is at most `reach` long."""
    waiting = np.array([holes.boxes[hole - 1] for hole in small]).reshape(-1, 4)
    numbers = np.array(small, np.int64)
    while numbers.size:
        low = np.minimum(waiting[:, :2], waiting[0, :2])
        high = np.maximum(waiting[:, 2:], waiting[0, 2:])
        near = np.flatnonzero((high - low).max(axis=1) <= reach)
        low, high = waiting[0, :2], waiting[0, 2:]
        joined = []
        for index in near.tolist():
            wider = np.minimum(low, waiting[index, :2])
            higher = np.maximum(high, waiting[index, 2:])
            if (higher - wider).max() <= reach:
                low, high = wider, higher
                joined.append(index)
        yield holes.share(numbers[joined].tolist()), (*low.tolist(), *high.tolist())
        waiting = np.delete(waiting, joined, axis=0)
        numbers = np.delete(numbers, joined)


def _centred(holes: Holes, hole: int, box: Box, side: int) -> Crop:
    y = _start(box[0], box[2], side, holes.height)
    x = _start(box[1], box[3], side, holes.width)
    return Crop(y, x, side, hole, box)


def _start(low: int, high: int, side: int, length: int) -> int:
    if length <= side:
        return -((side - length) // 2)
    return min(max((low + high - side) // 2, 0), length - side)


def _dilate(hole: np.ndarray, pixels: int) -> np.ndarray:
    if hole.all():
        return hole
    distance = cv2.distanceTransform(1 - hole, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return (distance <= pixels).astype(np.uint8)


def _reduced(cells: np.ndarray, unit: int) -> np.ndarray:
    reduced = cells[::unit].copy()
    for offset in range(1, unit):
        part = cells[offset::unit]
        np.maximum(reduced[: len(part)], part, out=reduced[: len(part)])
    return reduced


def _mirrored(inner: np.ndarray, box: Box, y: int, x: int, side: int) -> np.ndarray:
    top, left = box[0] - y, box[1] - x
    bottom, right = y + side - box[2], x + side - box[3]
    if not (top or bottom or left or right):
        return inner
    return cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_REFLECT_101)


def _clipped(box: Box, height: int, width: int) -> Box:
    return _clipped_to(box, (0, 0, height, width))


def _clipped_to(box: Box, limits: Box) -> Box:
    y0, x0, y1, x1 = limits
    return max(box[0], y0), max(box[1], x0), min(box[2], y1), min(box[3], x1)


def _grown(box: Box, pixels: int, height: int, width: int) -> Box:
    y0, x0, y1, x1 = box
    grown = (y0 - pixels, x0 - pixels, y1 + pixels, x1 + pixels)
    return _clipped(grown, height, width)


def _slices(box: Box):
    return slice(box[0], box[2]), slice(box[1], box[3])

"""Plans the square windows in which the network fills the holes of a picture.

`S` is the model's image size; the network sees every window as `S` x `S`.

1. Holes are the connected components of the mask. Small ones that fit together into
   `S / 2` share one window, provided that none needs to be scaled down.
2. A hole's length `l` is the longer side of its box, its thickness `t` twice the
   largest distance from one of its pixels to a known one. Its windows have the side
   `max(S, 2 min(l, 1.5 t))`, at most the picture's longer side. A compact hole thus
   gets twice its length, scaled down by area to `S` where that is larger, and a thin
   stroke of any length is seen at full resolution. In a thick hole, parts thinner than
   `S / 3` and at least as long count as separate holes.
3. A hole within 85 % of its window is filled at once. A longer one is cut
   into tiles of at most that size; every second tile is filled first, and the tiles
   between them see the result.
4. Small windows are filled first, so that a scratch is sharp and known when a large
   hole beside it is filled. All pixels of a window that are still unfilled are hole to
   the network, whichever hole they belong to.
5. A window is centred on the pixels it fills and moved into the picture. A picture
   smaller than the window is mirrored at its edges.

Lattices of hole pixels are interpolated beforehand (`interpolation.py`). The cost
depends on the common box of the holes, not on the size of the picture.
"""

import math
from typing import Iterator, NamedTuple

import numpy as np

from tf_btgmi.inference.boxes import Box, clipped, mirrored, slices
from tf_btgmi.inference.holes import Holes

_CONTEXT_FACTOR = 2.0
# A hole this much longer than thick still counts as compact.
_ELONGATION = 1.5
# Maximum share of a window's side for one hole or tile, and for joined holes.
_LARGEST_SHARE = 0.85
_JOINED_SHARE = 0.5
# Width of the picture's edge in pixels, and as a share of its shorter side.
_MIN_EDGE, _EDGE_SHARE = 2, 0.005


class Crop(NamedTuple):
    """One window and the hole pixels to be filled from it.

    Attributes:
        y: row of the window's first pixel; negative where the picture is smaller.
        x: its column.
        side: the window's side in pixels of the picture.
        hole: number of the hole, see `Holes.pixels`.
        box: (y0, x0, y1, x1), end-exclusive; the hole's pixels in it are filled.
    """

    y: int
    x: int
    side: int
    hole: int
    box: Box


def plan(holes: Holes, image_size: int) -> list[Crop]:
    """The windows that fill every hole pixel, in the order of filling."""
    longest = max(holes.height, holes.width)
    # Thicker holes have to be scaled down.
    limit = image_size / (_CONTEXT_FACTOR * _ELONGATION)
    for hole in range(1, len(holes.boxes) + 1):
        if _length(holes, hole) > 2 * limit and holes.thickness(hole) > limit:
            holes.split_thin(hole, limit)
    small, crops = [], []
    for hole, box in enumerate(holes.boxes, start=1):
        length = _length(holes, hole)
        if length <= image_size * _JOINED_SHARE:
            small.append(hole)
            continue
        compact = min(length, _ELONGATION * holes.thickness(hole))
        side = max(image_size, min(longest, int(_CONTEXT_FACTOR * compact)))
        if side >= longest or length <= side * _LARGEST_SHARE:
            crops.append(_centred(holes, hole, box, side))
        else:
            crops += _tiles(holes, hole, box, side)
    for hole, box in _neighbours(holes, small, int(image_size * _JOINED_SHARE)):
        crops.append(_centred(holes, hole, box, image_size))
    return sorted(crops, key=lambda crop: crop.side)


def batches(crops: list[Crop], batch_size: int) -> Iterator[list[Crop]]:
    """Groups independent crops into batches of `batch_size` or one.

    A crop depends on the earlier ones that fill pixels of its window. With two batch
    sizes only, a network compiled for static shapes is compiled at most twice.
    """
    if not crops:
        return
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


def window_around(box: Box, image_size: int, height: int, width: int) -> Crop:
    """The window around a box, with as much context as rule 2 allows."""
    length = max(box[2] - box[0], box[3] - box[1])
    with_context = max(image_size, int(_CONTEXT_FACTOR * length))
    side = max(min(max(height, width), with_context), image_size)
    y, x = _start(box[0], box[2], side, height), _start(box[1], box[3], side, width)
    return Crop(y, x, side, 0, box)


def window_of(image: np.ndarray, crop: Crop) -> np.ndarray:
    """The crop's window of `image` [H, W, C], mirrored where the picture ends."""
    y, x, side = crop.y, crop.x, crop.side
    box = clipped((y, x, y + side, x + side), *image.shape[:2])
    return mirrored(image[slices(box)], box, y, x, side)


def seen_box(crop: Crop, image_size: int) -> np.ndarray:
    """The crop's box in pixels of the network's input, (y0, x0, y1, x1), fractional."""
    corner = np.array([crop.y, crop.x] * 2)
    return (np.array(crop.box) - corner) * image_size / crop.side


def pixels_around(box: np.ndarray) -> Box:
    """The smallest box of whole pixels around a fractional one."""
    return (*np.floor(box[:2]).astype(int), *np.ceil(box[2:]).astype(int))


def edge_of(crop: Crop, height: int, width: int) -> np.ndarray:
    """Marks the edge of the picture in a crop's window, bool [side, side].

    Edge pixels are no examples for fills: scans often end in a frame. The edge is two
    pixels wide, more in large pictures, and includes its mirror images.
    """
    margin = max(_MIN_EDGE, round(_EDGE_SHARE * min(height, width)))
    rows, columns = (
        _distance_to_edge(np.arange(start, start + crop.side), length) < margin
        for start, length in ((crop.y, height), (crop.x, width))
    )
    return rows[:, None] | columns


def _distance_to_edge(places: np.ndarray, length: int) -> np.ndarray:
    """Pixels to the nearer end of a mirrored axis, 0 for the first and the last."""
    period = max(2 * (length - 1), 1)
    places = places % period
    places = np.minimum(places, period - places)
    return np.minimum(places, length - 1 - places)


def _length(holes: Holes, hole: int) -> int:
    y0, x0, y1, x1 = holes.boxes[hole - 1]
    return max(y1 - y0, x1 - x0)


def _tiles(holes: Holes, hole: int, box: Box, side: int) -> list[Crop]:
    edges = []
    for low, high in ((box[0], box[2]), (box[1], box[3])):
        count = math.ceil((high - low) / (side * _LARGEST_SHARE))
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


def _neighbours(holes: Holes, small: list[int], reach: int):
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

"""Selection of an object by a box, by clicks, or by both in turn.

The studio, `compose --guide_box` and Python callers all use `select`, whatever finds
the object behind it: the bundled network, or GrabCut where that finds nothing. Here are
the rules for a selection that exists already:

- a click on the object adds and never removes; one on the background removes and never
  adds;
- a click that the selection agrees with already changes nothing;
- a click changes one connected region, the one it lies in.
"""

from numbers import Real
from typing import NamedTuple, Optional, Sequence

import cv2
import numpy as np

from tf_btgmi.inference import boxes, holes
from tf_btgmi.inference.arguments import check_pair, check_picture
from tf_btgmi.pictures.mask_arrays import bounding_box, halved_mask, is_hole
from tf_btgmi.selection import grabcut, network

NETWORK, GRABCUT = "network", "grabcut"

# Below this ratio of picture to working size the coarse outline is fine enough.
_FINE_ENOUGH = 2.0
# A click always changes this radius, as a share of the window's side.
_CLICK_RADIUS = 0.015
# A click changes what is at least this likely; with 0.5 more clicks made a selection
# worse (.25 of them on validation, .19 with 0.6). Where its own pixel is less likely,
# what is as likely as this share of it.
_SURE, _TRUST = 0.6, 0.8
# A click is on another object when it is this far from the selection, as a share of the
# selection's longer side.
_FAR = 0.5
# In a box, a click beside the selection adds what is within this many times its
# distance from the selection, and this share of the selection's longer side.
_REACH, _LEAST_REACH = 2.0, 0.05
# Of several selected regions, one of at least this size beside another is an object.
_OTHER_OBJECT = 0.2


class Click(NamedTuple):
    """A point of the picture, in pixels, and whether it lies on the object."""

    y: float
    x: float
    is_object: bool = True

    @property
    def pixel(self) -> tuple[int, int]:
        """The pixel that it lies in: row and column."""
        return int(self.y), int(self.x)


def select(
    image: np.ndarray,
    box: Optional[grabcut.Box] = None,
    clicks: Sequence[Click] = (),
    mask: Optional[np.ndarray] = None,
    method: Optional[str] = None,
) -> np.ndarray:
    """Selects the object that a box or clicks point at.

    Args:
        image: uint8 [H, W, 3].
        box: (y0, x0, y1, x1) around the object, end-exclusive; parts outside the
            picture are ignored. With clicks and a mask: the box that the selection
            began with; a click then adds only what is near it.
        clicks: points as `Click` or (y, x, is_object), oldest first. With a mask, the
            newest click is the one that changes it.
        mask: the selection so far, [H, W], bool or uint8 with 128 and above selected.
            Without box and clicks its outline is fitted to the picture's edges.
        method: `network` or `grabcut`. Default: the network.

    Returns:
        The selection, uint8 [H, W] of 0 and 255.

    Raises:
        ValueError: wrong types or shapes, a point outside the picture, nothing to start
            from, or no object found.
    """
    if method not in (None, NETWORK, GRABCUT):
        raise ValueError(f"method must be {NETWORK} or {GRABCUT}, not {method!r}.")
    try:
        clicks = [Click(*click) for click in clicks]
    except TypeError:
        raise ValueError(
            f"clicks must be a list of (y, x, is_object), not {clicks!r}."
        ) from None
    _check(image, box, clicks, mask)
    finder = _GrabCut(image) if method == GRABCUT else _Network(image)
    selected = np.zeros(image.shape[:2], bool) if mask is None else is_hole(mask)
    if not selected.any():
        return _as_mask(finder.first(box, clicks))
    if clicks:
        return _as_mask(_corrected(finder, clicks, selected, box is not None))
    if box is not None:
        return _as_mask(selected | finder.first(box, ()))
    return grabcut.cut_out(image, mask=selected)


def prepare() -> None:
    """Loads the network, which the first selection would otherwise wait for."""
    network.prepare()


def _corrected(finder, clicks, selected, boxed: bool) -> np.ndarray:
    """`selected` after its newest click."""
    newest = clicks[-1]
    if selected[newest.pixel] == newest.is_object:
        return selected
    if newest.is_object:
        added = finder.added(clicks, selected)
        return selected | (_near(newest, selected, added) if boxed else added)
    return selected & ~finder.removed(clicks, selected)


class _GrabCut:
    """Finds objects by GrabCut."""

    def __init__(self, image):
        self._image = image

    def first(self, box, clicks) -> np.ndarray:
        """The object of a box and clicks."""
        inside, outside = _points(clicks)
        coarse = grabcut.cut_out(self._image, box, inside, outside) >= 128
        return _fitted(self._image, coarse)

    def added(self, clicks, selected) -> np.ndarray:
        """What the newest click adds: a connected region, not selected yet."""
        inside, outside = _points(clicks)
        nearby = grabcut.cut_out(
            self._image, positive=inside[-1:], negative=outside, certain=selected
        )
        pixel = clicks[-1].pixel
        added = _fitted(self._image, _region_at(pixel, (nearby >= 128) & ~selected))
        return _region_at(pixel, added & ~selected)

    def removed(self, clicks, selected) -> np.ndarray:
        """What the newest click removes: a connected region of the selection."""
        inside, outside = _points(clicks)
        pixel = clicks[-1].pixel
        likely = selected & ~grabcut.similar_region(self._image, pixel)
        if not likely.any():
            return _region_at(pixel, selected)
        try:
            remaining = grabcut.cut_out(
                self._image, positive=inside, negative=outside, mask=likely
            )
        # Nothing remains.
        except ValueError:
            return _region_at(pixel, selected)
        return _region_at(pixel, selected & (remaining < 128))


class _Network:
    """Finds objects by the trained network."""

    def __init__(self, image):
        self._image = image

    def first(self, box, clicks) -> np.ndarray:
        """The object of a box and clicks."""
        shape = self._image.shape[:2]
        if box is not None:
            box = boxes.clipped(box, *shape)
        segmentation = network.find(self._image, box, clicks)
        selected = segmentation.selected()
        for click in clicks:
            region = self._at_click(segmentation, click, selected != click.is_object)
            selected = selected | region if click.is_object else selected & ~region
        if not selected.any():
            return _GrabCut(self._image).first(box, clicks)
        return segmentation.in_picture(selected, shape)

    def added(self, clicks, selected) -> np.ndarray:
        """What the newest click adds: a connected region, not selected yet."""
        part, distance = _nearest_part(clicks[-1], selected)
        y0, x0, y1, x1 = bounding_box(part)
        if distance > _FAR * max(y1 - y0, x1 - x0):
            # Another object.
            clicks = [c for c in clicks if not c.is_object] + clicks[-1:]
            segmentation = network.find(self._image, clicks=clicks)
        else:
            segmentation = network.find(self._image, clicks=clicks, mask=part)
        return self._turned_over(segmentation, clicks[-1], ~selected)

    def removed(self, clicks, selected) -> np.ndarray:
        """What the newest click removes: a connected region of the selection."""
        part, _ = _nearest_part(clicks[-1], selected)
        segmentation = network.find(self._image, clicks=clicks, mask=part)
        removed = self._turned_over(segmentation, clicks[-1], part)
        if (selected & ~part).sum() > _OTHER_OBJECT * part.sum():
            # One of several objects: GrabCut removes it whole, the network in pieces.
            removed = removed | _GrabCut(self._image).removed(clicks, selected)
            removed = _region_at(clicks[-1].pixel, removed)
        return removed

    def _turned_over(self, segmentation, click, free) -> np.ndarray:
        region = self._at_click(segmentation, click, segmentation.reduced(free))
        region = segmentation.in_picture(region, free.shape) & free
        row, column = click.pixel
        if not region[row, column]:
            # Beside the selection's edge, where the smaller mask is too coarse.
            radius = max(1, round(_CLICK_RADIUS * max(segmentation.window[2:])))
            top, left = max(0, row - radius), max(0, column - radius)
            near = np.s_[top : top + 2 * radius + 1, left : left + 2 * radius + 1]
            pixel = row - top, column - left
            region[near] |= _region_at(pixel, free[near])
        # At the picture's size it may have fallen into several.
        window = segmentation.window
        pixel = row - window.top, column - window.left
        region[window.slices] = _region_at(pixel, region[window.slices])
        return region

    def _at_click(self, segmentation, click, free) -> np.ndarray:
        """The region that a click changes, of the size of `segmentation.likely`, bool.

        The threshold is lowered where the click's own pixel would otherwise not change.
        """
        place = segmentation.place(click.y, click.x)
        likely = segmentation.likely if click.is_object else 1.0 - segmentation.likely
        region = likely > min(_SURE, _TRUST * float(likely[place]))
        region = (region | _disc(place, _CLICK_RADIUS * max(free.shape), free)) & free
        region[place] = True
        return _region_at(place, region)


def _near(click, selected: np.ndarray, added: np.ndarray) -> np.ndarray:
    """The part near a click of what it adds to a selection, unless that is far away."""
    part, distance = _nearest_part(click, selected)
    y0, x0, y1, x1 = bounding_box(part)
    side = max(y1 - y0, x1 - x0)
    if distance > _FAR * side:
        return added
    disc = _disc(click, _REACH * distance + _LEAST_REACH * side, added)
    return _region_at(click.pixel, added & disc)


def _disc(place, radius: float, like: np.ndarray) -> np.ndarray:
    """The disc around (y, x), of at least one pixel's radius, in `like`'s shape."""
    disc = np.zeros(like.shape, np.uint8)
    center = int(place[1]), int(place[0])
    return cv2.circle(disc, center, max(1, round(radius)), 1, -1) > 0


def _nearest_part(click, selected: np.ndarray):
    """The connected region of a selection nearest to a click, and its distance.

    Regions are found at a working size: the time does not grow with the picture.
    """
    height, width = selected.shape
    small, factor = selected, 1
    while max(small.shape) >= 2 * grabcut.WORKING_SIDE:
        small, factor = halved_mask(small), 2 * factor
    _, parts = cv2.connectedComponents(small.view(np.uint8), connectivity=8)
    places = np.argwhere(small)
    distances = np.hypot(*(places - np.array([click.y, click.x]) / factor).T)
    nearest = int(distances.argmin())
    part = (parts == parts[tuple(places[nearest])]).astype(np.uint8)
    # A cell more on every side, so that nothing is lost at its edge.
    part = cv2.dilate(part, np.ones((3, 3), np.uint8))
    size = factor * part.shape[1], factor * part.shape[0]
    part = cv2.resize(part, size, interpolation=cv2.INTER_NEAREST)[:height, :width] > 0
    return part & selected, float(distances[nearest] * factor)


def _region_at(pixel, mask: np.ndarray) -> np.ndarray:
    """The connected region of `mask` that holds a pixel."""
    if not mask[pixel]:
        return np.zeros_like(mask)
    filled = mask.astype(np.uint8)
    cv2.floodFill(filled, None, pixel[::-1], 2, flags=8)
    return filled == 2


def _fitted(image: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """A mask whose outline is found again on the object's part of a large picture.

    The outline moves by as much as the coarse one may have been wrong, and no further.
    """
    unit = max(image.shape) / grabcut.WORKING_SIDE
    if unit < _FINE_ENOUGH or not coarse.any():
        return coarse
    y0, x0, y1, x1 = bounding_box(coarse)
    margin = max(y1 - y0, x1 - x0) // 8
    grown = (y0 - margin, x0 - margin, y1 + margin, x1 + margin)
    area = boxes.slices(boxes.clipped(grown, *image.shape[:2]))
    part = coarse[area]
    reach = round(1.5 * unit)
    try:
        cut = np.ascontiguousarray(image[area])
        fine = grabcut.cut_out(cut, mask=part, iterations=1) >= 128
    except ValueError:
        return coarse
    fitted = coarse.copy()
    largest = holes.dilated(part, reach)
    least = ~holes.dilated(~part, reach)
    fitted[area] = (fine & largest) | least
    return fitted


def _points(clicks):
    """Points on the object and points on the background, (y, x)."""
    inside = [(click.y, click.x) for click in clicks if click.is_object]
    outside = [(click.y, click.x) for click in clicks if not click.is_object]
    return inside, outside


def _as_mask(selected: np.ndarray) -> np.ndarray:
    return selected * np.uint8(255)


def _is_box(box) -> bool:
    try:
        return len(box) == 4 and bool(np.isfinite(box).all())
    except TypeError:
        return False


def _check(image, box, clicks, mask) -> None:
    """Raises `ValueError` unless a selection can start from these arguments."""
    if mask is None:
        check_picture("image", image, (np.uint8,))
    else:
        check_pair(image, mask, types=(np.uint8,))
    selected = mask is not None and is_hole(mask).any()
    if box is None and not selected and not any(click[2] for click in clicks):
        raise ValueError("Give a box, a click on the object, or a mask to refine.")
    height, width = image.shape[:2]
    if box is not None:
        _check_box(box, height, width)
    for y, x, _ in clicks:
        if not (isinstance(y, Real) and isinstance(x, Real)):
            raise ValueError(f"A click is (y, x, is_object), not {(y, x)}.")
        if not (0 <= y < height and 0 <= x < width):
            raise ValueError(
                f"The point {(y, x)} is outside the picture; points are (y, x), with "
                f"y below {height} and x below {width}."
            )


def _check_box(box, height: int, width: int) -> None:
    if not _is_box(box):
        raise ValueError(f"box must be (y0, x0, y1, x1), not {box}.")
    y0, x0, y1, x1 = box
    if y0 >= y1 or x0 >= x1:
        raise ValueError(
            f"The box {tuple(box)} is empty: give (y0, x0, y1, x1) with y0 < y1 and "
            "x0 < x1."
        )
    y0, x0, y1, x1 = boxes.clipped(box, height, width)
    if y0 >= y1 or x0 >= x1:
        raise ValueError(f"The box {tuple(box)} lies outside the picture.")

"""Selection of an object by a box, by clicks, or by both in turn.

The studio, `compose --guide_box` and Python callers all use `select`, whatever finds
the object behind it. Here are the rules for a selection that exists already:

- a click on the object adds and never removes; one on the background removes and never
  adds;
- a click that the selection agrees with already changes nothing;
- a click changes one connected region, the one it lies in.
"""

from typing import NamedTuple, Optional, Sequence

import cv2
import numpy as np

from tf_btgmi.inference import holes
from tf_btgmi.pictures.mask_arrays import bounding_box, is_hole
from tf_btgmi.selection import grabcut

# Below this ratio of picture to working size the coarse outline is fine enough.
_FINE_ENOUGH = 2.0


class Click(NamedTuple):
    """A point of the picture, in pixels, and whether it lies on the object."""

    y: float
    x: float
    is_object: bool = True


def select(
    image: np.ndarray,
    box: Optional[grabcut.Box] = None,
    clicks: Sequence[Click] = (),
    mask: Optional[np.ndarray] = None,
) -> np.ndarray:
    """Selects the object that a box or clicks point at.

    Args:
        image: uint8 [H, W, 3].
        box: (y0, x0, y1, x1) around the object, end-exclusive; parts outside the
            picture are ignored.
        clicks: points as `Click` or (y, x, is_object), oldest first. With a mask, the
            newest click is the one that changes it.
        mask: the selection so far, [H, W], bool or uint8 with 128 and above selected.
            Without box and clicks its outline is fitted to the picture's edges.

    Returns:
        The selection, uint8 [H, W] of 0 and 255.

    Raises:
        ValueError: wrong types or shapes, a point outside the picture, nothing to start
            from, or no object found.
    """
    clicks = [Click(*click) for click in clicks]
    grabcut.check(image, box, clicks, mask)
    selected = np.zeros(image.shape[:2], bool) if mask is None else is_hole(mask)
    if not selected.any():
        return _as_mask(_found(image, box, clicks))
    if clicks:
        return _as_mask(_corrected(image, clicks, selected))
    if box is not None:
        return _as_mask(selected | _found(image, box, ()))
    return grabcut.cut_out(image, mask=selected)


def _found(image, box, clicks) -> np.ndarray:
    inside, outside = _points(clicks)
    coarse = grabcut.cut_out(image, box, inside, outside) >= 128
    return _fitted(image, coarse)


def _corrected(image, clicks, selected) -> np.ndarray:
    """`selected` after its newest click."""
    newest = clicks[-1]
    pixel = int(newest.y), int(newest.x)
    if selected[pixel] == newest.is_object:
        return selected
    inside, outside = _points(clicks)
    if newest.is_object:
        found = grabcut.cut_out(
            image, positive=inside[-1:], negative=outside, certain=selected
        )
        added = _region_at(pixel, (found >= 128) & ~selected)
        return selected | (_fitted(image, added) & ~selected)
    likely = selected & ~grabcut.similar_region(image, pixel)
    found = likely * np.uint8(255)
    if likely.any():
        found = grabcut.cut_out(image, positive=inside, negative=outside, mask=likely)
    return selected & ~_region_at(pixel, selected & (found < 128))


def _region_at(pixel, mask: np.ndarray) -> np.ndarray:
    """The connected region of `mask` that holds a pixel."""
    _, regions = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return (regions == regions[pixel]) & mask


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
    area = holes.slices(holes.clipped(grown, *image.shape[:2]))
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

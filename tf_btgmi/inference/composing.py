"""Pastes an object into a picture, with a gap around it to be filled."""

from typing import NamedTuple, Optional, Union

import numpy as np

from tf_btgmi.inference.boxes import Box, slices
from tf_btgmi.inference.holes import dilated
from tf_btgmi.inference.placement import Placed

# The gap is the rest of the object's box, as in the paper.
BOX = "box"
# Width of the default gap, as a share of the longer side of the object's box.
_BAND_SHARE = 0.02
_MIN_BAND = 2


class Pasted(NamedTuple):
    """A picture with an object in it.

    Attributes:
        image: uint8 [H, W, 3], with a hard-edged object.
        foreground: [H, W] bool, pixels that are at least half object.
        gap: [H, W] bool, pixels to be filled.
    """

    image: np.ndarray
    foreground: np.ndarray
    gap: np.ndarray


def paste(
    image: np.ndarray, placed: Placed, gap: Optional[Union[int, str]] = None
) -> Pasted:
    """Pastes an object.

    Args:
        image: uint8 [H, W, 3]; it is not changed.
        placed: the object in its place.
        gap: width of a band around the object in pixels (0 for none), `BOX` for the
            rest of its box, or None for a band of 2 % of the longer side of the box,
            at least 2 pixels.

    Raises:
        ValueError: an invalid `gap`.
    """
    box = placed.box
    band = _band(gap, box)
    foreground = np.zeros(image.shape[:2], bool)
    foreground[slices(box)] = placed.foreground
    pasted = image.copy()
    pasted[slices(box)][placed.foreground] = placed.colors[placed.foreground]
    if gap == BOX:
        gap_mask = np.zeros_like(foreground)
        gap_mask[slices(box)] = True
    else:
        gap_mask = dilated(foreground, band) if band else foreground.copy()
    gap_mask &= ~foreground
    return Pasted(pasted, foreground, gap_mask)


def blend(background: np.ndarray, placed: Placed, colors: np.ndarray) -> np.ndarray:
    """Blends the object over the background, with its soft edge.

    Args:
        background: uint8 [H, W, 3]; it is not changed.
        placed: the object in its place.
        colors: uint8 [h, w, 3], its colours in its box.
    """
    result = background.copy()
    area = result[slices(placed.box)]
    alpha = placed.alpha[..., None]
    mixed = alpha * colors + (1.0 - alpha) * area
    area[...] = np.where(alpha > 0, mixed.round(), area).astype(np.uint8)
    return result


def _band(gap, box: Box) -> int:
    if gap is None:
        return max(
            _MIN_BAND, round(_BAND_SHARE * max(box[2] - box[0], box[3] - box[1]))
        )
    if gap == BOX:
        return 0
    if isinstance(gap, bool) or not isinstance(gap, (int, np.integer)) or gap < 0:
        raise ValueError(
            f"gap must be a number of pixels, at least 0, {BOX!r} or None; it is "
            f"{gap!r}."
        )
    return int(gap)

"""Recolours an object of any size to fit its surroundings.

The network sees one window around the object, scaled to its own size. Its colour change
is carried to the full picture as a smooth local change (`color_grid.py`), which keeps
the object's detail.
"""

import functools
from typing import Callable, NamedTuple, Optional

import cv2
import numpy as np

from tf_btgmi.inference import crops as crop_plan
from tf_btgmi.inference.boxes import Box, moved, slices
from tf_btgmi.inference.color_grid import ColorGrid
from tf_btgmi.inference.filling import area_share, shrunk
from tf_btgmi.inference.network import Network
from tf_btgmi.outputs import HARMONIZED
from tf_btgmi.pictures.extended_colors import extended_colors
from tf_btgmi.pictures.mask_arrays import bounding_box

# Changes with the results; evaluations distinguish versions.
VERSION = 1


class Recoloring(NamedTuple):
    """Colour change of an object.

    Attributes:
        box: the object's box, (y0, x0, y1, x1), end-exclusive.
        change: recolours the pixels of the box, uint8 [h, w, 3], keeping their detail.
        pixels: makes the network's own pixels in the box, uint8 [h, w, 3], enlarged
            if the window was scaled down.
    """

    box: Box
    change: Callable[[np.ndarray], np.ndarray]
    pixels: Callable[[], np.ndarray]


def recolor(
    network: Network,
    image: np.ndarray,
    foreground: np.ndarray,
    gap: Optional[np.ndarray] = None,
    box: Optional[Box] = None,
) -> Recoloring:
    """Predicts the colour change of an object, in one call of the network.

    Args:
        network: has the output `harmonized`.
        image: uint8 [H, W, 3] with the object in it.
        foreground: [H, W] bool, the object.
        gap: [H, W] bool, unknown pixels.
        box: the object's box. Default: its bounding box.

    Raises:
        ValueError: no object, an object too thin for the network to see, or no
            surroundings.
    """
    if not foreground.any():
        raise ValueError(
            "The mask is empty: no pixel of it is object (white, at least 128)."
        )
    known = ~foreground if gap is None else ~(foreground | gap)
    if not known.any():
        raise ValueError(
            "The object covers the whole picture: there are no surroundings to fit it "
            "to."
        )
    box = box or bounding_box(foreground)
    size = network.image_size
    window = crop_plan.window_around(box, size, *image.shape[:2])
    seen = _seen(image, foreground, gap, window, size)
    if seen is None and gap is not None:
        # At this size a thin object vanishes in its gap; the gap is then ignored.
        seen = _seen(image, foreground, None, window, size)
    if seen is None:
        raise ValueError(
            f"The object is too thin to be recoloured: nothing of it is left at the "
            f"{size} pixels that the network sees. Select more of it."
        )
    inputs = seen.image, seen.gap, seen.foreground
    result = network.run(*(array[None] for array in inputs))[HARMONIZED][0]
    # The output beside the object is meaningless and must not be mixed in.
    result = extended_colors(result, seen.foreground)
    grid = _color_grid(seen, result, crop_plan.seen_box(window, size))
    enlarged = functools.partial(_enlarged, result, window, box)
    return Recoloring(box, grid.apply, enlarged)


class _Seen(NamedTuple):
    """The window at the network's size.

    Attributes:
        image: uint8 [S, S, 3].
        gap: uint8 [S, S] in {0, 1}.
        foreground: [S, S] bool.
        share: float [S, S], the object's share of each pixel.
    """

    image: np.ndarray
    gap: np.ndarray
    foreground: np.ndarray
    share: np.ndarray


def _seen(image, foreground, gap, window, size: int) -> Optional[_Seen]:
    """What the network sees of an object; None if nothing of it is left."""
    part = crop_plan.window_of(foreground.view(np.uint8), window)
    if gap is None:
        gap_part = np.zeros_like(part)
    else:
        gap_part = crop_plan.window_of(gap.view(np.uint8), window)
    colors, gap_small = shrunk(crop_plan.window_of(image, window), gap_part, size)
    share = area_share(part, size) * (1 - gap_small)
    # A thin object covers no small pixel by half. Its mirror image, in a window wider
    # than the picture, may cover more, but does not count.
    y0, x0, y1, x1 = crop_plan.pixels_around(crop_plan.seen_box(window, size))
    best_share = share[y0:y1, x0:x1].max()
    if not best_share:
        return None
    small = share >= min(0.5, best_share)
    if gap is not None:
        # Keep at least a thin gap at the network's size: otherwise object and
        # surroundings touch and look like one surface.
        touching = cv2.dilate(small.view(np.uint8), np.ones((5, 5), np.uint8)) > 0
        gap_small = np.where(touching & ~small, np.uint8(1), gap_small)
    return _Seen(colors, gap_small, small, share)


def _color_grid(seen: _Seen, result: np.ndarray, part: np.ndarray) -> ColorGrid:
    """The colour change from what the network sees to its result, in a box of both."""
    weight = (seen.share * seen.foreground)[..., None]
    parts = np.concatenate([seen.image * weight, result * weight, weight], axis=-1)
    parts = _cut(parts.astype(np.float32), part)
    weight = parts[..., 6]
    parts /= np.maximum(weight, 1e-6)[..., None]
    return ColorGrid(parts[..., :3], parts[..., 3:6], weight)


def _cut(array: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Cuts the object's box out of the network's input, [h, w, C] float32.

    The box may end within a small pixel; the cut interpolates linearly.
    """
    y0, x0, y1, x1 = part
    rows, columns = (max(2, int(np.ceil(n - 1e-6))) for n in (y1 - y0, x1 - x0))
    step = np.array([(y1 - y0) / rows, (x1 - x0) / columns])
    start = np.array([y0, x0]) + step / 2 - 0.5
    matrix = np.array([[step[1], 0, start[1]], [0, step[0], start[0]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    options = {"flags": flags, "borderMode": cv2.BORDER_REPLICATE}
    # OpenCV warps four channels at once.
    groups = [
        cv2.warpAffine(array[..., i : i + 4], matrix, (columns, rows), **options)
        for i in range(0, array.shape[-1], 4)
    ]
    return np.concatenate(groups, axis=-1)


def _enlarged(result: np.ndarray, window: crop_plan.Crop, box: Box) -> np.ndarray:
    if window.side != result.shape[0]:
        size = (window.side, window.side)
        result = cv2.resize(result, size, interpolation=cv2.INTER_CUBIC)
    return result[slices(moved(box, -window.y, -window.x))]

"""Input of the selector: a window of the picture, and maps of box, clicks and mask.

Used by training, inference and evaluation. Boxes are (y0, x0, y1, x1) in pixels,
end-exclusive; clicks are (y, x, is_object).
"""

from typing import NamedTuple, Optional, Sequence

import cv2
import numpy as np
from scipy import ndimage

from tf_btgmi.pictures.levels import to_float

WINDOW_SIDE = 192
# Side of the window over the longer side of the box.
WINDOW_SCALE = 1.5
# Minimum side of a window in pixels of the picture.
MIN_WINDOW = 32
# Standard deviation of a click's map, in pixels of the window.
_CLICK_SIGMA = 6.0
# Bins per colour channel, and sigma of the smoothing over bins.
_BINS, _BIN_SIGMA = 16, 0.8
# Radius around a click in which colours count as the object's, in window pixels.
_COLOR_RADIUS = 7


class Window(NamedTuple):
    """A rectangle of the picture that the network sees as a square.

    Attributes:
        top: its first row.
        left: its first column.
        height: in pixels of the picture.
        width: in pixels of the picture.
    """

    top: int
    left: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The rectangle as an index of [H, W] arrays."""
        return np.s_[
            self.top : self.top + self.height, self.left : self.left + self.width
        ]

    def steps(self) -> np.ndarray:
        """Pixels of the window per pixel of the picture, [2]."""
        return np.array([WINDOW_SIDE / self.height, WINDOW_SIDE / self.width])

    def box(self, box: np.ndarray) -> np.ndarray:
        """A box of the picture in pixels of the window, [4], not clipped."""
        moved = np.reshape(box, (2, 2)) - (self.top, self.left)
        return (moved * self.steps()).ravel()

    def clicks(self, clicks: np.ndarray) -> np.ndarray:
        """Clicks of the picture in pixels of the window, [n, 3]."""
        clicks = np.array(clicks, np.float64).reshape(-1, 3)
        clicks[:, :2] = (clicks[:, :2] + 0.5 - (self.top, self.left)) * self.steps()
        return clicks


def window_around(
    box: Sequence[float], height: int, width: int, scale: float = WINDOW_SCALE
) -> Window:
    """The window centred on a box and moved into the picture.

    It is square unless the picture is too small.

    Args:
        box: the box.
        height: of the picture.
        width: of the picture.
        scale: side of the window over the longer side of the box.
    """
    y0, x0, y1, x1 = box
    side = max(scale * max(y1 - y0, x1 - x0), MIN_WINDOW)
    rows, columns = (min(round(side), size) for size in (height, width))
    top = round((y0 + y1 - rows) / 2)
    left = round((x0 + x1 - columns) / 2)
    top = min(max(top, 0), height - rows)
    left = min(max(left, 0), width - columns)
    return Window(int(top), int(left), int(rows), int(columns))


def resized(array: np.ndarray) -> np.ndarray:
    """Resizes a part of a picture, or of a bool mask, to the network's input."""
    shrinks = max(array.shape[:2]) > WINDOW_SIDE
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    size = (WINDOW_SIDE, WINDOW_SIDE)
    if array.dtype == bool:
        return cv2.resize(array * np.uint8(255), size, interpolation=method) >= 128
    if min(array.strides) < 0:
        # Mirrored.
        array = np.ascontiguousarray(array)
    return cv2.resize(array, size, interpolation=method)


def network_input(
    image: np.ndarray,
    box: Optional[np.ndarray],
    clicks: np.ndarray,
    mask: np.ndarray,
) -> np.ndarray:
    """Makes the network's input; coordinates are pixels of the window.

    Args:
        image: uint8 [side, side, 3].
        box: [4] or None.
        clicks: [n, 3] of (y, x, is_object).
        mask: bool [side, side], the current selection.

    Returns:
        float32 [side, side, 8]: the picture in [-1, 1], then in [0, 1] the box, the
        clicks on the object, those on the background, the current selection, and the
        likelihood that each colour belongs to the object.
    """
    side = len(image)
    clicks = np.reshape(clicks, (-1, 3))
    inside = np.zeros((side, side), bool)
    if box is not None:
        y0, x0, y1, x1 = (int(c) for c in np.clip(np.round(box), 0, side))
        inside[y0:y1, x0:x1] = True
    result = np.empty((side, side, 8), np.float32)
    result[..., :3] = to_float(image)
    result[..., 3] = inside
    result[..., 4] = _click_map(clicks[clicks[:, 2] > 0], side)
    result[..., 5] = _click_map(clicks[clicks[:, 2] == 0], side)
    result[..., 6] = mask
    result[..., 7] = _likely_colors(image, inside, clicks, mask)
    return result


def _click_map(clicks: np.ndarray, side: int) -> np.ndarray:
    heat = np.zeros((side, side), np.float32)
    places = np.arange(side, dtype=np.float32) + 0.5
    for y, x, _ in clicks:
        rows = np.exp(-((places - y) ** 2) / (2 * _CLICK_SIGMA**2))
        columns = np.exp(-((places - x) ** 2) / (2 * _CLICK_SIGMA**2))
        np.maximum(heat, rows[:, None] * columns, out=heat)
    return heat


def _likely_colors(image, inside, clicks, mask) -> np.ndarray:
    """Share of the object in the colour histograms of object and background."""
    near = {}
    for is_object in (True, False):
        disc = np.zeros(mask.shape, np.uint8)
        for y, x, kind in clicks:
            if bool(kind) == is_object:
                cv2.circle(disc, (int(x), int(y)), _COLOR_RADIUS, 1, -1)
        near[is_object] = disc > 0
    if mask.any():
        likely = mask | near[True]
    elif inside.any():
        likely = inside
    else:
        likely = near[True]
    likely = likely & ~near[False]
    bins = (image >> 4).astype(np.int64)
    bins = (bins[..., 0] * _BINS + bins[..., 1]) * _BINS + bins[..., 2]
    histograms = []
    for region in (likely, ~likely):
        counts = np.bincount(bins[region], minlength=_BINS**3).astype(np.float32)
        smooth = ndimage.gaussian_filter(counts.reshape([_BINS] * 3), _BIN_SIGMA)
        histograms.append(smooth.ravel() / max(counts.sum(), 1.0) + 1e-5)
    share = histograms[0] / (histograms[0] + histograms[1])
    return share[bins]

"""The trained selector: an object found from a box, clicks and an earlier mask.

The network sees a window of the picture at `WINDOW_SIDE` pixels. A guided filter (He,
Sun and Tang, 2013; its fast form, He and Sun, 2015) moves the outline of its mask to
the picture's edges, at the picture's own size or, so that time does not grow with the
picture, at a half, a quarter and so on of it.

Boxes are (y0, x0, y1, x1) in pixels, end-exclusive; clicks are (y, x, is_object).
"""

import functools
from typing import Callable, NamedTuple, Optional, Sequence

import cv2
import numpy as np

from tf_btgmi import assets
from tf_btgmi.data.selection_windows import (
    WINDOW_SCALE,
    WINDOW_SIDE,
    Window,
    network_input,
    resized,
    window_around,
)
from tf_btgmi.inference.network import predict_function
from tf_btgmi.pictures.mask_arrays import bounding_box
from tf_btgmi.selection import grabcut

# A selection reaches at most this share of the box's side beyond a box.
_BEYOND_BOX = 0.25
# Side of the window over a box's longer side; on validation level with the 1.5 of most
# windows of the training.
_BOX_SCALE = 1.3
# GrabCut decides on what is less likely than this to be object or background.
_DECIDED = 0.75
# What a click decides, in pixels of the window.
_CLICK_RADIUS = 2
# With clicks alone the network looks again, closer, while the window shrinks by this.
# At the first look only what is this likely counts; on flat drawings all else may be
# wrong.
_CLOSER, _MAX_LOOKS, _FIRST_LIKELY = 0.7, 3, 0.8
# The guided filter: radius in pixels of its grid, and the variance of grey levels, in
# units of the range, that counts as an edge.
_GRID_SIDE, _RADIUS, _EDGE = 256, 4, 1e-2
# A window is halved until its longer side is below twice this; there its outline is
# found.
_DETAIL_SIDE = 700
# Regions, selected or not, below this share of a selection are noise of the picture; on
# validation none was better with them by .001 (IoU, 520 boxes).
_SPECK = 1e-3
# Smoothing of an outline that is enlarged, in pixels of the smaller mask.
_OUTLINE_SIGMA = 0.7


class Segmentation(NamedTuple):
    """The network's result for a window.

    Attributes:
        window: the window.
        likely: float32 [rows, columns], probability of the object, at the window's own
            size or at that halved.
    """

    window: Window
    likely: np.ndarray

    def selected(self) -> np.ndarray:
        """What is more likely object than not, without specks: bool, as `likely`."""
        selected = (self.likely >= 0.5).astype(np.uint8)
        least = _SPECK * selected.sum()
        for value in (1, 0):
            _, regions, statistics, _ = cv2.connectedComponentsWithStats(
                (selected == value).astype(np.uint8), connectivity=8
            )
            is_speck = statistics[:, cv2.CC_STAT_AREA] < least
            # Number 0 is what has the other value.
            is_speck[0] = False
            selected[is_speck[regions]] = 1 - value
        return selected > 0

    def place(self, y: float, x: float) -> tuple[int, int]:
        """The row and column of `likely` at a point of the picture."""
        rows, columns = self.likely.shape
        row = int((int(y) - self.window.top) * rows / self.window.height)
        column = int((int(x) - self.window.left) * columns / self.window.width)
        return row, column

    def reduced(self, mask: np.ndarray) -> np.ndarray:
        """The window's part of a mask of the picture, at the size of `likely`."""
        part = mask[self.window.slices]
        if part.shape == self.likely.shape:
            return part
        size = self.likely.shape[::-1]
        small = cv2.resize(part.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        return small > 0

    def in_picture(self, mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """A mask of the size of `likely` as one of the picture, bool."""
        whole = np.zeros(shape, bool)
        size = self.window.height, self.window.width
        if mask.shape != size:
            smooth = cv2.GaussianBlur(mask * np.uint8(255), (0, 0), _OUTLINE_SIGMA)
            mask = cv2.resize(smooth, size[::-1]) >= 128
        whole[self.window.slices] = mask
        return whole


def prepare() -> None:
    """Loads the network and runs it once."""
    find(np.zeros((WINDOW_SIDE, WINDOW_SIDE, 3), np.uint8), (0, 0, 1, 1))


def find(
    image: np.ndarray,
    box: Optional[Sequence[float]] = None,
    clicks: Sequence = (),
    mask: Optional[np.ndarray] = None,
) -> Segmentation:
    """Finds one object.

    Args:
        image: uint8 [H, W, 3].
        box: around the object; it meets the picture.
        clicks: on the object and beside it.
        mask: bool [H, W], the selection so far.

    Returns:
        The window with the probabilities in it; outside of it nothing is selected.
    """
    height, width = image.shape[:2]
    clicks = np.array(clicks, np.float64).reshape(-1, 3)
    if mask is not None and not mask.any():
        mask = None
    if box is not None or mask is not None:
        boxes = [] if mask is None else [bounding_box(mask)]
        near = _around([*boxes, *([] if box is None else [box])], clicks)
        scale = _BOX_SCALE if mask is None else WINDOW_SCALE
        window = window_around(near, height, width, scale)
        pixels = halved(image[window.slices], _DETAIL_SIDE)
        coarse = None
        if mask is not None:
            grey = mask[window.slices].view(np.uint8) * np.uint8(255)
            coarse = resized(halved(grey, _DETAIL_SIDE) >= 128)
        seen = resized(pixels)
        likely = _look(seen, window, box, clicks, coarse)
        return _fitted(pixels, seen, window, likely, box, clicks)
    window, coarse = Window(0, 0, height, width), None
    for look in range(1, _MAX_LOOKS + 1):
        pixels = halved(image[window.slices], _DETAIL_SIDE)
        seen = resized(pixels)
        likely = _look(seen, window, None, clicks, coarse)
        least = 0.5 if look > 1 else _FIRST_LIKELY
        region = _connected(likely >= least, window.clicks(clicks))
        boxes = []
        if region.any():
            corners = np.reshape(bounding_box(region), (2, 2)) / window.steps()
            boxes = [(corners + window[:2]).ravel()]
        closer = window_around(_around(boxes, clicks), height, width)
        if look == _MAX_LOOKS or max(closer[2:]) > _CLOSER * max(window[2:]):
            break
        window, coarse = closer, _moved(region, window, closer) >= 0.5
    return _fitted(pixels, seen, window, likely, None, clicks)


def _around(boxes, clicks) -> np.ndarray:
    """The common box of boxes and clicks."""
    boxes = [*boxes, *([y, x, y + 1, x + 1] for y, x, _ in clicks)]
    corners = np.array(boxes, np.float64)
    return np.concatenate([corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)])


def _connected(mask: np.ndarray, clicks: np.ndarray) -> np.ndarray:
    """The clicked regions of a mask; all of it if none was clicked."""
    _, regions = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    places = clicks[:, :2].clip(0, len(mask) - 1).astype(int)
    numbers = set(regions[tuple(places[clicks[:, 2] > 0].T)].tolist())
    clicked = np.isin(regions, list(numbers - {0}))
    return clicked if clicked.any() else mask


def _divided(seen: np.ndarray, likely: np.ndarray, clicks) -> np.ndarray:
    """1 on the object and 0 beside it: GrabCut decides what is not clear."""
    labels = np.where(likely >= 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[likely > _DECIDED] = cv2.GC_FGD
    labels[likely < 1 - _DECIDED] = cv2.GC_BGD
    for y, x, is_object in clicks:
        label = cv2.GC_FGD if is_object else cv2.GC_BGD
        cv2.circle(labels, (int(x), int(y)), _CLICK_RADIUS, int(label), -1)
    return grabcut.divide(seen, labels, iterations=2).astype(np.float32)


def _moved(values: np.ndarray, window: Window, other: Window) -> np.ndarray:
    """Resamples an array of one window to another; 0 outside the first."""
    scale = np.array(other[2:]) / window[2:]
    start = (np.array(other[:2]) - window[:2]) * window.steps()
    matrix = np.array([[scale[1], 0, start[1]], [0, scale[0], start[0]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (WINDOW_SIDE, WINDOW_SIDE)
    return cv2.warpAffine(values.astype(np.float32), matrix, size, flags=flags)


def halved(array: np.ndarray, side: int) -> np.ndarray:
    """An array of uint8, halved until its longer side is below twice `side`.

    Halving is by far the fastest way to average pixels.
    """
    while max(array.shape[:2]) >= 2 * side and min(array.shape[:2]) > 1:
        height, width = (length // 2 for length in array.shape[:2])
        array = array[: 2 * height, : 2 * width]
        array = cv2.resize(array, (width, height), interpolation=cv2.INTER_AREA)
    return array


def _look(seen: np.ndarray, window, box, clicks, mask) -> np.ndarray:
    """Probabilities at the size of the network's window, whose pixels are `seen`."""
    inputs = network_input(
        seen,
        None if box is None else window.box(np.array(box, np.float64)),
        window.clicks(clicks),
        np.zeros((WINDOW_SIDE, WINDOW_SIDE), bool) if mask is None else mask,
    )
    return 1.0 / (1.0 + np.exp(-_network()(inputs[None])[0, ..., 0]))


def _fitted(pixels, seen, window, likely: np.ndarray, box, clicks) -> Segmentation:
    """Probabilities at the size of the pixels, brought to their edges."""
    likely = _divided(seen, likely, window.clicks(clicks))
    likely = _guided(pixels, likely)
    if box is None:
        return Segmentation(window, likely)
    y0, x0, y1, x1 = box
    rows, columns = _BEYOND_BOX * (y1 - y0), _BEYOND_BOX * (x1 - x0)
    edges = np.array([y0 - rows, x0 - columns, y1 + rows, x1 + columns])
    edges = (edges - np.tile(window[:2], 2)) * np.tile(likely.shape, 2)
    edges = edges / np.tile(window[2:], 2)
    top, left, bottom, right = edges.round().clip(0).astype(int)
    allowed = np.zeros_like(likely)
    allowed[top:bottom, left:right] = likely[top:bottom, left:right]
    return Segmentation(window, allowed)


def _guided(pixels: np.ndarray, likely: np.ndarray) -> np.ndarray:
    """The guided filter of probabilities, at the size of the pixels."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _GRID_SIDE / max(height, width))
    grid = max(1, round(width * scale)), max(1, round(height * scale))
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    guide = grey.astype(np.float32) / 255
    coarse = cv2.resize(grey, grid, interpolation=cv2.INTER_AREA)
    coarse = coarse.astype(np.float32) / 255
    target = cv2.resize(likely.astype(np.float32), grid)
    mean = functools.partial(cv2.blur, ksize=(2 * _RADIUS + 1,) * 2)
    guide_mean, target_mean = mean(coarse), mean(target)
    variance = mean(coarse * coarse) - guide_mean**2
    slope = (mean(coarse * target) - guide_mean * target_mean) / (variance + _EDGE)
    offset = target_mean - slope * guide_mean
    slope, offset = (cv2.resize(mean(m), (width, height)) for m in (slope, offset))
    return slope * guide + offset


@functools.lru_cache(maxsize=1)
def _network() -> Callable[[np.ndarray], np.ndarray]:
    """The bundled network as a function of arrays."""
    # TensorFlow takes seconds to import; GrabCut alone does not need it.
    from tf_btgmi.releases import load_selector

    network = load_selector(assets.selector_folder())
    return predict_function(network, WINDOW_SIDE)

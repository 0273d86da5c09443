"""A smooth local colour change: learnt from a small picture, carried to a large one.

A network recolours an object at its own size. What it did is told here by affine maps
of RGB to RGB, one for each vertex of a coarse grid over place and brightness (a
bilateral grid: Chen, Paris and Durand 2007; affine maps in it: Chen et al. 2016,
"Bilateral guided upsampling"). Between vertices the maps are interpolated. Since a map
is applied to the pixels of the large picture, their detail stays.

Colours are RGB in 0 to 255 as pictures hold them; inside, they are in [0, 1].
"""

import cv2
import numpy as np

# Vertices down, along, and from black to white.
_ROWS, _COLUMNS, _LEVELS = 8, 8, 6
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# Both pictures are blurred by so many pixels first: what a network loses in sharpness
# must not be taken for a loss of contrast.
_BLUR = 1.5
# How many pixels of data it takes to move a vertex halfway from the map of the whole
# object, as a share of the mean number a vertex has; and the whole object's from the
# identity, as a share of all. A map's offset is free to move more than its slopes.
_LOCAL_STRENGTH = 0.02
_GLOBAL_STRENGTH = 1e-4
_PRECISION = np.diag([1.0, 1.0, 1.0, 0.1])
_STRIP = 128
# Rows and columns that the grid is drawn out to before it is applied.
_FINE = 128


class ColorGrid:
    """What happened to the colours of an object between two small pictures.

    Args:
        before: [h, w, 3] in [0, 255].
        after: [h, w, 3] in [0, 255].
        weight: [h, w], at least 0, some above: how much each pixel is the object's.
    """

    def __init__(self, before: np.ndarray, after: np.ndarray, weight: np.ndarray):
        weight = weight.astype(np.float32)
        before = _blurred(before.astype(np.float32) / 255, weight)
        after = _blurred(after.astype(np.float32) / 255, weight)
        height, width = weight.shape
        points = np.concatenate([before, np.ones_like(before[..., :1])], axis=-1)
        # Moments of each pixel: its outer product with itself and with the result.
        products = (
            points[..., :, None] * np.concatenate([points, after], -1)[..., None, :]
        )
        products *= weight[..., None, None]
        rows, columns = _hats(height, _ROWS), _hats(width, _COLUMNS)
        moments = np.empty((_LEVELS, _ROWS, _COLUMNS, 4, 7))
        luma = before @ _LUMA * (_LEVELS - 1)
        for level in range(_LEVELS):
            share = np.maximum(1.0 - np.abs(luma - level), 0.0)[..., None, None]
            moments[level] = np.einsum(
                "yr,yxij,xc->rcij", rows, products * share, columns, optimize=True
            )
        self._maps = _solve(moments).astype(np.float32)

    def apply(self, colors: np.ndarray) -> np.ndarray:
        """The same change to a picture of the same scene at any size.

        Args:
            colors: uint8 [H, W, 3].

        Returns:
            uint8 [H, W, 3].
        """
        height, width = colors.shape[:2]
        result = np.empty_like(colors)
        fine = self._fine_maps()
        x = _places(width, _FINE)
        for top in range(0, height, _STRIP):
            strip = np.s_[top : top + _STRIP]
            y = _places(height, _FINE)[strip]
            result[strip] = _mapped(colors[strip], fine, y, x)
        return result

    def _fine_maps(self) -> np.ndarray:
        """The maps with more rows and columns: [3, FINE, LEVELS * FINE, 4].

        OpenCV knows 32 places between two vertices; on the coarse grid each would be
        some pixels wide in a large picture, and steps would show.
        """
        rows, columns = _hats(_FINE, _ROWS), _hats(_FINE, _COLUMNS)
        fine = np.einsum("yr,lrcij,xc->jylxi", rows, self._maps, columns, optimize=True)
        return np.ascontiguousarray(fine, np.float32).reshape(3, _FINE, -1, 4)


def _mapped(colors: np.ndarray, fine: np.ndarray, y, x) -> np.ndarray:
    values = cv2.cvtColor(colors, cv2.COLOR_RGB2RGBA).astype(np.float32) / 255
    luma = values[..., :3] @ _LUMA * (_LEVELS - 1)
    lower = np.minimum(luma.astype(np.int32), _LEVELS - 2).astype(np.float32)
    share = luma - lower
    y = np.ascontiguousarray(np.broadcast_to(y[:, None], luma.shape))
    x = lower * _FINE + x
    result = np.empty_like(colors)
    for channel in range(3):
        below = cv2.remap(fine[channel], x, y, cv2.INTER_LINEAR)
        above = cv2.remap(fine[channel], x + _FINE, y, cv2.INTER_LINEAR)
        below, above = (np.einsum("hwc,hwc->hw", m, values) for m in (below, above))
        changed = (below + (above - below) * share) * 255
        result[..., channel] = changed.round().clip(0, 255)
    return result


def _places(length: int, num: int) -> np.ndarray:
    """Where the middle of each pixel lies between vertex 0 and vertex num - 1."""
    places = (np.arange(length, dtype=np.float32) + 0.5) / length
    return (places * (num - 1)).astype(np.float32)


def _hats(length: int, num: int) -> np.ndarray:
    """Weights of linear interpolation: [length, num], rows sum to 1."""
    distance = np.abs(_places(length, num)[:, None] - np.arange(num))
    return np.maximum(1.0 - distance, 0.0).astype(np.float32)


def _blurred(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The mean around each pixel, of the object's pixels alone."""

    def blur(array):
        return cv2.GaussianBlur(array, (0, 0), _BLUR, borderType=cv2.BORDER_CONSTANT)

    return blur(values * weight[..., None]) / np.maximum(blur(weight), 1e-6)[..., None]


def _solve(moments: np.ndarray) -> np.ndarray:
    """The affine map of each vertex, [levels, rows, columns, 4, 3]."""
    whole = moments.sum(axis=(0, 1, 2))
    mass = whole[3, 3]
    prior = _GLOBAL_STRENGTH * mass * _PRECISION
    identity = np.eye(4, 3)
    common = np.linalg.solve(whole[:, :4] + prior, whole[:, 4:] + prior @ identity)
    num_used = np.count_nonzero(moments[..., 3, 3] > 1e-3)
    prior = _LOCAL_STRENGTH * mass / num_used * _PRECISION
    return np.linalg.solve(moments[..., :4] + prior, moments[..., 4:] + prior @ common)

"""A smooth local colour change, fitted to a small picture and applied to a large one.

A network recolours an object at its own resolution. Its change is fitted by affine maps
from RGB to RGB, one per vertex of a bilateral grid, a coarse grid over position and
brightness (Chen, Paris and Durand 2007; affine maps: Chen et al. 2016, "Bilateral
guided upsampling"), and interpolated between vertices. Applied to the pixels of the
large picture, the maps keep their detail.

Public functions take colours in [0, 255]; internally they are in [0, 1].
"""

import cv2
import numpy as np

from tf_btgmi.pictures.levels import LUMA, rounded

# Vertices in y, in x, and from black to white.
_ROWS, _COLUMNS, _LEVELS = 8, 8, 6
_LUMA = np.float32(LUMA)
# Sigma of the blur of both pictures before the fit, in pixels: the network's lack of
# sharpness must not look like a loss of contrast.
_BLUR = 1.5
# Strength of the regularization of a vertex's map towards the map of the whole object,
# relative to the mean data per vertex, and of that map towards the identity, relative
# to all data. The offset of a map is regularized less than its slopes.
_LOCAL_STRENGTH = 0.02
_GLOBAL_STRENGTH = 1e-4
_PRECISION = np.diag([1.0, 1.0, 1.0, 0.1])
# Rows and columns that the change is applied to at once; OpenCV remaps at most 32,766.
_STRIP, _LONGEST = 128, 16_384
# Rows and columns to which the grid is interpolated before it is applied.
_FINE = 128


class ColorGrid:
    """The colour change of an object between two small pictures.

    Args:
        before: [h, w, 3] in [0, 255].
        after: [h, w, 3] in [0, 255].
        weight: [h, w], how much of each pixel belongs to the object; not all 0.
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
        """Applies the change to a picture of the same scene at any size.

        Args:
            colors: uint8 [H, W, 3].

        Returns:
            uint8 [H, W, 3].
        """
        height, width = colors.shape[:2]
        result = np.empty_like(colors)
        fine = self._fine_maps()
        x = _places(width, _FINE)
        y = _places(height, _FINE)
        for top in range(0, height, _STRIP):
            for left in range(0, width, _LONGEST):
                rows, columns = np.s_[top : top + _STRIP], np.s_[left : left + _LONGEST]
                part = np.ascontiguousarray(colors[rows, columns])
                result[rows, columns] = _mapped(part, fine, y[rows], x[columns])
        return result

    def _fine_maps(self) -> np.ndarray:
        """The maps on a finer grid, [3, FINE, LEVELS * FINE, 4].

        OpenCV interpolates in steps of 1/32 vertex. On the coarse grid such a step
        spans several pixels of a large picture and would be visible.
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
        result[..., channel] = rounded((below + (above - below) * share) * 255)
    return result


def _places(length: int, num: int) -> np.ndarray:
    """Positions of pixel centres among the vertices, from 0 to num - 1."""
    places = (np.arange(length, dtype=np.float32) + 0.5) / length
    return (places * (num - 1)).astype(np.float32)


def _hats(length: int, num: int) -> np.ndarray:
    """Weights of linear interpolation: [length, num], rows sum to 1."""
    distance = np.abs(_places(length, num)[:, None] - np.arange(num))
    return np.maximum(1.0 - distance, 0.0).astype(np.float32)


def _blurred(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Gaussian mean over the object's pixels alone."""

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

"""Removes colours from a fill that the picture does not have.

In a large hole a network sometimes paints a patch of a vivid colour, such as orange in
dark rock. A pixel is stray if its chroma in CIE Lab is far from that of every known
pixel, and from paler ones of the same hue. It takes on the mean chroma of the pixels
around it that are not stray, and keeps its lightness.
"""

import cv2
import numpy as np

from tf_btgmi.pictures.levels import rounded

# A chroma is known if so many pixels, at half of the picture's scale, have it or one
# that it is such a part of, within one unit along each axis.
_FEW = 5
_PALER = (0.0, 0.25, 0.5, 0.75, 1.0)
# Distances to the nearest known chroma, in units of Lab: not stray up to the first,
# completely from the second on.
_NEAR, _FAR = 6.0, 12.0
# The mean is taken over the nearest pixels that are not stray: sigmas in pixels at half
# scale, each used where at least this share of its weight is not stray.
_SIGMAS, _ENOUGH = (16.0, 8.0, 4.0, 2.0), 0.1
# Stray parts are widened by this many pixels, with an edge of this sigma.
_MARGIN, _SOFT = 2, 1.5


def without_stray_colors(filled: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Replaces the chroma of stray pixels by that of their surroundings.

    Args:
        filled: uint8 [H, W, 3] with the network's fill in the hole; it is not changed.
        hole: bool [H, W].

    Returns:
        uint8 [H, W, 3], equal to `filled` outside the hole.
    """
    lab = cv2.cvtColor(filled.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    chroma = _half(lab[..., 1:])
    stray = _strayness(chroma, _half(hole.astype(np.float32)))
    if not stray.any():
        return filled
    wide = cv2.dilate(stray, np.ones((2 * _MARGIN + 1,) * 2, np.uint8))
    stray = np.maximum(stray, cv2.GaussianBlur(wide, (0, 0), _SOFT))
    mean = _mean_around(chroma, (stray < 0.05).astype(np.float32))
    size = hole.shape[::-1]
    share = cv2.resize(stray, size)[..., np.newaxis]
    lab[..., 1:] += share * (cv2.resize(mean, size) - lab[..., 1:])
    changed = rounded(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255)
    return np.where(hole[..., np.newaxis] & (share > 0), changed, filled)


def _half(values: np.ndarray) -> np.ndarray:
    height, width = (max(side // 2, 1) for side in values.shape[:2])
    return cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA)


def _strayness(chroma: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """How far a pixel's chroma is from all known ones, [h, w] in [0, 1]."""
    seen = chroma[unknown == 0]
    seen = np.concatenate([seen * part for part in _PALER])
    known = np.bincount(_places(seen), minlength=256 * 256)
    known = known.reshape(256, 256).astype(np.float32)
    known = cv2.boxFilter(known, -1, (3, 3), normalize=False) >= _FEW
    stray = np.zeros(unknown.shape, np.float32)
    if known.any():
        distance = cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, 5)
        distance = distance.reshape(-1)[_places(chroma[unknown > 0])]
        stray[unknown > 0] = np.clip((distance - _NEAR) / (_FAR - _NEAR), 0.0, 1.0)
    return stray


def _places(chroma: np.ndarray) -> np.ndarray:
    """Index of each chroma [n, 2] in a table of 256 x 256."""
    rows, columns = np.clip(np.rint(chroma) + 128, 0, 255).astype(np.int32).T
    return rows * 256 + columns


def _mean_around(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean [h, w, C] of the values nearby that have a weight."""
    mean = np.zeros_like(values)
    for sigma in _SIGMAS:
        total = cv2.GaussianBlur(values * weights[..., np.newaxis], (0, 0), sigma)
        weight = cv2.GaussianBlur(weights, (0, 0), sigma)[..., np.newaxis]
        enough = np.minimum(weight / _ENOUGH, 1.0)
        mean += enough * (total / np.maximum(weight, 1e-6) - mean)
    return mean

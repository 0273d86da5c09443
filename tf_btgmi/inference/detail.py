"""Adds detail to fills of windows that were scaled down for the network.

A fill of 128 pixels, enlarged five times, is blurred beside a sharp picture. The
missing detail is taken from the picture itself, octave by octave: for each block of the
coarse fill, the most similar known patch of the coarse picture is found, and the
difference between that patch and its finer version is added (Freeman, Jones and Pasztor
2002, "Example-based super-resolution"; within one picture: Glasner, Bagon and Irani
2009). Networks predict the finest detail of their own scale only faintly. In the first
octave the known pixels are therefore compared as blurred as the fill is, and what the
blur removes from them is added as well. Colours and shapes remain those of the network.
The result is deterministic.
"""

import math
from typing import Optional

import cv2
import numpy as np

from tf_btgmi.inference import products
from tf_btgmi.pictures.levels import rounded
from tf_btgmi.pictures.mask_arrays import halved_mask

# Changes with the results; evaluations distinguish versions.
VERSION = 2

# Side and distance of the blocks in coarse pixels; they overlap by one.
_BLOCK = 4
_STRIDE = 3
# Coarse pixels around a block that are compared as well.
_BORDER = 1
_PATCH = _BLOCK + 2 * _BORDER
# A fill shows as much as a picture scaled down to this share of its side and back.
# Chosen on validation pictures: docs/log.md.
_FILL_RESOLUTION = 0.6
# Maximum number of known patches.
_MAX_PLACES = 12_000
# Larger windows are filled at this size; a blur of two pixels is invisible in a hole
# of thousands.
_MAX_SIDE = 4096
# Contrast in grey levels that counts as flat.
_GRAIN = 1.0
# Weight of a difference in mean colour, relative to one in structure.
_MEAN_WEIGHT = 0.5


def enlarge(
    fill: np.ndarray,
    window: np.ndarray,
    unknown: np.ndarray,
    excluded: Optional[np.ndarray] = None,
) -> np.ndarray:
    """Enlarges a fill to its window, with detail from the window's known pixels.

    Args:
        fill: uint8 [S, S, 3], the window at the network's size with its hole filled.
        window: uint8 [N, N, 3], N > S; may hold anything where `unknown`.
        unknown: bool [N, N], pixels to be filled.
        excluded: bool [N, N], known pixels that are not used as examples.

    Returns:
        uint8 [N, N, 3]: `window` where it is known, the enlarged fill elsewhere.
    """
    size, side = fill.shape[0], window.shape[0]
    excluded = unknown if excluded is None else unknown | excluded
    if side > _MAX_SIDE:
        return _enlarge_smaller(fill, window, unknown, excluded)
    num_octaves = max(1, round(math.log2(side / size)))
    base = math.ceil(side / 2**num_octaves)
    missing = base * 2**num_octaves - side
    window = np.pad(window, ((0, missing), (0, missing), (0, 0)), mode="symmetric")
    unknown, excluded = (
        np.pad(mask, ((0, missing), (0, missing)), mode="symmetric")
        for mask in (unknown, excluded)
    )
    levels = _pyramid(window.astype(np.float32), unknown, excluded, num_octaves)
    step = size / side * 2**num_octaves
    coarse = _resampled(fill.astype(np.float32), base, step)
    known, hole, _ = levels[-1]
    hole = hole[..., None]
    blurred = _blurred(np.where(hole, coarse, known), step * _FILL_RESOLUTION)
    coarse = np.where(hole, coarse, blurred)
    for (_, *masks), (known, hole, _) in zip(levels[:0:-1], levels[-2::-1]):
        coarse = _next_octave(coarse, *masks, known, hole)
    return rounded(coarse[:side, :side])


def _enlarge_smaller(fill, window, unknown, excluded) -> np.ndarray:
    small = (_MAX_SIDE, _MAX_SIDE)
    shrunk = cv2.resize(window, small, interpolation=cv2.INTER_AREA)
    masks = (
        cv2.resize(mask.astype(np.float32), small, interpolation=cv2.INTER_AREA) > 0
        for mask in (unknown, excluded)
    )
    enlarged = enlarge(fill, shrunk, *masks)
    side = window.shape[:2]
    enlarged = cv2.resize(enlarged, side, interpolation=cv2.INTER_CUBIC)
    return np.where(unknown[..., None], enlarged, window)


def _resampled(fill, base: int, step: float) -> np.ndarray:
    """Resamples the fill to `base` x `base` pixels, `step` (0.7 to 2) pixels apart."""
    offset = 0.5 * step - 0.5
    matrix = np.array([[step, 0.0, offset], [0.0, step, offset]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        fill, matrix, (base, base), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


def _blurred(image: np.ndarray, share: float) -> np.ndarray:
    """Scales a square image down to `share` of its side and back; not at 1 or more."""
    side = image.shape[0]
    small = round(side * share)
    if small >= side:
        return image
    image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR)


def _pyramid(window, unknown, excluded, num_octaves) -> list:
    """Image pyramid, finest level first: (image, unknown, excluded).

    A coarse pixel is unknown or excluded if any pixel below it is.
    """
    levels = [(window, unknown, excluded)]
    for _ in range(num_octaves):
        image, *masks = levels[-1]
        half = image.shape[0] // 2
        image = cv2.resize(image, (half, half), interpolation=cv2.INTER_AREA)
        levels.append((image, *map(halved_mask, masks)))
    return levels


def _next_octave(coarse, hole, excluded, fine, fine_hole) -> np.ndarray:
    """Fills the hole of `fine` from `coarse`, which is half as large."""
    blurred = cv2.resize(coarse, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    places = _places(excluded)
    blocks = _blocks(hole)
    if len(places):
        nearest = places[_match(coarse, blocks, places)]
        strength = _strength(coarse, blocks, nearest)
        blurred = blurred + _assemble(fine - blurred, blocks, nearest, strength)
    return np.where(fine_hole[..., None], blurred, fine)


def _places(excluded: np.ndarray) -> np.ndarray:
    """Corners [P, 2] of patches without excluded pixels, evenly subsampled."""
    # Enlarging uses one pixel beyond the patch.
    margin = _PATCH + 2
    counts = cv2.boxFilter(
        excluded.astype(np.float32),
        -1,
        (margin, margin),
        anchor=(0, 0),
        normalize=False,
    )
    height, width = excluded.shape
    free = counts[: height - margin + 1, : width - margin + 1] < 0.5
    corners = np.argwhere(free) + 1
    step = -(-len(corners) // _MAX_PLACES)
    return corners[:: max(step, 1)]


def _blocks(hole: np.ndarray) -> np.ndarray:
    """Corners [B, 2] of the patches whose blocks together cover the hole."""
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    last = hole.shape[0] - _PATCH
    ys = np.arange(rows[0] - 1 - _BORDER, rows[-1] + 1 - _BORDER, _STRIDE)
    xs = np.arange(columns[0] - 1 - _BORDER, columns[-1] + 1 - _BORDER, _STRIDE)
    corners = np.stack(np.meshgrid(ys, xs, indexing="ij"), -1).reshape(-1, 2)
    corners = np.unique(corners.clip(0, last), axis=0)
    size = _PATCH
    sums = cv2.integral(hole.astype(np.uint8))
    y, x = corners.T
    inside = sums[y + size, x + size] - sums[y, x + size] - sums[y + size, x]
    return corners[inside + sums[y, x] > 0]


def _match(coarse, blocks, places) -> np.ndarray:
    """For each block, the index of the most similar patch."""
    targets, examples = _describe(coarse, blocks), _describe(coarse, places)
    # Half the squared distance, without the block's own length, which does not change
    # the argmin.
    lengths = np.einsum("ij,ij->i", examples, examples)[:, None] / 2
    examples = np.concatenate([lengths, -examples], axis=1)
    targets = np.concatenate([np.ones_like(targets[:, :1]), targets], axis=1)
    return products.smallest(targets, examples)[0]


def _describe(coarse, corners) -> np.ndarray:
    patches = _cut(coarse, corners, _PATCH)
    means = patches.mean(axis=(1, 2), keepdims=True)
    patches = patches - (1.0 - _MEAN_WEIGHT) * means
    return patches.reshape(len(corners), -1)


def _strength(coarse, blocks, nearest) -> np.ndarray:
    """Contrast of the blocks over that of their matches, at most 1: [B].

    It keeps a flat fill flat where all known patches are noisy.
    """
    of_blocks, of_matches = (
        _cut(coarse, corners, _PATCH).std(axis=(1, 2)).mean(axis=1) + _GRAIN
        for corners in (blocks, nearest)
    )
    return np.minimum(of_blocks / of_matches, 1.0)


def _assemble(detail, blocks, nearest, strength) -> np.ndarray:
    """Copies the fine detail of `nearest` to the blocks, feathered."""
    side = 2 * _BLOCK
    overlap = 2 * (_BLOCK - _STRIDE)
    ramp = np.minimum(np.arange(side) + 0.5, overlap) / overlap
    ramp = np.minimum(ramp, ramp[::-1]).astype(np.float32)
    width = detail.shape[1]
    pixels = detail.reshape(-1, 3)
    total = np.zeros(pixels.shape, np.float32)
    weights = np.zeros((len(pixels), 1), np.float32)
    targets, sources = (
        (2 * (corners + _BORDER)) @ np.array([width, 1])
        for corners in (blocks, nearest)
    )
    strength = strength[:, None]
    # No two blocks have the same pixel at the same offset.
    for y, x in np.ndindex(side, side):
        weight, offset = ramp[y] * ramp[x], y * width + x
        total[targets + offset] += weight * strength * pixels[sources + offset]
        weights[targets + offset] += weight
    return (total / np.maximum(weights, 1e-6)).reshape(detail.shape)


def _cut(image, corners, side: int) -> np.ndarray:
    offsets = np.arange(side)
    y = corners[:, 0, None, None] + offsets[None, :, None]
    x = corners[:, 1, None, None] + offsets[None, None, :]
    return image[y, x]

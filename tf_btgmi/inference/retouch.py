"""Retouches fills near their edge with patches of the picture, at the network's scale.

A network's fill is softer than its surroundings, most visibly in thin holes. Near the
edge it is therefore replaced by known patches: the most similar known patch is found
for every patch that meets the hole, overlapping patches are averaged, and the search is
repeated on the result (Wexler, Shechtman and Irani 2007, "Space-time completion of
video"), with smaller and smaller patches. In a comparison, known pixels count far more
than the fill, which would select patches as soft as itself. A patch continues the match
of its neighbour where that fits nearly as well (Ashikhmin 2001, "Synthesizing natural
textures"), because agreeing votes are sharp. Patches from nearby are preferred, and a
patch takes on the mean colour of what it replaces (Darabi et al. 2012, "Image melding",
without its gains).

The network's fill is the initial value and remains deep inside the hole, where known
patches are only a guess. In between, the two are blended by the distance to the nearest
known pixel, and the change of colours is continued inwards, so that a sky that the
network made too bright leaves no spot. Finally, known patches also replace flat regions
deep inside, where faint patterns of the network would be visible. Before all this, the
fill loses colours that the picture does not have; `stray_colors.py`.

The result is deterministic.
"""

from typing import Optional

import cv2
import numpy as np

from tf_btgmi.inference.boxes import Box, slices
from tf_btgmi.inference.patch_search import KnownPatches, PatchSearch
from tf_btgmi.inference.stray_colors import without_stray_colors
from tf_btgmi.pictures.levels import rounded

# Changes with the results; evaluations distinguish versions.
VERSION = 6

# Passes from coarse to fine: side of a patch and distance of blocks in pixels, rounds,
# and whether the search starts from the matches of the previous pass.
_PASSES = ((7, 2, 3, False), (5, 2, 1, True), (3, 1, 1, False))
# Minimum number of known patches.
_MIN_PLACES = 50
# Weight in a comparison of a pixel of the fill at the hole's edge, relative to a known
# pixel, and its factor per pixel of distance from the edge.
_FILL_WEIGHT, _FARTHER_WEIGHT = 0.01, 0.7
# Distances to the nearest known pixel: only known patches up to the first, only the
# network's fill from the second on.
_NEAR, _FAR = 4.0, 8.0
# Sigma in pixels with which the change of colours is continued inwards.
_SPREAD = 8.0
# Differences between known patches and the fill, in grey levels: deep inside, known
# patches replace the fill completely up to the first, not at all from the second on.
_SAME, _OTHER = 4.0, 8.0
# The same for the contrast of the known surroundings, the standard deviation within a
# patch in grey levels: a dark forest has small differences but is not flat. Then the
# sigma of "surroundings" in pixels.
_FLAT, _RICH = 2.0, 5.0
_AROUND = 12.0


def retouch(
    filled: np.ndarray,
    hole: np.ndarray,
    excluded: Optional[np.ndarray] = None,
    box: Optional[Box] = None,
) -> np.ndarray:
    """Retouches the hole near its edge with known patches.

    Args:
        filled: uint8 [H, W, 3] with the network's fill in the hole; it is not changed.
        hole: bool [H, W].
        excluded: bool [H, W], known pixels that are not used as examples.
        box: where the hole is retouched, (y0, x0, y1, x1), end-exclusive. Default:
            everywhere.

    Returns:
        uint8 [H, W, 3], equal to `filled` outside the hole and the box, and up to a
        change of colours deep inside the hole.
    """
    if min(hole.shape) < _PASSES[0][0]:
        return filled
    image = filled.astype(np.float32)
    excluded = hole if excluded is None else excluded | hole
    known = [KnownPatches(image, excluded, side) for side, *_ in _PASSES]
    if any(len(patches.places) < _MIN_PLACES for patches in known):
        return filled
    retouched = hole
    if box is not None:
        retouched = np.zeros_like(hole)
        retouched[slices(box)] = hole[slices(box)]
    colored = without_stray_colors(filled, hole)
    np.copyto(image, colored, where=retouched[..., np.newaxis])
    distance = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5)
    weights = _pixel_weights(distance).reshape(-1)
    share = np.where(retouched, _share(distance), np.float32(0.0))
    source = image.reshape(-1, 3)
    drawn = _retouched(source, known, share, weights)
    rest = np.where(retouched, 1.0 - share, np.float32(0.0))
    if rest.any():
        change = _spread(drawn - source, share)
        drawn += rest.reshape(-1, 1) * change
        flat = np.where(rest > 0, _flatness(filled, hole), np.float32(0.0))
        if flat.any():
            whole = _retouched(drawn, known, np.ceil(flat), weights)
            share = flat * _similarity(drawn, whole, retouched)
            drawn += share.reshape(-1, 1) * (whole - drawn)
    return rounded(drawn.reshape(filled.shape))


def _retouched(source, known, share, weights) -> np.ndarray:
    """The source [H * W, 3], blended with known patches by a share [H, W]."""
    current, coarser, matches = source, None, None
    # Known pixels, whose weight is 1. The network's colours may be wrong; those of
    # retouched pixels are not.
    trusted = weights == 1.0
    for patches, (_, step, rounds, inherits) in zip(known, _PASSES):
        search = PatchSearch(patches, share > 0, step, weights)
        if not len(search.blocks):
            return source.copy()
        matches = search.inherited(coarser, matches) if inherits else None
        coarser = search
        for _ in range(rounds):
            matches = search.nearest(current, matches)
            drawn = _vote(
                search, search.examples(current, matches, trusted), len(source)
            )
            current = source + share.reshape(-1, 1) * (drawn - source)
            trusted |= share.reshape(-1) == 1.0
    return current


def _share(distance: np.ndarray) -> np.ndarray:
    """Share of a pixel that is retouched, by its distance to known pixels."""
    return np.where(distance > 0, _falling(distance, _NEAR, _FAR), np.float32(0.0))


def _pixel_weights(distance: np.ndarray) -> np.ndarray:
    """Weight of a pixel in a comparison, by its distance to known pixels."""
    # Without the minimum, float32 would underflow some 200 pixels inside the hole.
    farther = _FARTHER_WEIGHT ** np.minimum(distance, 40)
    return np.where(distance > 0, _FILL_WEIGHT * farther, 1.0).astype(np.float32)


def _vote_weights(side: int) -> np.ndarray:
    """Weights of a patch's votes, largest in its middle: [side ** 2] float32."""
    profile = cv2.getGaussianKernel(side, side / 3).astype(np.float32)
    return (profile @ profile.T).reshape(-1)


def _vote(search, examples, num_pixels: int) -> np.ndarray:
    """Weighted mean [num_pixels, 3] of examples [B, S, 3]; 0 without any."""
    targets = search.pixels.reshape(-1)
    votes = np.tile(_vote_weights(search.known.side), len(examples))
    total = np.stack(
        [
            np.bincount(targets, votes * channel, num_pixels).astype(np.float32)
            for channel in (*examples.reshape(-1, 3).T, np.float32(1.0))
        ],
        axis=-1,
    )
    return total[:, :3] / np.maximum(total[:, 3:], 1e-6)


def _spread(change, share) -> np.ndarray:
    """The mean change [H * W, 3] of the retouched pixels nearby, 0 far from all."""
    change = change.reshape(share.shape + (3,))
    return _mean_nearby(change, share[..., None], _SPREAD).reshape(-1, 3)


def _similarity(one, other, hole) -> np.ndarray:
    """How far two fills [H * W, 3] show the same, [H, W], 0 outside the hole."""
    difference = np.abs(one - other).mean(axis=1).reshape(hole.shape)
    difference = cv2.blur(difference, (_PASSES[0][0],) * 2)
    return np.where(hole, _falling(difference, _SAME, _OTHER), np.float32(0.0))


def _flatness(picture, hole) -> np.ndarray:
    """Flatness of the known surroundings of a pixel, [H, W] in [0, 1]."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    window = (_PASSES[0][0],) * 2
    variance = cv2.blur(grey * grey, window) - cv2.blur(grey, window) ** 2
    contrast = np.sqrt(np.maximum(variance, 0.0))
    known = (cv2.blur(hole.astype(np.float32), window) == 0).astype(np.float32)
    # Without known pixels nearby, nothing counts as flat.
    nearby = _mean_nearby(known * contrast, known, _AROUND, far=_RICH)
    return _falling(nearby, _FLAT, _RICH)


def _mean_nearby(weighted, weights, sigma: float, far: float = 0.0) -> np.ndarray:
    """Weighted Gaussian mean of weighted values; `far` far from all weights."""
    total = cv2.GaussianBlur(weighted, (0, 0), sigma)
    weight = cv2.GaussianBlur(weights, (0, 0), sigma).reshape(weights.shape)
    return (total + 1e-3 * far) / (weight + 1e-3)


def _falling(values, low: float, high: float) -> np.ndarray:
    """Linear from 1 at low to 0 at high, constant beyond, float32."""
    return np.clip((high - values) / (high - low), 0.0, 1.0).astype(np.float32)

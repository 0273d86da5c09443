"""Fills at the network's own scale, redrawn near their edge with the picture's pixels.

A network's fill is softer than what lies around it, which shows most in thin holes,
where known pixels are close. So near the edge the fill is made anew from known patches:
every patch that meets the hole looks for the known one most alike, all of them vote for
the pixels they cover, and that is done again on the result (Wexler, Shechtman and Irani
2007, "Space-time completion of video"), with smaller and smaller patches. Known pixels
count far more in a comparison than the fill, which would ask for patches as soft as it
is. Where the patch beside it would go on just as well, a patch goes on with it
(Ashikhmin 2001, "Synthesizing natural textures"), since votes that agree are sharp.

The network's fill is what it starts from and what stays deep inside, where a known
patch is only a guess: over the distance to the nearest known pixel the one fades into
the other, and colours move there by as much as they did nearby, so that a sky which
the network made a little too bright is not left as a spot. Last, known patches take
over deep inside too where they show the same: in what is flat or even, where a
network's faint patterns would be seen.

A pure function of its arguments: no random choice is made.
"""

from typing import Optional

import cv2
import numpy as np

from tf_btgmi.inference.patch_search import KnownPatches, PatchSearch

# Other results under other numbers: evaluations keep them apart.
VERSION = 3

# From coarse to fine: a patch's side and the distance of two blocks, in pixels, the
# rounds, and whether the search starts from the matches of the pass before.
_PASSES = ((7, 2, 3, False), (5, 2, 1, True), (3, 1, 1, False))
# With fewer known patches than this there is nothing to choose from.
_MIN_PLACES = 50
# What a pixel of the fill counts in a comparison where a known one counts 1, at the
# hole's edge and, as a factor, a pixel farther inside.
_FILL_WEIGHT, _FARTHER_WEIGHT = 0.01, 0.7
# Pixels from the nearest known one: all known patches up to the first, all the
# network's from the second on.
_NEAR, _FAR = 4.0, 8.0
# How far colours' change reaches into the rest: a Gaussian's sigma, in pixels.
_SPREAD = 8.0
# Deep inside known patches take over where they differ from the fill by so few grey
# levels that they show the same: fully up to the first, not from the second on.
_SAME, _OTHER = 4.0, 8.0
# The same for the contrast (standard deviation in a patch, in grey levels) of what is
# known around: a dark forest differs by little and is not flat. A Gaussian's sigma.
_FLAT, _RICH = 2.0, 5.0
_AROUND = 12.0


def retouch(
    filled: np.ndarray, hole: np.ndarray, excluded: Optional[np.ndarray] = None
) -> np.ndarray:
    """Redraws the hole near its edge with known patches.

    Args:
        filled: uint8 [H, W, 3] with the network's fill in the hole; it is not changed.
        hole: bool [H, W].
        excluded: bool [H, W], pixels that are no examples; None for the hole alone.

    Returns:
        uint8 [H, W, 3], equal to `filled` outside the hole, and deep inside it but for
        a smooth change of colours.
    """
    if min(hole.shape) < _PASSES[0][0]:
        return filled
    image = filled.astype(np.float32)
    excluded = hole if excluded is None else excluded | hole
    known = [KnownPatches(image, excluded, side) for side, *_ in _PASSES]
    if any(len(patches.places) < _MIN_PLACES for patches in known):
        return filled
    distance = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5)
    weights = _pixel_weights(distance).reshape(-1)
    share = _share(distance)
    source = image.reshape(-1, 3)
    drawn = _redraw(source, known, share, weights)
    rest = np.where(hole, 1.0 - share, np.float32(0.0))
    if rest.any():
        change = _spread(drawn - source, share)
        drawn += rest.reshape(-1, 1) * change
        flat = np.where(rest > 0, _flatness(filled, hole), np.float32(0.0))
        if flat.any():
            whole = _redraw(drawn, known, np.ceil(flat), weights)
            share = flat * _similarity(drawn, whole, hole)
            drawn += share.reshape(-1, 1) * (whole - drawn)
    return drawn.reshape(filled.shape).round().clip(0, 255).astype(np.uint8)


def _redraw(source, known, share, weights) -> np.ndarray:
    """The source [H * W, 3], blended with known patches by a share [H, W]."""
    current, coarser, matches = source, None, None
    for patches, (side, step, rounds, inherits) in zip(known, _PASSES):
        search = PatchSearch(patches, share > 0, step, weights)
        if not len(search.blocks):
            return source.copy()
        matches = search.inherited(coarser, matches) if inherits else None
        coarser = search
        for _ in range(rounds):
            matches = search.nearest(current, matches)
            drawn = _vote(source, search.blocks, matches, patches.offsets, side)
            current = source + share.reshape(-1, 1) * (drawn - source)
    return current


def _share(distance: np.ndarray) -> np.ndarray:
    """How much of a pixel is redrawn, by its distance to a known one."""
    return np.where(distance > 0, _falling(distance, _NEAR, _FAR), np.float32(0.0))


def _pixel_weights(distance: np.ndarray) -> np.ndarray:
    """Weight of a pixel in a comparison, by its distance to a known one."""
    # In float32 it would be 0 some 200 pixels inside; a patch must have some weight.
    farther = _FARTHER_WEIGHT ** np.minimum(distance, 40)
    return np.where(distance > 0, _FILL_WEIGHT * farther, 1.0).astype(np.float32)


def _vote_weights(side: int) -> np.ndarray:
    """Weights of a patch's votes, largest in its middle: [side ** 2] float32."""
    profile = cv2.getGaussianKernel(side, side / 3).astype(np.float32)
    return (profile @ profile.T).reshape(-1)


def _vote(source, blocks, matches, offsets, side: int) -> np.ndarray:
    """The weighted mean of the matches that overlap at a pixel; 0 where none does."""
    targets = (blocks[:, None] + offsets).reshape(-1)
    pixels = source[(matches[:, None] + offsets).reshape(-1)]
    votes = np.tile(_vote_weights(side), len(blocks))
    total = np.stack(
        [
            np.bincount(targets, votes * channel, len(source)).astype(np.float32)
            for channel in (*pixels.T, np.float32(1.0))
        ],
        axis=-1,
    )
    return total[:, :3] / np.maximum(total[:, 3:], 1e-6)


def _spread(change, share) -> np.ndarray:
    """The mean change [H * W, 3] of the redrawn pixels nearby, 0 far from all."""
    change = change.reshape(share.shape + (3,))
    return _mean_nearby(change, share[..., None], _SPREAD).reshape(-1, 3)


def _similarity(one, other, hole) -> np.ndarray:
    """How far two fills [H * W, 3] show the same, [H, W], 0 outside the hole."""
    difference = np.abs(one - other).mean(axis=1).reshape(hole.shape)
    difference = cv2.blur(difference, (_PASSES[0][0],) * 2)
    return np.where(hole, _falling(difference, _SAME, _OTHER), np.float32(0.0))


def _flatness(picture, hole) -> np.ndarray:
    """How flat the known part around a pixel is, [H, W] in 0 to 1."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    window = (_PASSES[0][0],) * 2
    variance = cv2.blur(grey * grey, window) - cv2.blur(grey, window) ** 2
    contrast = np.sqrt(np.maximum(variance, 0.0))
    known = (cv2.blur(hole.astype(np.float32), window) == 0).astype(np.float32)
    # Where nothing is known nearby, nothing is known to be flat.
    nearby = _mean_nearby(known * contrast, known, _AROUND, far=_RICH)
    return _falling(nearby, _FLAT, _RICH)


def _mean_nearby(weighted, weights, sigma: float, far: float = 0.0) -> np.ndarray:
    """A Gaussian mean of values that come times their weights; `far` far from all."""
    total = cv2.GaussianBlur(weighted, (0, 0), sigma)
    weight = cv2.GaussianBlur(weights, (0, 0), sigma).reshape(weights.shape)
    return (total + 1e-3 * far) / (weight + 1e-3)


def _falling(values, low: float, high: float) -> np.ndarray:
    """1 up to low, 0 from high on, float32."""
    return np.clip((high - values) / (high - low), 0.0, 1.0).astype(np.float32)

"""Fills at the network's own scale, redrawn near their edge with the picture's pixels.

A network's fill is softer than what lies around it, which shows most in thin holes,
where known pixels are close. So near the edge the fill is made anew from known patches:
every patch that meets the hole looks for the known one most alike, all of them vote for
the pixels they cover, and that is done again on the result (Wexler, Shechtman and Irani
2007, "Space-time completion of video"). The network's fill is what it starts from and
what stays deep inside, where a known patch is only a guess: over the distance to the
nearest known pixel the one fades into the other.

A pure function of its arguments: no random choice is made.
"""

from typing import Tuple

import cv2
import numpy as np

# A patch's side, and the distance of two that look for a known one, in pixels.
_PATCH = 7
_STRIDE = 2
_ROUNDS = 5
# Known patches that are compared with, at most, evenly thinned out; with fewer than
# the least there is nothing to choose from.
_MAX_PLACES = 4_000
_MIN_PLACES = 50
# Patches are compared along the directions in which the known ones differ most.
_DIRECTIONS = 24
_BATCH = 256
# Pixels from the nearest known one: all known patches up to the first, all the
# network's from the second on.
_NEAR, _FAR = 5.0, 9.0

_OFFSETS = np.stack(np.indices((_PATCH, _PATCH)), -1).reshape(-1, 2)


def retouch(filled: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Redraws the hole near its edge with known patches.

    Args:
        filled: uint8 [H, W, 3], with the network's fill in the hole; not changed.
        hole: bool [H, W].

    Returns:
        uint8 [H, W, 3], equal to `filled` outside the hole and deep inside it.
    """
    if min(hole.shape) < _PATCH:
        return filled
    share = _share(hole)
    places, blocks = _places(hole), _blocks(share > 0)
    if len(places) < _MIN_PLACES or not len(blocks):
        return filled
    source = filled.reshape(-1, 3).astype(np.float32)
    offsets = _OFFSETS @ [filled.shape[1], 1]
    known = _cut(source, places, offsets)
    describe = _description(known)
    given = describe(known)
    share = share.reshape(-1, 1)
    current = source
    for _ in range(_ROUNDS):
        wanted = describe(_cut(current, blocks, offsets))
        nearest = places[_match(wanted, given)]
        drawn = _vote(source, blocks, nearest, offsets)
        current = source + share * (drawn - source)
    return current.reshape(filled.shape).round().clip(0, 255).astype(np.uint8)


def _share(hole: np.ndarray) -> np.ndarray:
    """How much of a pixel is redrawn, [H, W] float32: 0 where it is known."""
    distance = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5)
    share = np.clip((_FAR - distance) / (_FAR - _NEAR), 0.0, 1.0)
    return np.where(hole, share, 0.0).astype(np.float32)


def _places(hole: np.ndarray) -> np.ndarray:
    """Numbers [P] of the corners of patches without a hole pixel, thinned out."""
    free = np.flatnonzero(_inside(hole) == 0)
    step = max(1, -(-len(free) // _MAX_PLACES))
    return _numbers(free[::step], hole.shape)


def _blocks(redrawn: np.ndarray) -> np.ndarray:
    """Numbers [B] of the corners of patches that together cover what is redrawn."""
    count = _inside(redrawn)
    rows, columns = (np.arange(side) % _STRIDE == 0 for side in count.shape)
    # The last patch reaches the picture's end, wherever the grid ends.
    rows[-1:] = columns[-1:] = True
    on_grid = rows[:, None] & columns
    return _numbers(np.flatnonzero(on_grid & (count > 0)), redrawn.shape)


def _inside(pixels: np.ndarray) -> np.ndarray:
    """How many of some pixels a patch has, by its corner: [H - 6, W - 6]."""
    sums = cv2.integral(pixels.astype(np.uint8))
    rows = sums[_PATCH:] - sums[:-_PATCH]
    return rows[:, _PATCH:] - rows[:, :-_PATCH]


def _numbers(corners: np.ndarray, shape: Tuple[int, int]) -> np.ndarray:
    """Corners counted among patches, counted among the picture's pixels instead."""
    y, x = np.divmod(corners, shape[1] - _PATCH + 1)
    return y * shape[1] + x


def _weights() -> np.ndarray:
    """A patch's votes, most for its middle: [_PATCH ** 2] float32."""
    profile = cv2.getGaussianKernel(_PATCH, _PATCH / 3).astype(np.float32)
    return (profile @ profile.T).reshape(-1)


def _cut(pixels: np.ndarray, corners: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    return pixels[corners[:, None] + offsets].reshape(len(corners), -1)


def _description(patches: np.ndarray):
    """A function from patches [N, P] to their coordinates [N, D], D < P."""
    mean = patches.mean(axis=0)
    patches = patches - mean
    _, directions = np.linalg.eigh(patches.T @ patches)
    directions = np.ascontiguousarray(directions[:, -_DIRECTIONS:])
    return lambda patches: (patches - mean) @ directions


def _match(wanted: np.ndarray, given: np.ndarray) -> np.ndarray:
    """For each description of a block the index of the nearest one of a place."""
    # Squared distances over two, but for the block's own length: no choice of it.
    half = 0.5 * np.einsum("ij,ij->i", given, given)
    found = []
    for start in range(0, len(wanted), _BATCH):
        likeness = wanted[start : start + _BATCH] @ given.T
        likeness -= half
        found.append(likeness.argmax(axis=1))
    return np.concatenate(found)


def _vote(source, blocks, nearest, offsets) -> np.ndarray:
    """The weighted mean of what the known patches put at a pixel; 0 where none does."""
    total = np.zeros(source.shape, np.float32)
    weights = np.zeros((len(source), 1), np.float32)
    # No two blocks have the same pixel at the same offset.
    for offset, weight in zip(offsets, _weights()):
        total[blocks + offset] += weight * source[nearest + offset]
        weights[blocks + offset] += weight
    return total / np.maximum(weights, 1e-6)

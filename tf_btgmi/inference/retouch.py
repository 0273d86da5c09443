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

from typing import Optional, Tuple

import cv2
import numpy as np

# Other results under other numbers: evaluations keep them apart.
VERSION = 2

# From coarse to fine: a patch's side, the distance of two that look for a known one, in
# pixels, and the rounds.
_PASSES = ((7, 2, 3), (5, 2, 1), (3, 1, 1))
# Known patches that all others are compared with, at most, evenly thinned out; the rest
# is reached from these. With fewer than the least there is nothing to choose from.
_MAX_PLACES = 4_000
_MIN_PLACES = 50
_BATCH = 256
# What a pixel of the fill counts in a comparison where a known one counts 1, at the
# hole's edge and, as a factor, a pixel farther inside.
_FILL_COUNTS, _FARTHER_COUNTS = 0.01, 0.7
# In each round: how often neighbours are followed, and how much worse (squared
# distance) a patch may fit that goes on with its neighbour's.
_FOLLOWS = 2
_COHERENCE = 1.2
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


def retouch(filled: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Redraws the hole near its edge with known patches.

    Args:
        filled: uint8 [H, W, 3], with the network's fill in the hole; not changed.
        hole: bool [H, W].

    Returns:
        uint8 [H, W, 3], equal to `filled` outside the hole, and deep inside it but for
        a smooth change of colours.
    """
    distance = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5)
    counts = _counts(distance).reshape(-1)
    share = _share(distance)
    source = filled.reshape(-1, 3).astype(np.float32)
    drawn = _redraw(source, hole, share, counts)
    if drawn is None:
        return filled
    rest = np.where(hole, 1.0 - share, np.float32(0.0))
    change = _spread(drawn - source, share)
    drawn += rest.reshape(-1, 1) * change
    if rest.any():
        whole = _redraw(drawn, hole, np.ceil(rest), counts)
        share = _alike(drawn, whole, hole) * _flatness(filled, hole)
        drawn += share.reshape(-1, 1) * (whole - drawn)
    return drawn.reshape(filled.shape).round().clip(0, 255).astype(np.uint8)


def _redraw(source, hole, share, counts) -> Optional[np.ndarray]:
    """source [H * W, 3] with a share [H, W] of each pixel drawn by known patches.

    Returns:
        float32 [H * W, 3]; None where too few patches are known.
    """
    current = source
    for side, step, rounds in _PASSES:
        places, blocks = _places(hole, side), _blocks(share > 0, side, step)
        if len(places) < _MIN_PLACES or not len(blocks):
            return None
        offsets = _offsets(side, hole.shape[1])
        known = _patches(source, side, hole.shape[1])
        search = _Search(known, places, blocks, counts[blocks[:, None] + offsets])
        found = None
        for _ in range(rounds):
            wanted = _cut(current, blocks, offsets)
            found = search.among_thinned(wanted) if found is None else found
            found = search.beside(wanted, found, step, hole.shape[1])
            drawn = _vote(source, blocks, found, offsets)
            current = source + share.reshape(-1, 1) * (drawn - source)
    return current


class _Search:
    """For the patches at `blocks` the most similar known ones.

    Patches are named by the number of their corner among the picture's pixels. Their
    distance is that of their pixels squared, times what the block's pixels count.
    """

    def __init__(self, patches, places, blocks, counts):
        """Takes patches [N, S * 3] by corner, corners [P] and [B], counts [B, S]."""
        self._patches, self._blocks, self._counts = patches, blocks, counts
        self._counts_of_colors = np.repeat(counts, 3, axis=1)
        self._thinned = places[:: -(-len(places) // _MAX_PLACES)]
        self._is_place = np.zeros(len(patches), bool)
        self._is_place[places] = True
        self._number = np.full(len(patches), -1)
        self._number[blocks] = np.arange(len(blocks))

    def among_thinned(self, wanted: np.ndarray) -> np.ndarray:
        """Corners [B] of what is nearest to blocks that look like wanted [B, S * 3]."""
        known = self._patches[self._thinned]
        squares = (known * known).reshape(len(known), -1, 3).sum(axis=2)
        found = []
        for start in range(0, len(wanted), _BATCH):
            part = slice(start, start + _BATCH)
            # But for what depends on the block alone: no choice of it.
            distances = self._counts[part] @ squares.T
            distances -= (2 * self._counts_of_colors[part] * wanted[part]) @ known.T
            found.append(self._thinned[distances.argmin(axis=1)])
        return np.concatenate(found)

    def beside(self, wanted, found, step: int, width: int) -> np.ndarray:
        """Betters `found` [B] by what lies beside it.

        A block may go on with the patch of the block `step` pixels away, and then move
        by a pixel (Barnes et al. 2009, "PatchMatch", without its random search).
        """
        found = found.copy()
        cost = self._distance(wanted, found, np.arange(len(found)))
        for _ in range(_FOLLOWS):
            for shift in (step * width, step, -step * width, -step):
                # A shift over the picture's side, by less than a patch, meets no block.
                neighbours = self._look_up(self._number, self._blocks + shift, -1)
                goes_on = np.where(neighbours >= 0, found[neighbours] - shift, -1)
                self._move(found, cost, wanted, goes_on, _COHERENCE)
            for shift in (1, -1, width, -width):
                self._move(found, cost, wanted, found + shift, 1.0)
        return found

    def _move(self, found, cost, wanted, corners, tolerance: float) -> None:
        """Moves blocks to the places among corners [B] where that costs less."""
        is_place = self._look_up(self._is_place, corners, False)
        blocks = np.flatnonzero(is_place & (corners != found))
        there = self._distance(wanted, corners[blocks], blocks)
        better = there < tolerance * cost[blocks]
        found[blocks[better]] = corners[blocks[better]]
        cost[blocks[better]] = there[better]

    def _distance(self, wanted, corners, blocks) -> np.ndarray:
        difference = wanted[blocks] - self._patches[corners]
        difference *= difference
        return np.einsum("ij,ij->i", difference, self._counts_of_colors[blocks])

    @staticmethod
    def _look_up(table: np.ndarray, corners: np.ndarray, otherwise):
        inside = (corners >= 0) & (corners < len(table))
        return np.where(inside, table[np.where(inside, corners, 0)], otherwise)


def _share(distance: np.ndarray) -> np.ndarray:
    """How much of a pixel is redrawn, by its distance to a known one."""
    return np.where(distance > 0, _falling(distance, _NEAR, _FAR), np.float32(0.0))


def _counts(distance: np.ndarray) -> np.ndarray:
    """What a pixel counts in a comparison, by its distance to a known one."""
    # In float32 it would be 0 some 200 pixels inside; a patch must count somewhere.
    farther = _FARTHER_COUNTS ** np.minimum(distance, 40)
    return np.where(distance > 0, _FILL_COUNTS * farther, 1.0).astype(np.float32)


def _places(hole: np.ndarray, side: int) -> np.ndarray:
    """Numbers [P] of the corners of patches without a hole pixel."""
    return _numbers(_inside(hole, side) == 0, hole.shape)


def _blocks(redrawn: np.ndarray, side: int, step: int) -> np.ndarray:
    """Numbers [B] of the corners of patches that together cover what is redrawn."""
    count = _inside(redrawn, side)
    rows, columns = (np.arange(length) % step == 0 for length in count.shape)
    # The last patch reaches the picture's end, wherever the grid ends.
    rows[-1:] = columns[-1:] = True
    return _numbers((rows[:, None] & columns) & (count > 0), redrawn.shape)


def _inside(pixels: np.ndarray, side: int) -> np.ndarray:
    """How many of some pixels a patch has, by its corner: [H - side + 1, ...]."""
    sums = cv2.integral(pixels.astype(np.uint8))
    rows = sums[side:] - sums[:-side]
    return rows[:, side:] - rows[:, :-side]


def _numbers(chosen: np.ndarray, shape: Tuple[int, int]) -> np.ndarray:
    """Chosen patches, by their corners' numbers among the picture's pixels."""
    y, x = np.nonzero(chosen)
    return y * shape[1] + x


def _offsets(side: int, width: int) -> np.ndarray:
    """From a corner's number to those of the patch's pixels: [side ** 2]."""
    return (np.arange(side)[:, None] * width + np.arange(side)).reshape(-1)


def _patches(pixels: np.ndarray, side: int, width: int) -> np.ndarray:
    """All patches [N, S * 3] of pixels [H * W, 3], by corner; some go over the side."""
    row = np.lib.stride_tricks.sliding_window_view(pixels.reshape(-1), 3 * side)[::3]
    count = len(pixels) - (side - 1) * (width + 1)
    patches = np.empty((count, side, 3 * side), np.float32)
    for y in range(side):
        patches[:, y] = row[y * width : y * width + count]
    return patches.reshape(count, -1)


def _weights(side: int) -> np.ndarray:
    """A patch's votes, most for its middle: [side ** 2] float32."""
    profile = cv2.getGaussianKernel(side, side / 3).astype(np.float32)
    return (profile @ profile.T).reshape(-1)


def _cut(pixels: np.ndarray, corners: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    return pixels[corners[:, None] + offsets].reshape(len(corners), 3 * len(offsets))


def _vote(source, blocks, nearest, offsets) -> np.ndarray:
    """The weighted mean of what the known patches put at a pixel; 0 where none does."""
    total = np.zeros(source.shape, np.float32)
    weights = np.zeros((len(source), 1), np.float32)
    # No two blocks have the same pixel at the same offset.
    for offset, weight in zip(offsets, _weights(int(len(offsets) ** 0.5))):
        total[blocks + offset] += weight * source[nearest + offset]
        weights[blocks + offset] += weight
    return total / np.maximum(weights, 1e-6)


def _spread(change, share) -> np.ndarray:
    """The mean change [H * W, 3] of the redrawn pixels nearby, 0 far from all."""
    both = np.concatenate(
        [change.reshape(share.shape + (3,)), share[..., None]], axis=2
    )
    both = cv2.GaussianBlur(both, (0, 0), _SPREAD).reshape(-1, 4)
    return both[:, :3] / (both[:, 3:] + 1e-3)


def _alike(one, other, hole) -> np.ndarray:
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
    total = cv2.GaussianBlur(known * contrast, (0, 0), _AROUND)
    weight = cv2.GaussianBlur(known, (0, 0), _AROUND)
    # Where nothing is known nearby, nothing is known to be flat.
    return _falling((total + 1e-3 * _RICH) / (weight + 1e-3), _FLAT, _RICH)


def _falling(values, low: float, high: float) -> np.ndarray:
    """1 up to low, 0 from high on, float32."""
    return np.clip((high - values) / (high - low), 0.0, 1.0).astype(np.float32)

"""Finds, for patches that meet a hole, the most similar known patches of a picture.

A patch is named by the number of its corner among the picture's pixels, [H * W].
"""

from typing import Optional, Tuple

import cv2
import numpy as np

# Known patches that all others are compared with, at most, evenly thinned out; the rest
# is reached from these.
_MAX_PLACES = 4_000
_BATCH = 256
# In each round: how often neighbours are followed, and how much worse (squared
# distance) a patch may fit that goes on with its neighbour's.
_FOLLOWS = 2
_COHERENCE = 1.2


class PatchSearch:
    """Known patches for the patches ("blocks") that cover what is to be redrawn.

    A distance is that of the pixels squared, times what the block's pixels count.

    Attributes:
        places: corners [P] of the known patches.
        blocks: corners [B].
        offsets: from a corner to the patch's pixels, [S].
    """

    def __init__(self, source, hole, redrawn, side: int, step: int, counts):
        """Takes pixels [H * W, 3], two masks [H, W], patches' side, counts [H * W].

        Blocks are step pixels apart.
        """
        self._step, self._width = step, hole.shape[1]
        self.places, self.blocks = _places(hole, side), _blocks(redrawn, side, step)
        self.offsets = _offsets(side, self._width)
        self._patches = _patches(source, side, self._width)
        self._thinned = self.places[:: max(1, -(-len(self.places) // _MAX_PLACES))]
        self._counts = counts[self.blocks[:, None] + self.offsets]
        self._counts_of_colors = np.repeat(self._counts, 3, axis=1)
        self._is_place = np.zeros(len(source), bool)
        self._is_place[self.places] = True
        self._number = np.full(len(source), -1)
        self._number[self.blocks] = np.arange(len(self.blocks))

    def nearest(self, current: np.ndarray, begin: Optional[np.ndarray] = None):
        """The corners [B] of the places found for the blocks of current [H * W, 3].

        With begin, what was found before, only its neighbourhood is searched.
        """
        wanted = current[self.blocks[:, None] + self.offsets]
        wanted = wanted.reshape(len(self.blocks), 3 * len(self.offsets))
        if begin is None:
            begin = self._among_thinned(wanted)
        return self._beside(wanted, begin)

    def _among_thinned(self, wanted: np.ndarray) -> np.ndarray:
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

    def _beside(self, wanted, found) -> np.ndarray:
        """Betters `found` [B] by what lies beside it.

        A block may go on with the patch of the block `step` pixels away, and then move
        by a pixel (Barnes et al. 2009, "PatchMatch", without its random search).
        """
        found, step, width = found.copy(), self._step, self._width
        cost = self._distance(wanted, found, np.arange(len(found)))
        for _ in range(_FOLLOWS):
            for shift in (step * width, step, -step * width, -step):
                # A shift over the picture's side, by less than a patch, meets no block.
                neighbours = self._look_up(self._number, self.blocks + shift, -1)
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

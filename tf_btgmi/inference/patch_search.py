"""Nearest-neighbour search from the patches of a hole to known patches of a picture.

A patch is identified by its corner: the index of its top left pixel among the H * W
pixels of the picture.
"""

from typing import Optional

import cv2
import numpy as np

from tf_btgmi.inference import products

# Known patches in the exhaustive search, at most, evenly thinned out; the others are
# reached from these by moving pixel by pixel.
_MAX_PLACES = 4_000
# Groups of known patches, of which the best by half of the pixels are compared by all.
_GROUPS = 8
# The exhaustive search prefers what is near: this times the squared distance in pixels
# is added to the mean squared difference, summed over colours. A match 20 pixels away
# must be better by some 8 grey levels.
_DISTANCE_WEIGHT = 0.5
# Rounds of following neighbours, and the factor by which the squared distance may grow
# where a patch continues the match of its neighbour.
_FOLLOWS = 2
_COHERENCE = 1.2

# Total weight of a block's trusted pixels at which a match takes half of their colour.
_LEAST_WEIGHT = 1e-3


class KnownPatches:
    """The patches of a picture that may serve as examples.

    Args:
        image: float32 [H, W, 3].
        excluded: bool [H, W], pixels that no example contains.
        side: side of a patch in pixels.

    Attributes:
        places: corners [P] of the examples.
        offsets: indices [S] of a patch's pixels, relative to its corner.
    """

    def __init__(self, image: np.ndarray, excluded: np.ndarray, side: int):
        self.side, self.shape = side, excluded.shape
        self.offsets = _offsets(side, self.shape[1])
        self.places = _places(excluded, side)
        self.is_place = np.zeros(excluded.size, bool)
        self.is_place[self.places] = True
        thinned = self.places[:: max(1, -(-len(self.places) // _MAX_PLACES))]
        # In groups of one size that each cover the picture: [groups, n].
        count = len(thinned) // _GROUPS * _GROUPS
        self.thinned = thinned[:count].reshape(-1, _GROUPS).T
        self._patches = _patches(image, side)
        self._terms = None  # Of the exhaustive search.

    def at(self, corners: np.ndarray) -> np.ndarray:
        """Pixels [B, S * 3] of the patches at corners [B]."""
        return self._patches[corners].reshape(len(corners), 3 * self.side**2)

    def nearest(self, blocks, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Exhaustive search among the thinned examples, by half of the pixels.

        Args:
            blocks: corners [B] of the patches that are compared with the examples.
            targets: their pixels [B, S * 3].
            weights: of their pixels [B, S].

        Returns:
            Corners [groups, B], the best of each group.
        """
        if self._terms is None:
            places = self.thinned.reshape(-1)
            known, position = self._compared(self.at(places)), self._position(places)
            squares = (known * known).reshape(len(known), -1, 3).sum(axis=2)
            length = (position * position).sum(axis=1, keepdims=True)
            # A block's difference from all examples is the inner product of its factors
            # with this, up to a constant of the block, which leaves the argmin.
            self._terms = np.concatenate([squares, known, length, position], axis=1)
        targets, weights = self._compared(targets), weights[:, ::2]
        weighted = np.repeat(-2.0 * weights, 3, axis=1) * targets
        near = _DISTANCE_WEIGHT * weights.sum(axis=1, keepdims=True)
        position = -2.0 * near * self._position(blocks)
        factors = np.concatenate([weights, weighted, near, position], axis=1)
        nearest = products.smallest(factors, self._terms, len(self.thinned))
        return np.take_along_axis(self.thinned, nearest, axis=1)

    def _position(self, corners: np.ndarray) -> np.ndarray:
        """Rows and columns [B, 2] of corners, from the middle: float32 rounds less."""
        position = np.stack(np.divmod(corners, self.shape[1]), axis=1)
        return (position - np.array(self.shape) / 2).astype(np.float32)

    def _compared(self, pixels: np.ndarray) -> np.ndarray:
        """Every second pixel of patches, like the fields of a chessboard."""
        pixels = pixels.reshape(len(pixels), self.side**2, 3)
        return pixels[:, ::2].reshape(len(pixels), -1)


class PatchSearch:
    """Matches "blocks", the patches that together cover the pixels to be retouched.

    The distance of two patches is the sum of their squared differences, weighted by
    pixel.

    Args:
        known: the examples.
        retouched: bool [H, W], pixels that the blocks cover.
        step: distance of two blocks in pixels.
        weights: of the pixels [H * W].

    Attributes:
        known: the examples.
        blocks: corners [B].
        pixels: indices [B, S] of the pixels of the blocks.
    """

    def __init__(self, known: KnownPatches, retouched, step: int, weights):
        self.known, self._step, self._width = known, step, retouched.shape[1]
        self.blocks = _blocks(retouched, known.side, step)
        self.pixels = self.blocks[:, None] + known.offsets
        self._weights = weights[self.pixels]
        self._color_weights = np.repeat(self._weights, 3, axis=1)
        self._number = np.full(retouched.size, -1)
        self._number[self.blocks] = np.arange(len(self.blocks))

    def inherited(self, coarser: "PatchSearch", matches: np.ndarray) -> np.ndarray:
        """Starting matches [B] for smaller blocks, from those of a coarser pass.

        A small block takes the part of its larger block's match that corresponds to it.
        """
        slack = coarser.known.side - self.known.side
        start = np.full(len(self.blocks), -1)
        for y in range(slack + 1):
            for x in range(slack + 1):
                shift = y * self._width + x
                number = _look_up(coarser._number, self.blocks - shift, -1)
                # Within a row: a corner left of it belongs to the row above.
                number = np.where(self.blocks % self._width >= x, number, -1)
                start = np.where(
                    (start < 0) & (number >= 0), matches[number] + shift, start
                )
        return start

    def nearest(self, current: np.ndarray, start: Optional[np.ndarray] = None):
        """The corners [B] of matches for the blocks of the pixels current [H * W, 3].

        With start, earlier matches, only their neighbourhood is searched.
        """
        targets = current[self.pixels].reshape(len(self.blocks), -1)
        if start is not None:
            return self._improved(targets, start)
        first, *others = self.known.nearest(self.blocks, targets, self._weights)
        return self._improved(targets, first, others)

    def examples(self, current, matches: np.ndarray, trusted) -> np.ndarray:
        """Pixels of the matches, in the mean colours of their blocks.

        Args:
            current: pixels [H * W, 3].
            matches: corners [B].
            trusted: bool [H * W], pixels whose colours are right. The others do not
                count; a match whose block has none of them keeps its colours.

        Returns:
            [B, S, 3].
        """
        found = self.known.at(matches).reshape(*self.pixels.shape, 3)
        difference = current[self.pixels] - found
        weights = trusted[self.pixels] * self._weights
        change = np.einsum("bs,bsc->bc", weights, difference)
        change /= _LEAST_WEIGHT + weights.sum(axis=1, keepdims=True)
        return found + change[:, None]

    def _improved(self, targets, matches, candidates=()) -> np.ndarray:
        """Improves matches [B] by candidates [B] and from their neighbourhood.

        A block may continue the match of the block `step` pixels away, and then move by
        a pixel (Barnes et al. 2009, "PatchMatch", without its random search).
        """
        matches, step, width = matches.copy(), self._step, self._width
        cost = self._distance(targets, matches, np.arange(len(matches)))
        for corners in candidates:
            self._move(matches, cost, targets, corners, 1.0)
        for _ in range(_FOLLOWS):
            for shift in (step * width, step, -step * width, -step):
                # A shift over the picture's side, by less than a patch, meets no block.
                neighbours = _look_up(self._number, self.blocks + shift, -1)
                continued = np.where(neighbours >= 0, matches[neighbours] - shift, -1)
                self._move(matches, cost, targets, continued, _COHERENCE)
            for shift in (1, -1, width, -width):
                self._move(matches, cost, targets, matches + shift, 1.0)
        return matches

    def _move(self, matches, cost, targets, corners, tolerance: float) -> None:
        """Moves matches to the examples among corners [B] where that costs less."""
        is_place = _look_up(self.known.is_place, corners, False)
        blocks = np.flatnonzero(is_place & (corners != matches))
        there = self._distance(targets, corners[blocks], blocks)
        better = there < tolerance * cost[blocks]
        matches[blocks[better]] = corners[blocks[better]]
        cost[blocks[better]] = there[better]

    def _distance(self, targets, corners, blocks) -> np.ndarray:
        difference = targets[blocks] - self.known.at(corners)
        difference *= difference
        return np.einsum("ij,ij->i", difference, self._color_weights[blocks])


def _look_up(table: np.ndarray, corners: np.ndarray, otherwise) -> np.ndarray:
    inside = (corners >= 0) & (corners < len(table))
    return np.where(inside, table[np.where(inside, corners, 0)], otherwise)


def _places(excluded: np.ndarray, side: int) -> np.ndarray:
    """Corners [P] of the patches without an excluded pixel."""
    return _corners(_counts(excluded, side) == 0, excluded.shape)


def _blocks(retouched: np.ndarray, side: int, step: int) -> np.ndarray:
    """Corners [B] of patches that together cover the retouched pixels."""
    count = _counts(retouched, side)
    rows, columns = (np.arange(length) % step == 0 for length in count.shape)
    # The last patch reaches the picture's end, wherever the grid ends.
    rows[-1:] = columns[-1:] = True
    return _corners((rows[:, None] & columns) & (count > 0), retouched.shape)


def _counts(pixels: np.ndarray, side: int) -> np.ndarray:
    """Set pixels in each patch, by its corner: [H - side + 1, W - side + 1]."""
    sums = cv2.integral(pixels.astype(np.uint8))
    rows = sums[side:] - sums[:-side]
    return rows[:, side:] - rows[:, :-side]


def _corners(chosen: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Corners of the chosen patches as indices among the picture's pixels."""
    y, x = np.nonzero(chosen)
    return y * shape[1] + x


def _offsets(side: int, width: int) -> np.ndarray:
    """Indices [side ** 2] of a patch's pixels, relative to its corner."""
    return (np.arange(side)[:, None] * width + np.arange(side)).reshape(-1)


def _patches(image: np.ndarray, side: int) -> np.ndarray:
    """All patches [N, side, side * 3] of [H, W, 3], by corner: a view of the picture.

    Some wrap around the picture's side.
    """
    image = np.ascontiguousarray(image)
    height, width, channels = image.shape
    row, _, value = image.strides
    return np.lib.stride_tricks.as_strided(
        image,
        (height * width - (side - 1) * (width + 1), side, side * channels),
        (channels * value, row, value),
        writeable=False,
    )

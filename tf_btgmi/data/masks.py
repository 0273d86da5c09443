"""Random masks: the mixture of a config, and the fixed kinds of evaluation.

A mask is [height, width] uint8, 1 = hole, and has both hole and known pixels. It is a
pure function of its arguments and of the folder of object shapes.
"""

import functools
import math
import os
from typing import Optional

import numpy as np

from tf_btgmi.config import MASK_KINDS, MaskConfig
from tf_btgmi.data import mask_shapes
from tf_btgmi.data.transforms import Seed
from tf_btgmi.data.unreadable import UnreadableCounter
from tf_btgmi.pictures.listing import list_pictures
from tf_btgmi.pictures.masks import read_mask

# Fixed kinds of evaluation.
NAMED_KINDS = (
    "centre64of256",
    "centre128of256",
    "rectangles",
    "thin_strokes",
    "medium_strokes",
    "broad_strokes",
    "objects",
    "borders",
    "large",
)
# Draws of a kind; then a rectangle meets the limits of the hole ratio.
MAX_DRAWS = 20
# Number and maximum side of cached object shapes, stored as bits: 32 KiB each.
_MAX_CACHED = 4096
_MAX_SHAPE_SIDE = 512


class ObjectShapes:
    """Object shapes from a folder of mask files; see `pictures.masks`."""

    def __init__(self, folder: str):
        """Lists the folder.

        Raises:
            ValueError: the folder does not exist or has no pictures.
        """
        self._folder = folder
        self._names = list_pictures(folder)
        self.unreadable = UnreadableCounter(f"the masks in {folder}", len(self._names))
        self._packed = functools.lru_cache(_MAX_CACHED)(self._load)

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, position: int) -> np.ndarray:
        """The shape at `position`, or the next readable one: [h, w] bool."""
        load = self._packed
        shape, bits = self.unreadable.first_readable(self._names, position, load)
        return np.unpackbits(bits, count=math.prod(shape)).reshape(shape).astype(bool)

    def _load(self, name: str):
        mask = read_mask(os.path.join(self._folder, name))
        if not mask.any():
            raise ValueError("no pixel of it is white (128 or more)")
        stride = -(-max(mask.shape) // _MAX_SHAPE_SIDE)
        mask = mask[::stride, ::stride]
        return mask.shape, np.packbits(mask)


class MaskSampler:
    """Draws masks of the mixture of a `MaskConfig`.

    A kind is drawn by weight, then masks of that kind until the hole ratio is within
    the limits, which therefore do not change the mixture. After `MAX_DRAWS` failures
    the mask is a rectangle of the picture's proportions at a random place, with the
    last hole ratio clipped to the limits.

    Example:
        >>> sampler = MaskSampler(MaskConfig(free_form=1.0))
        >>> mask = sampler.sample(64, 96, seed=7)
        >>> mask.shape, bool(mask.any())
        ((64, 96), True)
    """

    def __init__(self, masks: MaskConfig):
        """Lists the folder of object shapes if that kind has weight.

        Raises:
            ValueError: the folder does not exist or has no pictures.
        """
        self._masks = masks
        weights = np.array([getattr(masks, kind) for kind in MASK_KINDS], np.float64)
        self._thresholds = np.cumsum(weights / weights.sum())
        self.objects = ObjectShapes(masks.objects_folder) if masks.objects else None

    def sample(self, height: int, width: int, seed: Seed) -> np.ndarray:
        """The mask of `seed`: [height, width] uint8 in {0, 1}.

        Args:
            height: rows.
            width: columns.
            seed: an int or a sequence of ints, none negative.
        """
        rng = np.random.default_rng(seed)
        # Searching to the right never selects a kind without weight.
        chosen = int(np.searchsorted(self._thresholds, rng.random(), side="right"))
        kind = MASK_KINDS[min(chosen, len(MASK_KINDS) - 1)]
        limits = (self._masks.min_hole_ratio, self._masks.max_hole_ratio)
        draw = functools.partial(_draw, kind, self._masks, self.objects)
        return _within(draw, rng, height, width, limits)


# Kinds that have no settings.
_SHAPES = {
    "free_form": mask_shapes.strokes,
    "thin_strokes": functools.partial(mask_shapes.strokes, brush=mask_shapes.THIN),
    "medium_strokes": functools.partial(mask_shapes.strokes, brush=mask_shapes.MEDIUM),
    "broad_strokes": functools.partial(mask_shapes.strokes, brush=mask_shapes.BROAD),
    "borders": mask_shapes.borders,
    "scratches": mask_shapes.scratches,
    "large": mask_shapes.large,
}
_CENTRE_SIDES = {"centre64of256": 64 / 256, "centre128of256": 128 / 256}


def _draw(kind, masks: MaskConfig, objects, rng, height, width) -> np.ndarray:
    """Draws one mask of a kind of the mixture, or of thin or medium strokes."""
    if kind == "rectangles":
        sides = (masks.min_side, masks.max_side)
        number = masks.max_num_rectangles
        return mask_shapes.rectangles(rng, height, width, number, sides)
    if kind == "centre":
        return mask_shapes.centre_square(height, width, masks.centre_side)
    if kind == "objects":
        shape = objects[rng.integers(len(objects))]
        margin = masks.object_margin
        return mask_shapes.placed_object(rng, height, width, shape, margin)
    return _SHAPES[kind](rng, height, width)


def named_mask(
    kind: str,
    height: int,
    width: int,
    seed: Seed = 0,
    objects: Optional[ObjectShapes] = None,
) -> np.ndarray:
    """Draws a mask of one of the fixed kinds of evaluation.

    Args:
        kind: one of `NAMED_KINDS`. The centre squares take 1/4 and 1/2 of the shorter
            side (64 and 128 of 256 pixels); the other kinds are those of `MaskConfig`
            with its defaults, and strokes of a thin or medium brush.
        height: rows.
        width: columns.
        seed: an int or a sequence of ints, none negative.
        objects: the shapes, for `objects`.

    Returns:
        [height, width] uint8 in {0, 1}; at most 60 % is hole, of `large` 50 to 70 %.

    Raises:
        ValueError: no such kind; `objects` without shapes.
    """
    if kind not in NAMED_KINDS:
        raise ValueError(
            f"The kind of a mask is one of {', '.join(NAMED_KINDS)}; it is {kind!r}."
        )
    if kind == "objects" and objects is None:
        raise ValueError("Masks of kind 'objects' need a folder of object shapes.")
    settings = MaskConfig()
    limits = mask_shapes.LARGE if kind == "large" else (0.0, settings.max_hole_ratio)
    if kind in _CENTRE_SIDES:
        kind, settings = "centre", MaskConfig(centre_side=_CENTRE_SIDES[kind])
    draw = functools.partial(_draw, kind, settings, objects)
    return _within(draw, np.random.default_rng(seed), height, width, limits)


def object_hole(
    shape: np.ndarray, rng: np.random.Generator, size: int, limits: tuple[float, float]
) -> np.ndarray:
    """An object's shape as a hole, placed by `mask_shapes.placed_object`.

    Args:
        shape: [h, w] bool, the object in its own picture.
        rng: random generator.
        size: side of the mask in pixels.
        limits: minimum and maximum hole ratio.

    Returns:
        [size, size] uint8 in {0, 1}.
    """
    draw = functools.partial(mask_shapes.placed_object, shape=shape)
    return _within(draw, rng, size, size, limits)


def _within(draw, rng, height, width, limits) -> np.ndarray:
    """Draws until the hole ratio is within the limits; see `MaskSampler`."""
    area = height * width
    least = max(1, int(np.ceil(limits[0] * area)))
    most = min(area - 1, int(np.floor(limits[1] * area)))
    for _ in range(MAX_DRAWS):
        mask = draw(rng, height, width)
        count = int(np.count_nonzero(mask))
        if least <= count <= most:
            return mask
    # The upper limit decides if no number of pixels is within both.
    count = max(1, min(max(count, least), most))
    rows = int(np.clip(round(height * np.sqrt(count / area)), 1, height))
    columns = int(np.clip(count // rows, 1, width))
    if rows * columns < least and rows * (columns + 1) <= most:
        columns = min(columns + 1, width)
    top = rng.integers(0, height - rows + 1)
    left = rng.integers(0, width - columns + 1)
    mask = np.zeros([height, width], np.uint8)
    mask[top : top + rows, left : left + columns] = 1
    return mask

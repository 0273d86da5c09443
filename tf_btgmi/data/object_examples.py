"""Examples of the tasks with objects as uint8: holes, foregrounds, colour changes.

Imports no TensorFlow, so that trainings in other frameworks draw the same examples.
"""

from typing import Optional

import numpy as np

from tf_btgmi.config import GUIDED_KINDS, Config
from tf_btgmi.data import guided, inpainting, transforms
from tf_btgmi.data.masks import MaskSampler, object_hole
from tf_btgmi.data.object_masks import ObjectPicture
from tf_btgmi.data.recoloring import recolored
from tf_btgmi.pictures.mask_arrays import hole_boxes

# Stride of the rows and columns that colour statistics are taken from.
_STATISTICS_STRIDE = 4
# Maximum number of crops that are tried until one shows enough of the object.
_MAX_CROPS = 8
# Uses of a seed; `inpainting` has the numbers up to 3.
_GUIDED, _SECOND, _VALIDATION_GUIDED, _REGION = range(4, 8)


class ObjectExamples:
    """Draws examples of `object_removal`, `harmonization` or `guided`.

    An example has `image` [S, S, 3] uint8, `mask` [S, S, 1] uint8 and `hole_boxes`
    [K, 4] float32; with foregrounds also `foreground`, `foreground_boxes` and
    `recolored` [S, S, 3] uint8, the image with wrong colours in its foreground.

    Attributes:
        has_foreground: whether examples of the task have foregrounds.

    Args:
        config: the experiment.
    """

    def __init__(self, config: Config):
        self._config = config
        self._weights = {
            "object_removal": {guided.OBJECT: 1.0},
            "harmonization": {guided.EMPTY: 1.0},
            "guided": {k: getattr(config.guided, k) for k in GUIDED_KINDS},
        }[config.task]
        self.has_foreground = config.task != "object_removal"
        self._sampler = None
        if self._weights.get(guided.PLAIN, 0.0) > 0.0:
            self._sampler = MaskSampler(config.masks)

    def generator(self, index: int) -> np.random.Generator:
        """The random generator of training example `index` and of its reading."""
        return np.random.default_rng((self._config.training.seed, index, _GUIDED))

    def held_out_generator(self, index: int) -> np.random.Generator:
        """The random generator of validation example `index`."""
        return np.random.default_rng((0, index, _VALIDATION_GUIDED))

    def region_generator(self, index: int) -> Optional[np.random.Generator]:
        """The random generator of a region as the object; None if it has its own."""
        rng = np.random.default_rng((self._config.training.seed, index, _REGION))
        share = self._config.guided.regions if self.has_foreground else 0.0
        return rng if rng.random() < share else None

    def training_example(
        self,
        own: ObjectPicture,
        other: ObjectPicture,
        index: int,
        size: int,
        rng: np.random.Generator,
    ) -> dict[str, np.ndarray]:
        """Training example `index`, of random crops.

        Args:
            own: the picture and its object.
            other: another picture and its object.
            index: number of the example.
            size: side of the crops in pixels.
            rng: the result of `generator`.
        """
        data, seed = self._config.data, self._config.training.seed

        def crop(array, color_jitter, *use):
            return transforms.training_crop(
                array,
                size,
                (seed, index, *use),
                data.min_crop,
                data.random_flip,
                color_jitter,
            )

        levels = _levels(own.mask)
        for attempt in range(_MAX_CROPS):
            use = (inpainting.CROP, attempt)
            foreground = crop(levels, 0.0, *use) >= 128
            if guided.is_usable(foreground, self._config.guided):
                break
        image = crop(own.image, data.color_jitter, *use)
        second = crop(other.image, 0.0, _SECOND)
        masks_seed = (seed, index, inpainting.MASK)
        return self._example(image, foreground, second, other.mask, rng, masks_seed)

    def held_out_example(
        self,
        own: ObjectPicture,
        other: ObjectPicture,
        index: int,
        size: int,
        rng: np.random.Generator,
    ) -> dict[str, np.ndarray]:
        """Validation example `index`, of centre crops; see `training_example`."""
        foreground = transforms.centre_crop(_levels(own.mask), size) >= 128
        image, second = (
            transforms.centre_crop(picture.image, size) for picture in (own, other)
        )
        masks_seed = (0, index, inpainting.VALIDATION_MASK)
        return self._example(image, foreground, second, other.mask, rng, masks_seed)

    def _example(self, image, foreground, second, shape, rng, masks_seed):
        """Draws the hole and the foreground.

        Args:
            image: [S, S, 3] uint8.
            foreground: [S, S] bool, the picture's object.
            second: [S, S, 3] uint8, another picture.
            shape: [h, w] bool, the object of the other picture.
            rng: random generator.
            masks_seed: seed of holes of `config.masks`.
        """
        config = self._config
        size = image.shape[0]
        limits = (config.masks.min_hole_ratio, config.masks.max_hole_ratio)
        kind = guided.draw_kind(self._weights, rng)
        changes = guided.draw_changes(config.guided, rng)
        if kind in guided.WITH_FOREGROUND:
            foreground = foreground.astype(np.uint8)
            if not guided.is_usable(foreground, config.guided):
                # The object has an unsuitable size here; the foreground is some part of
                # the picture, in the shape of the other object.
                allowed = (config.guided.min_object, config.guided.max_object)
                foreground = object_hole(shape, rng, size, allowed)
            foreground, mask = guided.foreground_and_gap(
                foreground, kind, config.guided, limits[1], rng
            )
            # Drawn last, so that the other draws do not change.
            shifts, clashes = rng.random(2) < (
                config.guided.shifts,
                config.guided.clashing,
            )
            if shifts:
                changes = guided.draw_shift(rng)
            if clashes:
                image = guided.with_clashing_surroundings(image, foreground, rng)
        else:
            foreground = np.zeros([size, size], np.uint8)
            if kind == guided.PLAIN:
                mask = self._sampler.sample(size, size, masks_seed)
            else:
                mask = guided.removal_hole(shape, rng, size, limits)
        max_holes = config.losses.ppl_max_holes
        example = {
            "image": image,
            "mask": mask[..., None],
            "hole_boxes": hole_boxes(mask, max_holes),
        }
        if not self.has_foreground:
            return example
        return {
            **example,
            "foreground": foreground[..., None],
            "foreground_boxes": hole_boxes(foreground, max_holes),
            "recolored": recolored(
                image,
                foreground,
                second[::_STATISTICS_STRIDE, ::_STATISTICS_STRIDE],
                changes,
            ),
        }


def _levels(mask: np.ndarray) -> np.ndarray:
    return mask.astype(np.uint8) * 255

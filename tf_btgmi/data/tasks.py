"""What an example of each task is (Sec. 3.4): `config.task` says which.

`inpainting` needs pictures of any source. `object_removal` (holes in the shape of other
pictures' objects, so that the truth is known), `harmonization` (a foreground of wrong
colours and no hole) and `guided` (both, and plain inpainting, too) need a source that
knows objects. A task opens its source, makes the bytes of one example out of a record,
a pure function of (seed, index), and floats out of a batch of them.
"""

import math
from typing import Dict, Tuple

import numpy as np
import tensorflow as tf

from tf_btgmi.config import Config
from tf_btgmi.data import guided, inpainting, transforms
from tf_btgmi.data.masks import MaskSampler
from tf_btgmi.data.object_sources import open_object_source
from tf_btgmi.data.recoloring import recolor
from tf_btgmi.data.sources import open_source
from tf_btgmi.ops import image_ops, mask_ops
from tf_btgmi.pictures.mask_arrays import hole_boxes

# What a seed is for, so that no two uses of it draw the same numbers.
_CROP, _MASK = inpainting.CROP, inpainting.MASK
_VALIDATION_MASK, _GUIDED, _SECOND, _VALIDATION_GUIDED = range(3, 7)
# Crops tried until one holds enough of the object.
_MAX_CROPS = 8
# Colour statistics are taken of every so many-th row and column.
_STATISTICS_STRIDE = 4

Spec = Dict[str, Tuple[tf.DType, Tuple[int, ...]]]


def make_task(config: Config):
    """The task that `config.task` names.

    Raises:
        ValueError: its object masks are not there.
    """
    if config.task == "inpainting":
        return InpaintingTask(config)
    return ObjectTask(config)


class InpaintingTask:
    """Holes of `config.masks`: `image`, `mask` and `hole_boxes`."""

    def __init__(self, config: Config):
        self._config = config
        self._sampler = MaskSampler(config.masks)

    def open_source(self, spec: str, num_held_out: int):
        """See `sources.open_source`."""
        return open_source(spec, num_held_out, self._config.data.shuffle_buffer)

    def example_spec(self, size: int) -> Spec:
        """Types and shapes of what an example consists of."""
        return {
            "image": (tf.uint8, (size, size, 3)),
            "mask": (tf.uint8, (size, size, 1)),
            "hole_boxes": (tf.float32, (self._config.losses.ppl_max_holes, 4)),
        }

    def training_example(self, source, index: int, key: tuple, size: int) -> dict:
        """Example `index` of a training, a random crop: bytes by name."""
        min_side = math.ceil(size / self._config.data.min_crop)
        picture = source.read(*key, min_side=min_side)
        return inpainting.training_example(
            picture, index, size, self._config, self._sampler
        )

    def held_out_example(self, source, index: int, key: tuple, size: int) -> dict:
        """Example `index` of the validation, a centre crop: bytes by name."""
        picture = source.read_held_out(*key, min_side=size)
        image = transforms.centre_crop(picture, size)
        seed = (0, index, _VALIDATION_MASK)
        return inpainting.example(image, seed, self._config, self._sampler)

    def to_float(self, batch: dict) -> dict:
        """The batch that training gets out of one of bytes."""
        return {
            "image": image_ops.to_float(batch["image"]),
            "mask": tf.cast(batch["mask"], tf.float32),
            "hole_boxes": batch["hole_boxes"],
        }


class ObjectTask:
    """Tasks whose pictures come with an object each.

    A batch has `image`, `mask` and `hole_boxes`, like one of inpainting; the hole is
    the gap around a foreground. With foregrounds it also has `foreground`,
    `foreground_boxes` and `masked_image`, which shows the foreground in wrong colours.
    """

    def __init__(self, config: Config):
        self._config = config
        self._weights = {
            "object_removal": {guided.OBJECT: 1.0},
            "harmonization": {guided.EMPTY: 1.0},
            "guided": {k: getattr(config.guided, k) for k in guided.KINDS},
        }[config.task]
        self._has_foreground = config.task != "object_removal"
        self._sampler = None
        if self._weights.get(guided.PLAIN, 0.0) > 0.0:
            self._sampler = MaskSampler(config.masks)

    def open_source(self, spec: str, num_held_out: int):
        """See `object_sources.open_object_source`."""
        buffer = self._config.data.shuffle_buffer
        return open_object_source(spec, num_held_out, buffer)

    def example_spec(self, size: int) -> Spec:
        """Types and shapes of what an example consists of."""
        boxes = (tf.float32, (self._config.losses.ppl_max_holes, 4))
        spec = {
            "image": (tf.uint8, (size, size, 3)),
            "mask": (tf.uint8, (size, size, 1)),
            "hole_boxes": boxes,
        }
        if not self._has_foreground:
            return spec
        return {
            **spec,
            "foreground": (tf.uint8, (size, size, 1)),
            "foreground_boxes": boxes,
            "second": (tf.uint8, (-(-size // _STATISTICS_STRIDE),) * 2 + (3,)),
            "changes": (tf.float32, (len(guided.Changes._fields),)),
        }

    def training_example(self, source, index: int, key: tuple, size: int) -> dict:
        """Example `index` of a training, random crops: bytes by name."""
        data, seed = self._config.data, self._config.training.seed
        rng = np.random.default_rng((seed, index, _GUIDED))
        side = math.ceil(size / data.min_crop)
        own, other = source.read_objects(*key, rng=rng, min_side=side)

        def crop(array, color_jitter, *use):
            return transforms.training_crop(
                array,
                size,
                (seed, index, *use),
                data.min_crop,
                data.random_flip,
                color_jitter,
            )

        for attempt in range(_MAX_CROPS):
            use = (_CROP, attempt)
            foreground = crop(_levels(own.mask), 0.0, *use) >= 128
            if guided.is_usable(foreground, self._config.guided):
                break
        image = crop(own.image, data.color_jitter, *use)
        second = crop(other.image, 0.0, _SECOND)
        masks_seed = (seed, index, _MASK)
        return self._example(image, foreground, second, other.mask, rng, masks_seed)

    def held_out_example(self, source, index: int, key: tuple, size: int) -> dict:
        """Example `index` of the validation, centre crops: bytes by name."""
        rng = np.random.default_rng((0, index, _VALIDATION_GUIDED))
        own, other = source.read_held_out_objects(*key, rng=rng, min_side=size)
        foreground = transforms.centre_crop(_levels(own.mask), size) >= 128
        image, second = (
            transforms.centre_crop(picture.image, size) for picture in (own, other)
        )
        masks_seed = (0, index, _VALIDATION_MASK)
        return self._example(image, foreground, second, other.mask, rng, masks_seed)

    def to_float(self, batch: dict) -> dict:
        """The batch that training gets out of one of bytes; colours change here."""
        image = image_ops.to_float(batch["image"])
        mask = tf.cast(batch["mask"], tf.float32)
        floats = {"image": image, "mask": mask, "hole_boxes": batch["hole_boxes"]}
        if not self._has_foreground:
            return floats
        foreground = tf.cast(batch["foreground"], tf.float32)
        second = image_ops.to_float(batch["second"])
        wrong = recolor(image, foreground, second, batch["changes"])
        return {
            **floats,
            "foreground": foreground,
            "foreground_boxes": batch["foreground_boxes"],
            "masked_image": mask_ops.mask_image(wrong, mask),
        }

    def _example(self, image, foreground, second, shape, rng, masks_seed):
        """Draws what is to be filled and recoloured.

        Args:
            image: [S, S, 3] uint8.
            foreground: [S, S] bool, the picture's own object.
            second: [S, S, 3] uint8, another picture.
            shape: [h, w] bool, that one's object.
            rng: the random numbers.
            masks_seed: of the holes that `config.masks` describes.
        """
        config = self._config
        size = image.shape[0]
        limits = (config.masks.min_hole_ratio, config.masks.max_hole_ratio)
        kind = guided.draw_kind(self._weights, rng)
        changes = guided.draw_changes(config.guided, rng)
        if kind in guided.WITH_FOREGROUND:
            foreground = foreground.astype(np.uint8)
            if not guided.is_usable(foreground, config.guided):
                # The picture has no object of a fitting size here; another one's
                # shape makes a foreground of any part of it.
                allowed = (config.guided.min_object, config.guided.max_object)
                foreground = guided.object_hole(shape, rng, size, allowed)
            foreground, mask = guided.foreground_and_gap(
                foreground, kind, config.guided, limits[1], rng
            )
        else:
            foreground = np.zeros([size, size], np.uint8)
            changes = guided.Changes()
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
        if not self._has_foreground:
            return example
        return {
            **example,
            "foreground": foreground[..., None],
            "foreground_boxes": hole_boxes(foreground, max_holes),
            "second": second[::_STATISTICS_STRIDE, ::_STATISTICS_STRIDE],
            "changes": np.array(changes, np.float32),
        }


def _levels(mask: np.ndarray) -> np.ndarray:
    return mask.astype(np.uint8) * 255

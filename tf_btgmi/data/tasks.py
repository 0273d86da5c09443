"""Examples of each task (Sec. 3.4), selected by `config.task`.

`inpainting` takes any source of pictures. `object_removal` (holes in the shape of
objects of other pictures, so that the truth is known), `harmonization` (a foreground
of mismatched colours and no hole) and `guided` (both, and plain inpainting) need a
source with objects. A task makes uint8 examples of a source's records, a pure function
of (seed, index), and converts batches of them to float.
"""

import math

import tensorflow as tf

from tf_btgmi.config import Config
from tf_btgmi.data import inpainting, segmentation, transforms
from tf_btgmi.data.folder import FolderSource
from tf_btgmi.data.masks import MaskSampler
from tf_btgmi.data.object_examples import ObjectExamples
from tf_btgmi.data.object_masks import ObjectPicture
from tf_btgmi.ops import image_ops, mask_ops

Spec = dict[str, tuple[tf.DType, tuple[int, ...]]]


def make_task(config: Config):
    """The task that `config.task` names.

    Raises:
        ValueError: its object masks do not exist.
    """
    if config.task == "inpainting":
        return InpaintingTask(config)
    return ObjectTask(config)


class InpaintingTask:
    """Examples with holes of `config.masks`: `image`, `mask` and `hole_boxes`."""

    def __init__(self, config: Config):
        self._config = config
        self._sampler = MaskSampler(config.masks)

    def example_spec(self, size: int) -> Spec:
        """Types and shapes of an example."""
        return _hole_spec(size, self._config)

    def training_example(self, source, index: int, key: tuple, size: int) -> dict:
        """Training example `index`, a random crop: uint8 arrays by name."""
        min_side = math.ceil(size / self._config.data.min_crop)
        picture = source.read(*key, min_side=min_side)
        return inpainting.training_example(
            picture, index, size, self._config, self._sampler
        )

    def held_out_example(self, source, index: int, key: tuple, size: int) -> dict:
        """Validation example `index`, a centre crop: uint8 arrays by name."""
        picture = source.read(*key, min_side=size, held_out=True)
        image = transforms.centre_crop(picture, size)
        seed = (0, index, inpainting.VALIDATION_MASK)
        return inpainting.example(image, seed, self._config, self._sampler)

    def to_float(self, batch: dict) -> dict:
        """Converts a batch for training."""
        return _hole_floats(batch)


class ObjectTask:
    """Tasks whose pictures have an object each.

    A batch has `image`, `mask` and `hole_boxes`; the hole is the gap around a
    foreground. With foregrounds it also has `foreground`, `foreground_boxes` and
    `masked_image`, which shows the foreground in mismatched colours.
    """

    def __init__(self, config: Config):
        self._config = config
        self._examples = ObjectExamples(config)
        self._has_foreground = self._examples.has_foreground
        self._photographs = None
        if config.guided.regions and config.guided.regions_folder:
            self._photographs = FolderSource(config.guided.regions_folder)

    def example_spec(self, size: int) -> Spec:
        """Types and shapes of an example."""
        spec = _hole_spec(size, self._config)
        if not self._has_foreground:
            return spec
        return {
            **spec,
            "foreground": spec["mask"],
            "foreground_boxes": spec["hole_boxes"],
            "recolored": spec["image"],
        }

    def training_example(self, source, index: int, key: tuple, size: int) -> dict:
        """Training example `index`, of random crops: uint8 arrays by name."""
        rng = self._examples.generator(index)
        side = math.ceil(size / self._config.data.min_crop)
        own, other = source.read_objects(*key, rng=rng, min_side=side)
        chosen = self._examples.region_generator(index)
        if chosen is not None:
            own = self._region(own.image, side, chosen)
        return self._examples.training_example(own, other, index, size, rng)

    def _region(self, image, min_side, rng):
        if self._photographs is not None:
            key = rng.integers(self._photographs.num_training)
            image = self._photographs.read(key, min_side)
        mask = segmentation.random_region(segmentation.index_map(image), image, rng)
        return ObjectPicture(image, mask)

    def held_out_example(self, source, index: int, key: tuple, size: int) -> dict:
        """Validation example `index`, of centre crops: uint8 arrays by name."""
        rng = self._examples.held_out_generator(index)
        own, other = source.read_objects(*key, rng=rng, min_side=size, held_out=True)
        return self._examples.held_out_example(own, other, index, size, rng)

    def to_float(self, batch: dict) -> dict:
        """Converts a batch for training."""
        floats = _hole_floats(batch)
        if not self._has_foreground:
            return floats
        recolored = image_ops.to_float(batch["recolored"])
        return {
            **floats,
            "foreground": tf.cast(batch["foreground"], tf.float32),
            "foreground_boxes": batch["foreground_boxes"],
            "masked_image": mask_ops.mask_image(recolored, floats["mask"]),
        }


def _hole_spec(size: int, config: Config) -> Spec:
    return {
        "image": (tf.uint8, (size, size, 3)),
        "mask": (tf.uint8, (size, size, 1)),
        "hole_boxes": (tf.float32, (config.losses.ppl_max_holes, 4)),
    }


def _hole_floats(batch: dict) -> dict:
    return {
        "image": image_ops.to_float(batch["image"]),
        "mask": tf.cast(batch["mask"], tf.float32),
        "hole_boxes": batch["hole_boxes"],
    }

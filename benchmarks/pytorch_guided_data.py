"""Examples of the task `guided` for PyTorch: objects, regions, wrong colours.

Beside its pictures a pack holds `objects.zip`, masks of objects, and, where the config
draws regions, `regions.zip`, index maps of regions (`data.segmentation`). Their files
have the numbers of the pictures that they belong to. Nothing here imports TensorFlow.
"""

import os
from typing import NamedTuple, Sequence

import cv2
import numpy as np

from benchmarks import pytorch_data, pytorch_guided
from tf_btgmi.config import Config
from tf_btgmi.data import segmentation
from tf_btgmi.data.object_examples import ObjectExamples
from tf_btgmi.data.object_masks import ObjectPicture, fit_mask, partner

OBJECTS, REGIONS = "objects.zip", "regions.zip"


class Objects(NamedTuple):
    """Encoded masks and maps by the numbers of their pictures."""

    masks: dict
    maps: dict


def read_objects(pack: str, config: Config) -> Objects:
    """Reads the objects of a pack, and its regions where the config draws them.

    Raises:
        ValueError: the pack lacks one of them.
    """
    maps = _read(pack, REGIONS) if config.guided.regions else {}
    return Objects(_read(pack, OBJECTS), maps)


def _read(pack, name):
    path = os.path.join(pack, name)
    if not os.path.exists(path):
        raise ValueError(
            f"{pack} has no {name}; pack it with the config to be trained."
        )
    return pytorch_data.read_part(path)


class GuidedBatches(pytorch_data.Batches):
    """Batches of the task `guided`; see `pytorch_data.Batches`.

    Args:
        pictures: all of the pack.
        objects: of the same pack.
        config: the experiment.
        sizes: sides of the examples in pixels.

    Raises:
        ValueError: no picture with an object, or a region, is large enough for a size.
    """

    def __init__(
        self, pictures: list, objects: Objects, config: Config, sizes: Sequence[int]
    ):
        super().__init__(pictures, config, sizes)
        self._all_pictures = pictures
        self._objects = objects
        self._examples = ObjectExamples(config)
        self._masks = {s: self._numbers(objects.masks, s) for s in sizes}
        self._maps = {}
        if config.guided.regions:
            self._maps = {s: self._numbers(objects.maps, s) for s in sizes}

    def _numbers(self, encoded, size):
        numbers = [
            n for n in sorted(encoded) if pytorch_data.fits(self._all_pictures[n], size)
        ]
        if not numbers:
            raise ValueError(f"No object of the pack is in a picture of {size} px.")
        return numbers

    def _example(self, index, size):
        numbers = self._masks[size]
        epoch, position = divmod(index, len(numbers))
        key = self._order(epoch, len(numbers))[position]
        rng = self._examples.generator(index)
        other = self._with_object(numbers[partner(key, len(numbers), rng)])
        chosen = self._examples.region_generator(index)
        if chosen is None:
            own = self._with_object(numbers[key])
        else:
            own = self._with_region(numbers[key], size, chosen)
        return self._examples.training_example(own, other, index, size, rng)

    def _with_object(self, number):
        picture = self._all_pictures[number]
        mask = _decoded(self._objects.masks[number]) >= 128
        return ObjectPicture(picture, fit_mask(mask, picture))

    def _with_region(self, number, size, rng):
        if self._config.guided.regions_folder:
            numbers = self._maps[size]
            number = numbers[rng.integers(len(numbers))]
        picture = self._all_pictures[number]
        found = _decoded(self._objects.maps[number])
        return ObjectPicture(picture, segmentation.random_region(found, picture, rng))


def guide(batch: dict, mask):
    """The `Guide` of a batch; None for the task `inpainting`.

    Args:
        batch: of `GuidedBatches`, arrays of bytes.
        mask: of the batch, [B, 1, H, W].

    Returns:
        A `pytorch_guided.Guide`.
    """
    if "foreground" not in batch:
        return None
    foreground, boxes, recolored = (
        pytorch_data.moved(batch[name], mask.device.type)
        for name in ("foreground", "foreground_boxes", "recolored")
    )
    foreground = foreground.permute(0, 3, 1, 2).float()
    recolored = recolored.permute(0, 3, 1, 2).float() / 127.5 - 1.0
    return pytorch_guided.Guide(recolored * (1 - mask), foreground, boxes)


def _decoded(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)

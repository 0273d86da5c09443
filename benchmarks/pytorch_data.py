"""Packed training pictures, and batches of them for PyTorch.

A pack is a folder of uncompressed zip files: `pictures-00.zip` and so on, and
`object_masks.zip` where the config draws holes of objects. `pack_pictures` writes it.
Nothing here imports TensorFlow. Examples are drawn by the functions of
`data.inpainting`, so they differ from TensorFlow's only by the order of the pictures.
"""

import concurrent.futures
import functools
import glob
import os
import zipfile
from typing import Sequence

import cv2
import numpy as np
import torch

from tf_btgmi.config import Config
from tf_btgmi.data import inpainting
from tf_btgmi.data.masks import MaskSampler
from tf_btgmi.pictures.decoding import decode_image

PICTURES = "pictures-{}.zip"
OBJECT_MASKS = "object_masks.zip"
# Of a picture's shorter side to that of the examples.
_LEAST_SIDE = 0.8


def read_pictures(pack: str) -> list:
    """Decodes all pictures of a pack: a list of [height, width, 3] uint8.

    Raises:
        ValueError: there are none.
    """
    encoded = {}
    for path in sorted(glob.glob(os.path.join(pack, PICTURES.format("*")))):
        encoded.update(read_part(path))
    if not encoded:
        raise ValueError(f"{pack} holds no {PICTURES.format('00')}.")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(decode_image, encoded.values()))


def read_part(path: str) -> dict:
    """The files of a part of a pack, encoded, by their numbers in order."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(archive.namelist())
        return {int(name.split(".")[0]): archive.read(name) for name in names}


def unpack_object_masks(pack: str, folder: str) -> str:
    """Unpacks the masks of objects of a pack.

    Returns:
        The folder for `config.masks.objects_folder`, or "" where the pack has none.
    """
    path = os.path.join(pack, OBJECT_MASKS)
    if not os.path.exists(path):
        return ""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    return folder


class Batches(torch.utils.data.Dataset):
    """The batches of a run by their steps, as dicts of NumPy arrays of bytes.

    A size takes its turn every `len(sizes)` steps, in batches of as many pixels as
    `data.global_batch_size` pictures of the first size have. Pictures much smaller than
    it (their shorter side below `_LEAST_SIDE` of it) are left out of its batches.

    Args:
        pictures: as `read_pictures` returns them.
        config: the experiment.
        sizes: sides of the examples in pixels.

    Raises:
        ValueError: no picture is large enough for a size.
    """

    def __init__(self, pictures: list, config: Config, sizes: Sequence[int]):
        self._config = config
        self._sizes = tuple(sizes)
        self._pictures = {s: [p for p in pictures if fits(p, s)] for s in self._sizes}
        for size, fitting in self._pictures.items():
            if not fitting:
                raise ValueError(f"No picture of the pack is as large as {size} px.")
        self._sampler = MaskSampler(config.masks)
        self._order = functools.lru_cache(2 * len(self._sizes))(self._order_of)

    def __getitem__(self, step: int) -> dict:
        size = self._sizes[step % len(self._sizes)]
        # No batch has more; the same examples would come again with fewer.
        start = step * max(map(self.count, self._sizes))
        examples = [self._example(start + i, size) for i in range(self.count(size))]
        return {name: np.stack([e[name] for e in examples]) for name in examples[0]}

    def count(self, size: int) -> int:
        """The number of examples in a batch of a size."""
        share = (self._sizes[0] / size) ** 2
        return max(1, round(self._config.data.global_batch_size * share))

    def _example(self, index, size):
        pictures = self._pictures[size]
        epoch, position = divmod(index, len(pictures))
        picture = pictures[self._order(epoch, len(pictures))[position]]
        return inpainting.training_example(
            picture, index, size, self._config, self._sampler
        )

    def _order_of(self, epoch, count):
        rng = np.random.default_rng((self._config.training.seed, epoch))
        return rng.permutation(count)


def loader(batches: Batches, steps: range, num_workers: int):
    """An iterable over the batches of `steps`, drawn by worker processes."""
    return torch.utils.data.DataLoader(
        batches,
        batch_size=None,
        sampler=steps,
        num_workers=num_workers,
        prefetch_factor=4 if num_workers else None,
        # NumPy arrays travel through pipes; tensors would need shared memory, which
        # small machines lack.
        collate_fn=_unchanged,
        worker_init_fn=_one_thread,
    )


def to_device(batch: dict, device: str):
    """A batch as float tensors: image in [-1, 1], mask and boxes."""
    image, mask, boxes = (
        moved(batch[name], device) for name in ("image", "mask", "hole_boxes")
    )
    # A view in channels_last; TensorFlow's order of axes in memory.
    image = image.permute(0, 3, 1, 2).float() / 127.5 - 1.0
    return image, mask.permute(0, 3, 1, 2).float(), boxes


def moved(array: np.ndarray, device: str) -> torch.Tensor:
    """Copies an array to a device without waiting for earlier work there."""
    tensor = torch.from_numpy(array)
    if device == "cuda":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def fits(picture: np.ndarray, size: int) -> bool:
    """Whether a picture is large enough for examples of a size."""
    return min(picture.shape[:2]) >= _LEAST_SIDE * size


def _unchanged(batch):
    return batch


def _one_thread(worker):
    del worker
    cv2.setNumThreads(0)

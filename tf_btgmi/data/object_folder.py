"""Folders of pictures with masks of their objects: `images/` beside `masks/`.

A picture's mask has its name (`images/a/7.jpg`, `masks/a/7.png` or
`masks/a/7_mask*.png`, see `pictures.pairs`), white = object (`pictures.masks`). Of
several masks one is drawn at random each time. Instead of `masks/` there may be
`segments/`, index maps of regions, one of which is drawn likewise. Pictures without
such a file are left out.
"""

import os

import numpy as np

from tf_btgmi.data.folder import FolderSource
from tf_btgmi.data.object_masks import (
    ObjectPicture,
    fit_mask,
    partner,
    random_segment,
)
from tf_btgmi.pictures.decoding import decode_image
from tf_btgmi.pictures.formats import open_picture
from tf_btgmi.pictures.listing import list_pictures, name_of
from tf_btgmi.pictures.masks import read_mask
from tf_btgmi.pictures.pairs import assign
from tf_btgmi.wording import number_of

IMAGES, MASKS, SEGMENTS = "images", "masks", "segments"


class ObjectSource(FolderSource):
    """Pictures with known objects; derived classes implement `object_mask`."""

    def object_mask(self, name: str, rng: np.random.Generator) -> np.ndarray:
        """Mask of one object of the picture `name`, [h, w] bool, at its stored size."""
        raise NotImplementedError

    def read_object(
        self, name: str, rng: np.random.Generator, min_side: int = 0
    ) -> ObjectPicture:
        """Reads the picture `name` and one of its objects; see `read_objects`."""
        image = decode_image(os.path.join(self.folder, name), min_side)
        return ObjectPicture(image, fit_mask(self.object_mask(name, rng), image))

    def read_objects(
        self,
        key: np.ndarray,
        rng: np.random.Generator,
        min_side: int = 0,
        held_out: bool = False,
    ) -> tuple[ObjectPicture, ObjectPicture]:
        """Reads the picture at `key` and another one drawn at random.

        Args:
            key: position among the training or the held-out pictures.
            rng: draws the other picture, and one of several objects.
            min_side: see `decode_image`.
            held_out: whether both are held-out pictures.

        Raises:
            UnreadableError: too many pictures or masks cannot be read.
        """
        names, key = self._names(held_out), int(key)
        other = partner(key, len(names), rng)
        first, second = (
            self.first_object(names, position, rng, min_side)
            for position in (key, other)
        )
        return first, second

    def first_object(
        self, names: list[str], key: int, rng: np.random.Generator, min_side: int = 0
    ) -> ObjectPicture:
        """Reads the picture at `key` of `names`, or the next readable one.

        The arguments and the errors are those of `read_objects`.
        """
        # Every attempt draws alike: a resumed run does not repeat those that failed
        # before.
        seed = int(rng.integers(2**63))

        def load(name):
            return self.read_object(name, np.random.default_rng(seed), min_side)

        return self.unreadable.first_readable(names, key, load)


class ObjectFolder(ObjectSource):
    """`images/` with `masks/` or `segments/` beside it.

    Args:
        folder: their parent folder.
        num_held_out: see `FolderSource`.

    Raises:
        ValueError: a folder is missing, or no picture has a mask.
    """

    def __init__(self, folder: str, num_held_out: int = 0):
        images = os.path.join(folder, IMAGES)
        folders = [n for n in (MASKS, SEGMENTS) if os.path.isdir(f"{folder}/{n}")]
        if not os.path.isdir(images) or not folders:
            raise ValueError(
                f"{folder} must have the folders {IMAGES} and {MASKS} (or {SEGMENTS}), "
                "with files of the same names: this task needs pictures with known "
                "objects."
            )
        self._parent, self._kind = folder, folders[0]
        self._masks = os.path.join(folder, self._kind)
        files = [(name_of(name), name) for name in list_pictures(self._masks)]
        everything = list_pictures(images)
        by_picture, _ = assign(files, {name_of(name) for name in everything})
        self._mask_names = {
            name: [f"{self._kind}/{mask}" for mask in masks]
            for name, masks in by_picture.items()
        }
        names = [name for name in everything if name_of(name) in self._mask_names]
        if not names:
            raise ValueError(
                f"{self._masks} has no file named like one of the {len(everything)} "
                f"pictures in {images}."
            )
        self.num_without_mask = len(everything) - len(names)
        super().__init__(images, num_held_out, names)

    def describe(self) -> list[str]:
        """See `FolderSource.describe`; also counts the pictures without a mask."""
        lines = super().describe()
        if self.num_without_mask:
            count = number_of(self.num_without_mask, "picture")
            lines.append(f"  {count} without {self._masks}")
        return lines

    def object_mask(self, name, rng):
        """See `ObjectSource.object_mask`."""
        masks = self._mask_names[name_of(name)]
        if len(masks) == 1:
            return self._read_mask(masks[0], rng)
        # As in `first_object`: every attempt draws alike.
        number, seed = int(rng.integers(len(masks))), int(rng.integers(2**63))

        def load(mask):
            return self._read_mask(mask, np.random.default_rng(seed))

        return self.unreadable.first_readable(masks, number, load)

    def _read_mask(self, name, rng):
        path = os.path.join(self._parent, name)
        if self._kind == MASKS:
            return read_mask(path)
        with open_picture(path) as segments:
            return random_segment(np.asarray(segments), rng)

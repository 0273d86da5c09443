"""Hole masks of the test pictures, drawn from a seed or read from files.

A mask is [size, size] bool, True = hole. A drawn mask depends only on the picture's
name, the seed and, for objects, the folder of shapes. Every method therefore sees the
same holes on every machine, whatever the other pictures.
"""

import hashlib
import os
from typing import Iterable, Optional

import numpy as np

from tf_btgmi.data import masks
from tf_btgmi.data.transforms import centre_crop, centre_square, resized_mask
from tf_btgmi.evaluation.examples import Example
from tf_btgmi.evaluation.result_files import by_name, fingerprint
from tf_btgmi.pictures.listing import is_same_folder
from tf_btgmi.pictures.masks import read_mask
from tf_btgmi.pictures.pairs import assign
from tf_btgmi.wording import number_of


class HoleMasks:
    """Examples with holes; derived classes have `mask`, `kind`, `seed`, `identity`."""

    why_nothing = (
        "no mask has both hole and known pixels in the centre square of its picture"
    )

    def mask(self, name: str, height: int, width: int, size: int) -> np.ndarray:
        """The mask of a picture of `height` x `width` pixels, [size, size] bool."""
        raise NotImplementedError

    def example(self, name: str, image: np.ndarray, size: int) -> Optional[Example]:
        """The example of a picture: its centre square, resized, and the mask.

        Args:
            name: name of the picture.
            image: uint8 [H, W, 3].
            size: side of the example.

        Returns:
            None if the hole of the square is empty or covers all of it.

        Raises:
            ValueError: the mask cannot be read or has another size.
        """
        mask = self.mask(name, *image.shape[:2], size)
        if mask.any() and not mask.all():
            return Example(centre_crop(image, size), mask)
        return None


class DrawnMasks(HoleMasks):
    """Masks of a named kind.

    Args:
        kind: one of `masks.NAMED_KINDS`.
        seed: at least 0.
        objects_folder: folder of masks for the kind `objects`.

    Raises:
        ValueError: the folder does not exist or has no pictures.
    """

    def __init__(self, kind: str, seed: int, objects_folder: Optional[str] = None):
        self.kind = kind
        self.seed = seed
        self._objects = None
        self.identity = kind
        if kind == "objects" and objects_folder:
            self._objects = masks.ObjectShapes(objects_folder)
            paths = list(by_name(objects_folder).values())
            self.identity = f"{kind} of {fingerprint(objects_folder, paths)}"

    def mask(self, name: str, height: int, width: int, size: int) -> np.ndarray:
        """The mask of a picture, independent of its size."""
        del height, width
        seed = seed_of(name, self.seed)
        return masks.named_mask(self.kind, size, size, seed, self._objects) > 0


def seed_of(name: str, seed: int) -> list[int]:
    """The seed of one picture, from its name and the common seed."""
    words = np.frombuffer(hashlib.sha256(name.encode()).digest(), ">u4")
    return [seed, *map(int, words)]


class MaskFiles(HoleMasks):
    """Masks from the files of a folder, by name (`pairs.assign`).

    A mask has the size of its picture, and is cropped and resized with it, or the size
    of the evaluation.

    Args:
        folder: folder of the masks.
        names: names of the pictures.
        pictures_folder: folder of the pictures; if it is `folder`, pictures are not
            masks.
        without: paths of folders to leave out.
        invert: whether black is hole.

    Raises:
        ValueError: the folder does not exist, or pictures have no mask or several.
    """

    seed = None

    def __init__(
        self,
        folder: str,
        names: Iterable[str],
        pictures_folder: Optional[str] = None,
        without: Iterable[str] = (),
        invert: bool = False,
    ):
        self._folder = folder
        self._invert = invert
        names = list(names)
        files = by_name(folder, without)
        if is_same_folder(folder, pictures_folder):
            files = {name: files[name] for name in files if name not in set(names)}
        by_picture, _ = assign(files.items(), set(names))
        self._files = {name: paths[0] for name, paths in by_picture.items()}
        for name, paths in by_picture.items():
            if len(paths) > 1:
                raise ValueError(
                    f"{paths[0]} and {paths[1]} in {folder} are both "
                    f"masks of {name}; keep one of them."
                )
        missing = [name for name in names if name not in self._files]
        if missing:
            raise ValueError(
                f"{folder} has no mask for {number_of(len(missing), 'picture')}; the "
                f"first is {missing[0]}."
            )
        self.kind = "inverted files" if invert else "files"
        self.identity = f"{self.kind} {fingerprint(folder, list(files.values()))}"

    def mask(self, name: str, height: int, width: int, size: int) -> np.ndarray:
        """See `HoleMasks.mask`; it may be empty."""
        hole = self.whole(name, height, width, (size, size))
        if hole.shape == (size, size):
            return hole
        return resized_mask(centre_square(hole), size)

    def whole(self, name: str, height: int, width: int, other=()) -> np.ndarray:
        """The mask of a picture, not cropped, [height, width] bool.

        Args:
            name: the picture's.
            height: of the picture.
            width: of the picture.
            other: a second permitted size.

        Raises:
            ValueError: it cannot be read or has another size.
        """
        path = os.path.join(self._folder, self._files[name])
        try:
            hole = read_mask(path, self._invert)
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
        if hole.shape in ((height, width), other):
            return hole
        also = f" or {other[1]}x{other[0]}" if other else ""
        raise ValueError(
            f"{path} is {hole.shape[1]}x{hole.shape[0]} pixels; its picture is "
            f"{width}x{height}. A mask has its picture's size{also}."
        )

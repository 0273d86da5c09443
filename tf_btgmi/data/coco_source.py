"""Objects out of a COCO instances file: `coco:INSTANCES.json:IMAGES_FOLDER`.

The file is what COCO calls "instances" (https://cocodataset.org/#format-data): pictures
by `file_name`, annotations with a `segmentation` that is a list of polygons
[x0, y0, x1, y1, ...] in pixels, or a run-length code over columns, as numbers or
compressed into a string. Crowds are left out, and so are objects that are very small.
"""

import json
import os
from typing import Dict, List, Union

import cv2
import numpy as np

from tf_btgmi.data.object_folder import ObjectSource

# The smallest share of its picture that an object takes to be used. A crop may enlarge
# it a few times.
MIN_OBJECT = 0.004
# Polygons are drawn at this many parts of a pixel.
_FRACTION_BITS = 4


class CocoSource(ObjectSource):
    """The pictures of a COCO instances file that have an object large enough.

    Args:
        annotations: the JSON file.
        folder: the pictures', where `file_name` leads from.
        num_held_out: see `FolderSource`.

    Raises:
        ValueError: no such file or folder, no instances file, nothing to use in it.
    """

    def __init__(self, annotations: str, folder: str, num_held_out: int = 0):
        if not os.path.isdir(folder):
            raise ValueError(f"There is no folder {folder}.")
        self._objects = _read(annotations)
        names = sorted(self._objects)
        if not names:
            raise ValueError(
                f"{annotations} has no object of at least {MIN_OBJECT:.1%} of its "
                "picture."
            )
        missing = [n for n in names[:3] if not os.path.exists(f"{folder}/{n}")]
        if len(missing) == len(names[:3]):
            raise ValueError(
                f"{missing[0]}, which {annotations} names, is not in {folder}."
            )
        super().__init__(folder, num_held_out, names)

    def object_mask(self, name, rng):
        """See `ObjectSource.object_mask`."""
        objects = self._objects[name]
        return objects[rng.integers(len(objects))].mask()


class _Object:
    """One annotation, kept small: COCO has some 900,000 of them."""

    __slots__ = ("size", "segmentation")

    def __init__(self, size, segmentation):
        self.size = size
        # Polygons become arrays; a run-length code stays as it is.
        if isinstance(segmentation, list):
            segmentation = [np.asarray(part, np.float32) for part in segmentation]
        self.segmentation = segmentation

    def mask(self) -> np.ndarray:
        if isinstance(self.segmentation, list):
            return polygon_mask(self.segmentation, *self.size)
        height, width = self.segmentation["size"]
        return run_length_mask(self.segmentation["counts"], height, width)


def polygon_mask(polygons: List[np.ndarray], height: int, width: int) -> np.ndarray:
    """The pixels inside any of the polygons: [height, width] bool.

    Args:
        polygons: each [x0, y0, x1, y1, ...] in pixels; 0 is the first pixel's edge.
        height: rows.
        width: columns.
    """
    mask = np.zeros([height, width], np.uint8)
    for polygon in polygons:
        points = np.asarray(polygon, np.float64).reshape(-1, 2) - 0.5
        points = np.rint(points * 2**_FRACTION_BITS).astype(np.int32)
        cv2.fillPoly(mask, [points], 1, cv2.LINE_8, _FRACTION_BITS)
    return mask.astype(bool)


def run_length_mask(
    counts: Union[List[int], str], height: int, width: int
) -> np.ndarray:
    """A run-length code, outside first, column after column: [height, width] bool.

    Args:
        counts: pixels outside, inside, outside and so on, or these compressed.
        height: rows.
        width: columns.

    Raises:
        ValueError: they do not add up to the picture.
    """
    counts = decompress(counts) if isinstance(counts, str) else counts
    values = np.arange(len(counts)) % 2 == 1
    pixels = np.repeat(values, counts) if min(counts, default=0) >= 0 else values[:0]
    if pixels.size != height * width:
        raise ValueError(
            f"a run-length code has {pixels.size} pixels, its picture {height * width}"
        )
    return pixels.reshape(width, height).T


def decompress(text: str) -> List[int]:
    """The counts of a compressed run-length code.

    Every character carries five bits, the lowest first, and a sixth that says whether
    another one follows; the last one's fifth bit is the sign. From the fourth count on
    it is the difference to the one before the last.
    """
    counts = []
    value = shift = 0
    for character in text.encode("ascii"):
        bits = character - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    return counts


def _read(path: str) -> Dict[str, List[_Object]]:
    try:
        with open(path, encoding="utf-8") as file:
            tree = json.load(file)
        pictures = {picture["id"]: picture for picture in tree["images"]}
        objects = {}
        for annotation in tree["annotations"]:
            picture = pictures[annotation["image_id"]]
            size = (picture["height"], picture["width"])
            large = annotation["area"] >= MIN_OBJECT * size[0] * size[1]
            if large and not annotation.get("iscrowd"):
                found = _Object(size, annotation["segmentation"])
                objects.setdefault(picture["file_name"], []).append(found)
    except FileNotFoundError:
        raise ValueError(f"There is no file {path}.") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is not an instances file of COCO: {type(error).__name__} {error}."
        ) from None
    return objects

"""Objects of a COCO instances file: `coco:INSTANCES.json:IMAGES_FOLDER`.

The file has the format "instances" (https://cocodataset.org/#format-data): pictures by
`file_name`, annotations whose `segmentation` is a list of polygons [x0, y0, x1, y1,
...] in pixels, or a run-length code over columns, as numbers or compressed into a
string. Crowds and very small objects are left out, with a warning also damaged ones.

Run-length codes are not decoded by pycocotools: without an error, its version 2.0.11
decodes a code that is shorter than its picture (such as "32" for 3x4 pixels) to
uninitialized memory.
"""

import json
import os
from typing import Union

import cv2
import numpy as np
from absl import logging

from tf_btgmi.data.object_folder import ObjectSource
from tf_btgmi.wording import number_of

# Minimum area of an object, as a fraction of its picture. Crops may enlarge it.
MIN_OBJECT = 0.004
# Precision of the corners of polygons, in bits below one pixel.
_FRACTION_BITS = 4


class CocoSource(ObjectSource):
    """The pictures of a COCO instances file with objects of sufficient size.

    Args:
        annotations: the JSON file.
        folder: folder that `file_name` is relative to.
        num_held_out: see `FolderSource`.

    Raises:
        ValueError: the file or folder does not exist, the file has another format, or
            no object is large enough.
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
                f"{folder} has no picture {missing[0]}, which is in {annotations}."
            )
        super().__init__(folder, num_held_out, names)

    def object_mask(self, name, rng):
        """See `ObjectSource.object_mask`."""
        objects = self._objects[name]
        return objects[rng.integers(len(objects))].mask()


class _Object:
    """One annotation, in little memory: COCO has some 900,000.

    Raises:
        ValueError: its segmentation has another form, or does not fit its size.
    """

    __slots__ = ("size", "segmentation")

    def __init__(self, size, segmentation):
        self.size = size
        self.segmentation = segmentation
        if isinstance(segmentation, list):
            self.segmentation = [np.asarray(part, np.float32) for part in segmentation]
            if not segmentation or not all(map(_is_polygon, self.segmentation)):
                raise ValueError("a polygon is not a list of three or more x, y")
        elif not isinstance(segmentation, dict):
            raise ValueError("it is neither polygons nor a run-length code")
        elif list(segmentation["size"]) != list(size):
            raise ValueError(
                f"it has the size {segmentation['size']}, its picture {size}"
            )
        else:
            # Now, so that no object fails in the midst of a training.
            self.mask()

    def mask(self) -> np.ndarray:
        if isinstance(self.segmentation, list):
            return polygon_mask(self.segmentation, *self.size)
        height, width = self.segmentation["size"]
        return run_length_mask(self.segmentation["counts"], height, width)


def _is_polygon(points: np.ndarray) -> bool:
    shape_fits = points.ndim == 1 and points.size >= 6 and points.size % 2 == 0
    return shape_fits and bool(np.isfinite(points).all())


def polygon_mask(polygons: list[np.ndarray], height: int, width: int) -> np.ndarray:
    """Draws the union of polygons, [height, width] bool.

    Args:
        polygons: each [x0, y0, x1, y1, ...] in pixels; 0 is the edge of the picture.
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
    counts: Union[list[int], str], height: int, width: int
) -> np.ndarray:
    """Decodes a run-length code, column by column: [height, width] bool.

    Args:
        counts: lengths of runs outside, inside, outside and so on, or a string of
            compressed lengths.
        height: rows.
        width: columns.

    Raises:
        ValueError: the lengths do not add up to the size of the picture.
    """
    counts = decompress(counts) if isinstance(counts, str) else counts
    if min(counts, default=0) < 0 or sum(counts) != height * width:
        raise ValueError(
            f"a run-length code has {sum(counts)} pixels, its picture {height * width}"
        )
    pixels = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return pixels.reshape(width, height).T


def decompress(text: str) -> list[int]:
    """Decompresses the lengths of a run-length code.

    A character has five bits of a number, lowest first, and a sixth that is set if
    another character follows; the fifth bit of the last one is the sign. From the
    fourth on, numbers are differences to the length before the last one.
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


def _read(path: str) -> dict[str, list[_Object]]:
    try:
        with open(path, encoding="utf-8") as file:
            tree = json.load(file)
        pictures = {picture["id"]: picture for picture in tree["images"]}
        objects, damaged = {}, []
        for annotation in tree["annotations"]:
            picture = pictures[annotation["image_id"]]
            size = (picture["height"], picture["width"])
            large = annotation["area"] >= MIN_OBJECT * size[0] * size[1]
            if large and not annotation.get("iscrowd"):
                name = picture["file_name"]
                try:
                    entry = _Object(size, annotation["segmentation"])
                except (KeyError, TypeError, ValueError, IndexError) as error:
                    damaged.append(f"{name} ({type(error).__name__}: {error})")
                    continue
                objects.setdefault(name, []).append(entry)
    except FileNotFoundError:
        raise ValueError(f"There is no file {path}.") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is not a COCO instances file: {type(error).__name__} {error}."
        ) from None
    if damaged:
        logging.warning(
            "Left out %s of %s with a damaged segmentation, the first of %s.",
            number_of(len(damaged), "object"),
            path,
            damaged[0],
        )
    return objects

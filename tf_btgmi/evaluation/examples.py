"""The pictures of an evaluation: which ones, at which size, with which hole."""

import os
from typing import Dict, List, Tuple

import numpy as np
import tqdm

from tf_btgmi.data.folder import name_hash, natural_key
from tf_btgmi.data.transforms import centre_crop
from tf_btgmi.evaluation.result_files import by_name, read_picture
from tf_btgmi.evaluation.store import Store


def find_pictures(folder: str, limit: int = 0) -> Dict[str, str]:
    """Paths in `folder` by name (the path without its ending), in natural order.

    Args:
        folder: pictures, in folders of their own or not.
        limit: takes this many, those whose names have the smallest hashes, so that a
            few out of a sorted folder are of all sorts; 0 takes all.

    Raises:
        ValueError: no such folder, no pictures, two of one name.
    """
    paths = by_name(folder)
    names = sorted(paths, key=name_hash)[: limit or None]
    return {name: paths[name] for name in sorted(names, key=natural_key)}


def prepare(
    store: Store, folder: str, paths: Dict[str, str], masks, size: int
) -> Tuple[List[str], List[str]]:
    """Puts every picture, cut square and resized, and its mask in the store.

    Args:
        store: the evaluation's folder; what is there already is left as it is.
        folder: where the pictures are.
        paths: as `find_pictures` returns them.
        masks: `DrawnMasks` or `MaskFiles`.
        size: side in pixels.

    Returns:
        Names of the pictures to fill; names of those left out, because the hole is
        empty, or all of the picture, once it is cut square.

    Raises:
        ValueError: a picture or a mask cannot be read, sizes that differ, no picture
            with a hole.
    """
    kept, left_out = [], []
    for name, path in tqdm.tqdm(paths.items(), "pictures", unit=""):
        image = store.read_image(name)
        if image is None:
            image = read_picture(os.path.join(folder, path))
            mask = masks.mask(name, *image.shape[:2], size)
            if not mask.any() or mask.all():
                left_out.append(name)
                continue
            store.write_example(name, centre_crop(image, size), mask)
        kept.append(name)
    if not kept:
        raise ValueError(
            "Nothing to evaluate: no mask has both hole and known pixels once it is "
            "cut square with its picture."
        )
    return kept, left_out


def holed(image: np.ndarray, mask: np.ndarray, value: int) -> np.ndarray:
    """`image` with `value` in its hole."""
    return np.where(mask[..., None], np.uint8(value), image)

"""The examples of an evaluation: each picture at its size, with its hole."""

from typing import List, Tuple

import numpy as np
import tqdm

from tf_btgmi.data.transforms import centre_crop
from tf_btgmi.evaluation.store import Store


def prepare(store: Store, pictures, masks, size: int) -> Tuple[List[str], List[str]]:
    """Puts every picture, cut square and resized, and its mask in the store.

    Args:
        store: the evaluation's folder; what is there already is left as it is.
        pictures: a set of `picture_sets`.
        masks: `DrawnMasks` or `MaskFiles`.
        size: side in pixels.

    Returns:
        Names of the pictures to fill; names of those left out, because the hole is
        empty, or all of the picture, once it is cut square.

    Raises:
        ValueError: a picture or a mask cannot be read, sizes that differ, no picture
            with a hole.
    """
    left_out = set()
    total = len(pictures.names)
    for name, read in tqdm.tqdm(pictures.each(), "pictures", total, unit=""):
        if store.read_image(name) is not None:
            continue
        image = read()
        mask = masks.mask(name, *image.shape[:2], size)
        if not mask.any() or mask.all():
            left_out.add(name)
            continue
        store.write_example(name, centre_crop(image, size), mask)
    kept = [name for name in pictures.names if name not in left_out]
    if not kept:
        raise ValueError(
            "Nothing to evaluate: no mask has both hole and known pixels once it is "
            "cut square with its picture."
        )
    return kept, [name for name in pictures.names if name in left_out]


def holed(image: np.ndarray, mask: np.ndarray, value: int) -> np.ndarray:
    """`image` with `value` in its hole."""
    return np.where(mask[..., None], np.uint8(value), image)

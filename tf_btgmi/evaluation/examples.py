"""Examples of an evaluation: square pictures with their holes."""

from typing import List, NamedTuple, Optional, Tuple

import numpy as np
import tqdm

from tf_btgmi.evaluation.store import Store

# Grey of holes in inputs: 0 in [-1, 1], as networks see them.
HOLE_VALUE = 128


class Example(NamedTuple):
    """A test picture.

    Attributes:
        image: the truth, uint8 [S, S, 3].
        mask: the hole, or the object, bool [S, S].
        given: input of the methods, uint8 [S, S, 3]; None for `image` with a grey hole.
    """

    image: np.ndarray
    mask: np.ndarray
    given: Optional[np.ndarray] = None


def prepare(store: Store, pictures, masks, size: int) -> Tuple[List[str], List[str]]:
    """Writes the example of every picture to the store.

    Args:
        store: folder of the evaluation; existing examples are kept.
        pictures: a set of `picture_sets`.
        masks: makes the examples: `hole_masks.HoleMasks`.
        size: side in pixels.

    Returns:
        Names of the pictures with an example, and of those left out.

    Raises:
        ValueError: an unusable picture or mask, or no example at all.
    """
    left_out = set()
    total = len(pictures.names)
    for name, read in tqdm.tqdm(pictures.each(), "pictures", total, unit=""):
        if store.read_image(name) is not None:
            continue
        example = masks.example(name, read(), size)
        if example is None:
            left_out.add(name)
        else:
            store.write_example(name, *example)
    if len(left_out) == total:
        raise ValueError(f"Nothing to evaluate: {masks.why_nothing}.")
    kept = [name for name in pictures.names if name not in left_out]
    return kept, [name for name in pictures.names if name in left_out]


def input_of(store: Store, name: str, image: np.ndarray, mask: np.ndarray):
    """Input of the methods: uint8 [S, S, 3]."""
    given = store.read_given(name)
    return holed(image, mask, HOLE_VALUE) if given is None else given


def holed(image: np.ndarray, mask: np.ndarray, value: int) -> np.ndarray:
    """A copy of `image` with `value` in its hole."""
    return np.where(mask[..., None], np.uint8(value), image)

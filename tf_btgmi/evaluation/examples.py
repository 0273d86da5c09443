"""Examples of an evaluation: square pictures with their holes."""

from typing import NamedTuple, Optional

import numpy as np

from tf_btgmi.data.unreadable import UnreadableCounter
from tf_btgmi.evaluation.store import Store
from tf_btgmi.progress_bar import progress_bar
from tf_btgmi.wording import number_of

# Grey of holes in inputs: 0 in [-1, 1], as networks see them.
HOLE_VALUE = 128


class Example(NamedTuple):
    """A test picture.

    Attributes:
        image: the truth, uint8 [S, S, 3].
        mask: the hole, or the object, bool [S, S].
        input_image: of the methods, uint8 [S, S, 3]; None for `image` with a grey hole.
    """

    image: np.ndarray
    mask: np.ndarray
    input_image: Optional[np.ndarray] = None


class Prepared(NamedTuple):
    """Names of the pictures of a set, in its order.

    Attributes:
        names: pictures with an example.
        left_out: pictures without a usable hole.
        unreadable: damaged pictures.
    """

    names: list[str]
    left_out: list[str]
    unreadable: list[str]


def prepare(store: Store, pictures, masks, size: int) -> Prepared:
    """Writes the example of every picture to the store.

    Args:
        store: folder of the evaluation; existing examples are kept.
        pictures: a set of `picture_sets`.
        masks: makes the examples: `hole_masks.HoleMasks`.
        size: side in pixels.

    Raises:
        ValueError: too many damaged pictures (`UnreadableCounter`), an unusable mask,
            or no example at all.
    """
    names, left_out = set(), set()
    total = len(pictures.names)
    counter = UnreadableCounter(pictures.label, total)
    for name, read in progress_bar(
        pictures.each(), desc="pictures", total=total, unit=""
    ):
        if store.read_image(name) is None:
            try:
                image = read()
            except ValueError as error:
                counter.add(name, error)
                continue
            example = masks.example(name, image, size)
            if example is None:
                left_out.add(name)
                continue
            store.write_example(name, *example)
        names.add(name)
    if not names:
        raise ValueError(f"Nothing to evaluate: {masks.why_nothing}.")
    parts = (names, left_out, counter.names)
    return Prepared(*([n for n in pictures.names if n in part] for part in parts))


def unreadable_note(unreadable: list[str]) -> list[str]:
    """One sentence on damaged pictures, for reports; none without such pictures."""
    if not unreadable:
        return []
    shown = ", ".join(unreadable[:3]) + (", ..." if len(unreadable) > 3 else "")
    return [f"Skipped {number_of(len(unreadable), 'unreadable picture')}: {shown}."]


def input_of(store: Store, name: str, image: np.ndarray, mask: np.ndarray):
    """Input of the methods: uint8 [S, S, 3]."""
    stored = store.read_input(name)
    return holed(image, mask, HOLE_VALUE) if stored is None else stored


def holed(image: np.ndarray, mask: np.ndarray, value: int) -> np.ndarray:
    """A copy of `image` with `value` in its hole."""
    return np.where(mask[..., None], np.uint8(value), image)

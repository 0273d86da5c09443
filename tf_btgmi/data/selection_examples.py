"""Training examples of the selector: windows of pictures with known objects.

Example i depends only on the seed and i, apart from clicks that correct the network's
own masks, so that a resumed run sees the same examples.
"""

from typing import NamedTuple, Optional, Sequence

import cv2
import numpy as np

from tf_btgmi.data.object_folder import ObjectFolder
from tf_btgmi.data.object_masks import ObjectPicture
from tf_btgmi.data.selection_windows import (
    WINDOW_SCALE,
    Window,
    resized,
    window_around,
)
from tf_btgmi.data.simulated_clicks import (
    LOOSE_BOX,
    damaged_mask,
    drawn_box,
    next_click,
)
from tf_btgmi.pictures.mask_arrays import bounding_box
from tf_btgmi.wording import number_of

# Initial input of an example and its probability; the mask is partly wrong.
_BEGINNINGS, _SHARES = ("box", "click", "mask"), (0.65, 0.2, 0.15)
# Half of the boxes are drawn loosely, half closely, with a wider range than the
# `CLOSE_BOX` of validation.
_RATHER_CLOSE_BOX = (-0.15, 0.15)
# Range of the window's side, relative to the longer side of the box, or of the object
# if there is only a click.
_SCALES, _CLICK_SCALES = (1.25, 1.9), (1.1, 4.0)
# Minimum number of object pixels in the window, and of pictures that are drawn until
# one has as many.
_MIN_PIXELS = 90
_MAX_DRAWS = 2_000
_MAX_COLOR = 0.15


class Example(NamedTuple):
    """One window, in its own pixels.

    Attributes:
        image: uint8 [side, side, 3].
        truth: bool [side, side].
        box: [4] or None.
        clicks: float64 [n, 3] of (y, x, is_object).
        mask: bool [side, side], the current selection.
    """

    image: np.ndarray
    truth: np.ndarray
    box: Optional[np.ndarray]
    clicks: np.ndarray
    mask: np.ndarray


class SelectionExamples:
    """Examples of several folders of pictures with objects.

    Args:
        sources: pairs of a folder for `ObjectFolder` and its weight.
        held_out: fraction of each folder's pictures that is held out of training.
        seed: seed of the examples.

    Raises:
        ValueError: a folder has no objects, or all of its pictures are held out.
    """

    def __init__(
        self, sources: Sequence[tuple[str, float]], held_out: float = 0.1, seed: int = 0
    ):
        self.seed = seed
        self.folders: list[ObjectFolder] = []
        for folder, _ in sources:
            num_pictures = ObjectFolder(folder).num_training
            count = round(held_out * num_pictures)
            if count >= num_pictures:
                raise ValueError(
                    f"{folder} has {number_of(num_pictures, 'picture')}, and a share "
                    f"of {held_out:g} of them, rounded, would hold out all. Lower "
                    "--held_out or add pictures."
                )
            self.folders.append(ObjectFolder(folder, count))
        weights = np.array([weight for _, weight in sources], float)
        self._shares = weights / weights.sum()

    def training_example(self, number: int) -> Example:
        """Example `number` of the training pictures.

        Raises:
            UnreadableError: too many pictures or masks cannot be read.
            ValueError: no object is large enough.
        """
        rng = np.random.default_rng((self.seed, number))
        for _ in range(_MAX_DRAWS):
            folder = self.folders[rng.choice(len(self.folders), p=self._shares)]
            key = int(rng.integers(folder.num_training))
            picture = folder.first_object(folder.training_names, key, rng)
            example = make_example(picture, rng)
            if example is not None:
                return example
        raise ValueError(
            f"{_MAX_DRAWS} pictures of {self._names()} have no object that covers "
            f"{_MIN_PIXELS} pixels and not all of its surroundings. Add pictures with "
            "larger objects."
        )

    def held_out_objects(self) -> list[ObjectPicture]:
        """Every readable held-out picture of the first folder, with one of its objects.

        Raises:
            UnreadableError: too many pictures or masks cannot be read.
            ValueError: there is none.
        """
        source = self.folders[0]
        if not source.num_held_out:
            raise ValueError(
                f"None of the {source.num_training} pictures in {source.folder} is "
                "held out, and validation needs some. Raise --held_out or add pictures."
            )
        rng = np.random.default_rng(0)
        objects = []
        for name in source.held_out_names:
            try:
                picture = source.read_object(name, rng)
            # As for training; see `first_readable`.
            except Exception as error:
                source.unreadable.add(name, error)
                continue
            if picture.mask.any():
                objects.append(picture)
        if not objects:
            if source.unreadable.names:
                raise source.unreadable.none_readable()
            raise ValueError(
                f"None of the held-out pictures in {source.folder} has an object."
            )
        return objects

    def _names(self):
        return ", ".join(folder.folder for folder in self.folders)


def make_example(picture: ObjectPicture, rng: np.random.Generator) -> Optional[Example]:
    """Makes an example; None if the object is too small."""
    image, truth = picture
    if rng.random() < 0.5:
        image, truth = np.fliplr(image), np.fliplr(truth)
    if truth.sum() < _MIN_PIXELS:
        return None
    beginning = rng.choice(_BEGINNINGS, p=_SHARES)
    window, box = _place(truth, beginning, rng)
    truth = resized(truth[window.slices])
    if not _MIN_PIXELS <= truth.sum() <= 0.97 * truth.size:
        return None
    pixels = _recolored(resized(image[window.slices]), rng)
    empty = np.zeros_like(truth)
    no_clicks = np.zeros((0, 3))
    if beginning == "box":
        return Example(pixels, truth, window.box(box), no_clicks, empty)
    mask = damaged_mask(truth, rng) if beginning == "mask" else empty
    click = next_click(truth, mask, rng)
    clicks = no_clicks if click is None else click[None]
    return Example(pixels, truth, None, clicks, mask)


def _place(truth, beginning, rng) -> tuple[Window, Optional[np.ndarray]]:
    height, width = truth.shape
    if beginning == "click":
        box = np.array(bounding_box(truth), float)
        scale = np.exp(rng.uniform(*np.log(_CLICK_SCALES)))
        side = max(box[2:] - box[:2])
        # Anywhere in the window.
        room = max(0.0, (scale - 1.0) / 2.0) * side
        box += np.tile(rng.uniform(-room, room, 2), 2)
        return window_around(box, height, width, scale), None
    box = drawn_box(truth, _RATHER_CLOSE_BOX if rng.random() < 0.5 else LOOSE_BOX, rng)
    scale = WINDOW_SCALE if rng.random() < 0.4 else rng.uniform(*_SCALES)
    return window_around(box, height, width, scale), box


def _recolored(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Changes brightness, contrast, colour cast and sharpness at random."""
    values = image.astype(np.float32)
    gains = 1.0 + rng.uniform(-_MAX_COLOR, _MAX_COLOR, 3)
    mean = values.mean()
    contrast = rng.uniform(0.7, 1.3)
    values = (values - mean) * contrast * gains + mean + rng.uniform(-30, 30)
    if rng.random() < 0.1:
        values = np.repeat(values.mean(axis=2, keepdims=True), 3, axis=2)
    if rng.random() < 0.15:
        values = cv2.GaussianBlur(values, (0, 0), rng.uniform(0.5, 1.2))
    return values.clip(0, 255).astype(np.uint8)

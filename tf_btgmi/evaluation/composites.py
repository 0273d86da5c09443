"""Test pictures of harmonization with known truth: photographs with recoloured objects.

Random choices depend only on the picture's name and the seed. Two sets:

- plain: mean and spread of the object's CIE Lab channels change, as between two
  photographs.
- hard: one or two of gamma, rotation of hue with another saturation, and a gradient of
  light across the object. Half of the pictures are cropped through the object; in one
  third the surroundings have clashing colours, also in the truth, so that their
  statistics mislead.
"""

from typing import Optional

import cv2
import numpy as np

from tf_btgmi.data.guided import turned_hue, with_clashing_surroundings
from tf_btgmi.data.transforms import resize, resized_mask
from tf_btgmi.evaluation.examples import Example
from tf_btgmi.evaluation.hole_masks import MaskFiles, seed_of
from tf_btgmi.pictures.levels import rounded
from tf_btgmi.pictures.mask_arrays import bounding_box

SETS = ("plain", "hard")
# Minimum and maximum area of the object, as a fraction of the square.
_LEAST_RATIO, _LARGEST_RATIO = 0.005, 0.8
# Minimum side of a square through the object, as a fraction of the picture's side.
_LEAST_CUT = 0.4


class Composites(MaskFiles):
    """Composites made from pictures and the masks of their objects.

    Args:
        kind: one of `SETS`.
        seed: at least 0.
        *files: see `MaskFiles`; white is the object, of the picture's size.
    """

    why_nothing = (
        f"no object covers {_LEAST_RATIO:.1%} to {_LARGEST_RATIO:.0%} of its picture, "
        "cropped to a square"
    )

    def __init__(self, kind: str, seed: int, *files):
        super().__init__(*files)
        self.kind = kind
        self.seed = seed
        self.identity = f"{kind} composites of {self.identity}"

    def example(self, name: str, image: np.ndarray, size: int) -> Optional[Example]:
        """The composite of a picture; see `HoleMasks.example`.

        Returns:
            None if the object would cover less than 0.5 % or more than 80 % of it.
        """
        mask = self.whole(name, *image.shape[:2])
        return composite(image, mask, size, self.kind, seed_of(name, self.seed))


def composite(image, mask, size: int, kind: str, seed) -> Optional[Example]:
    """The composite of a picture with its object's mask; see `Composites.example`."""
    rng = np.random.default_rng(seed)
    if not mask.any():
        return None
    box = bounding_box(mask)
    window = _square(box, *mask.shape)
    if kind == "hard" and rng.random() < 0.5:
        window = _through_object(rng, box, *mask.shape) or window
    top, left, side = window
    area = np.s_[top : top + side, left : left + side]
    truth = np.ascontiguousarray(resize(image[area], size))
    where = resized_mask(mask[area], size)
    if not _LEAST_RATIO <= where.mean() <= _LARGEST_RATIO:
        return None
    if kind == "plain":
        changed = _other_statistics(rng, truth, where)
    else:
        if rng.random() < 1 / 3:
            truth = with_clashing_surroundings(truth, where, rng)
        changed = _hard_change(rng, truth, where)
    return Example(truth, where, np.where(where[..., None], changed, truth))


def _square(box, height: int, width: int):
    """(top, left, side) of the largest square, centred on the object if possible."""
    side = min(height, width)
    top, left = (
        int(np.clip((low + high - side) // 2, 0, length - side))
        for low, high, length in zip(box[:2], box[2:], (height, width))
    )
    return top, left, side


def _through_object(rng, box, height: int, width: int):
    """A square with an edge through the object; None if it would be too small."""
    edge, depth = rng.integers(4), rng.uniform(0.15, 0.4)
    axis = edge % 2
    low, high = box[axis], box[axis + 2]
    lengths = (height, width)
    if edge < 2:
        start = int(low + depth * (high - low))
        side = min(*lengths, lengths[axis] - start)
    else:
        end = int(high - depth * (high - low))
        side = min(*lengths, end)
        start = end - side
    if side < _LEAST_CUT * min(lengths):
        return None
    middle = (box[1 - axis] + box[3 - axis] - side) // 2
    other = int(np.clip(middle, 0, lengths[1 - axis] - side))
    return (start, other, side) if axis == 0 else (other, start, side)


def _other_statistics(rng, image, where) -> np.ndarray:
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    mean = lab[where].mean(axis=0)
    shift = rng.normal(0, [15.0, 10.0, 10.0]).clip(-30, 30)
    spread = np.exp(rng.normal(0, 0.2, 3).clip(-0.5, 0.5))
    lab = (lab - mean) * spread + mean + shift
    return rounded(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB) * 255)


def _hard_change(rng, image, where) -> np.ndarray:
    changes = {
        "gamma": lambda x: _gamma(x, np.exp(_signed(rng, 0.3, 0.7))),
        "hue": lambda x: turned_hue(x, _signed(rng, 20, 70), rng.uniform(0.6, 1.4)),
        "light": lambda x: _lit(
            x, where, rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.8)
        ),
    }
    for kind in rng.permutation(list(changes))[: rng.integers(1, 3)]:
        image = changes[kind](image)
    return image


def _gamma(image, exponent: float) -> np.ndarray:
    return rounded(255 * (image / 255.0) ** exponent)


def _lit(image, where, angle: float, strength: float) -> np.ndarray:
    """Brightens one end of the object by e^strength, and darkens the other by it."""
    rows, columns = np.indices(where.shape)
    along = rows * np.sin(angle) + columns * np.cos(angle)
    low, high = along[where].min(), along[where].max()
    place = 2 * (along - low) / max(high - low, 1) - 1
    return rounded(image * np.exp(strength * place)[..., None])


def _signed(rng, low: float, high: float) -> float:
    return rng.uniform(low, high) * rng.choice([-1, 1])

"""Classical methods of harmonization.

Like those of `classical_methods.py`, each takes a picture with a recoloured object,
uint8 [H, W, 3], and the object's mask, [H, W] bool. Only the object's pixels of the
result count.
"""

import cv2
import numpy as np
from skimage.exposure import match_histograms

from tf_btgmi.evaluation.classical_methods import unchanged
from tf_btgmi.pictures.levels import rounded
from tf_btgmi.pictures.mask_arrays import bounding_box

# From RGB to cone responses, and from their logarithms to lightness, yellow-blue and
# red-green: Reinhard et al. 2001, equations 4 and 6.
_CONES = np.array(
    [[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]]
)
_OPPONENTS = np.diag([3**-0.5, 6**-0.5, 2**-0.5]) @ np.array(
    [[1.0, 1.0, 1.0], [1.0, 1.0, -2.0], [1.0, -1.0, 0.0]]
)
# Black has no logarithm.
_LEAST = 1.0 / 255.0
# Pixels by which OpenCV's seamlessClone erodes the mask.
_EROSION = 3
# The best of .5, .7, .85 and 1 for training pictures with hard changes.
_MISMATCH_SHARE = 0.7


def reinhard(pasted, mask):
    """Reinhard et al. 2001: mean and deviation of the surroundings, in l-alpha-beta."""
    values = _to_opponents(pasted)
    result = pasted.copy()
    inside, outside = values[mask], values[~mask]
    deviation = np.maximum(inside.std(axis=0), 1e-6)
    moved = (inside - inside.mean(axis=0)) * (outside.std(axis=0) / deviation)
    result[mask] = _from_opponents(moved + outside.mean(axis=0))
    return result


def histogram(pasted, mask):
    """scikit-image's match_histograms, channel by channel, to the surroundings'."""
    result = pasted.copy()
    inside, outside = pasted[mask][:, None], pasted[~mask][:, None]
    matched = match_histograms(inside, outside, channel_axis=-1)
    result[mask] = rounded(matched[:, 0])
    return result


def seamless_clone(pasted, mask):
    """OpenCV's seamlessClone (Poisson blending, Pérez et al. 2003), NORMAL_CLONE.

    The object's own picture and the background behind it are unknown: the object's
    colours are extended beyond its edge, and Telea fills in the background.
    """
    edge = 2 * _EROSION + 2
    picture = cv2.copyMakeBorder(pasted, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    where = cv2.copyMakeBorder(mask.astype(np.uint8), edge, edge, edge, edge, 0)
    source = cv2.inpaint(picture, 1 - where, 1, cv2.INPAINT_TELEA)
    target = cv2.inpaint(picture, where, 3, cv2.INPAINT_TELEA)
    grown = cv2.dilate(where, np.ones((3, 3), np.uint8), iterations=_EROSION)
    y0, x0, y1, x1 = bounding_box(grown > 0)
    # The centre of the box, as computed by OpenCV.
    middle = (x0 + (x1 - x0) // 2, y0 + (y1 - y0) // 2)
    cloned = cv2.seamlessClone(source, target, grown * 255, middle, cv2.NORMAL_CLONE)
    return cloned[edge:-edge, edge:-edge]


def boundary_mismatch(pasted, mask):
    """The prior of the networks, without a network.

    Adds 0.7 of the mismatch of colours along the object's edge, extended inwards: see
    `ops/mismatch.py`. A model's gain over this is due to its network.
    """
    # Imported on demand: it takes seconds, and wrong flags are reported before.
    from tf_btgmi.ops import mismatch

    image = pasted[None].astype(np.float32)
    foreground = mask[None, ..., None].astype(np.float32)
    change = mismatch.boundary_mismatch(image, foreground, np.zeros_like(foreground))
    result = pasted + _MISMATCH_SHARE * change[0].numpy()
    return rounded(result)


FILLS = {
    "seamless_clone": (seamless_clone, "opencv-python-headless", "NORMAL_CLONE"),
    "boundary_mismatch": (boundary_mismatch, None, f"times {_MISMATCH_SHARE}"),
    "histogram": (histogram, "scikit-image", ""),
    "reinhard": (reinhard, None, ""),
    "copy_paste": (unchanged, None, ""),
}


def _to_opponents(picture: np.ndarray) -> np.ndarray:
    cones = np.maximum(picture / 255.0, _LEAST) @ _CONES.T
    return np.log10(cones) @ _OPPONENTS.T


def _from_opponents(values: np.ndarray) -> np.ndarray:
    cones = 10.0 ** (values @ np.linalg.inv(_OPPONENTS).T)
    return rounded(cones @ np.linalg.inv(_CONES).T * 255.0)

"""Classical methods, for comparison with trained models.

Each function fills a holed picture: it takes uint8 [H, W, 3] with a grey hole and a
mask, [H, W] bool with True = hole, but never the truth; it returns uint8 [H, W, 3], of
which only the hole counts.
"""

import functools
from importlib import metadata
from typing import Callable, NamedTuple, Optional

import cv2
import numpy as np
from skimage.restoration import inpaint_biharmonic

from tf_btgmi.inference import filling
from tf_btgmi.inference.predictor import Predictor
from tf_btgmi.pictures import levels

# Radius of OpenCV's methods in pixels.
_RADIUS = 3
_PATCH_SIZE = 3
# Side of the windows of `telea_retouched`: the default size of evaluated pictures.
_WINDOW = 128


class Method(NamedTuple):
    """A named method.

    Attributes:
        name: letters, digits, `.`, `_` and `-`.
        fill: `fill(holed, mask, name)`, as above, with the picture's name.
        identity: identity string: version, settings, hash of the file.
        num_bytes: size of the model's files; None without one.
    """

    name: str
    fill: Callable[[np.ndarray, np.ndarray, str], np.ndarray]
    identity: str
    num_bytes: Optional[int] = None


def unchanged(picture, mask):
    """Returns the input."""
    del mask
    return picture


def mean_fill(holed, mask):
    """The mean colour of the known pixels."""
    filled = holed.copy()
    filled[mask] = levels.rounded(holed[~mask].mean(axis=0))
    return filled


def telea(holed, mask):
    """Telea 2004, fast marching."""
    return cv2.inpaint(holed, mask.astype(np.uint8), _RADIUS, cv2.INPAINT_TELEA)


def telea_retouched(holed, mask):
    """Telea instead of the network, retouched like the fills of a model.

    A model's gain over this is due to its network.
    """
    return _telea_predictor().inpaint(holed, mask)


@functools.lru_cache(1)
def _telea_predictor() -> Predictor:
    def predict(inputs):
        images, masks = levels.to_uint8(inputs[..., :3]), inputs[..., 3] > 0.5
        filled = [telea(image, mask) for image, mask in zip(images, masks)]
        return levels.to_float(np.stack(filled))

    return Predictor(predict, _WINDOW, batch_size=1, retouched=True)


def navier_stokes(holed, mask):
    """Bertalmio et al. 2001, fluid dynamics."""
    return cv2.inpaint(holed, mask.astype(np.uint8), _RADIUS, cv2.INPAINT_NS)


def biharmonic(holed, mask):
    """The smoothest surface through the known pixels (Chui and Mhaskar 2010)."""
    filled = inpaint_biharmonic(holed / 255.0, mask, channel_axis=-1)
    if not np.isfinite(filled).all():
        raise ValueError("There is no such surface; leave this method out.")
    return levels.rounded(filled * 255.0)


def patchmatch(holed, mask):
    """Barnes et al. 2009, the wheel's `patch_size` 3."""
    from patchmatch import patch_match

    patch_match.set_random_seed(0)
    return patch_match.inpaint(
        holed, mask.astype(np.uint8) * 255, patch_size=_PATCH_SIZE
    )


FILLS = {
    "patchmatch": (patchmatch, "pypatchmatch", f"patch_size {_PATCH_SIZE}"),
    "biharmonic": (biharmonic, "scikit-image", ""),
    "navier_stokes": (navier_stokes, "opencv-python-headless", f"radius {_RADIUS}"),
    "telea": (telea, "opencv-python-headless", f"radius {_RADIUS}"),
    "telea_retouched": (
        telea_retouched,
        "opencv-python-headless",
        f"radius {_RADIUS}, {filling.version(retouched=True)}",
    ),
    "mean_fill": (mean_fill, None, ""),
    "holed": (unchanged, None, ""),
}
NAMES = tuple(FILLS)


def classical_method(name: str, known: dict[str, tuple] = FILLS) -> Method:
    """Returns the method of a name.

    Args:
        name: of one of `known`.
        known: function, package and settings by name; `FILLS`, or those of another
            task (`harmonizers.FILLS`).

    Raises:
        ValueError: an unknown name, or its package is not installed.
    """
    if name not in known:
        raise ValueError(f"There is no method {name!r}; these are: {', '.join(known)}.")
    missing = why_missing(name)
    if missing:
        raise ValueError(missing)
    work, package, settings = known[name]

    def fill(image, mask, picture):
        try:
            return work(image, mask)
        except ValueError as error:
            raise ValueError(f"{name}, {picture}: {error}") from error

    parts = [name]
    if package:
        parts.append(f"{package} {_version(package)}")
    return Method(name, fill, ", ".join(parts + [settings] * bool(settings)))


def why_missing(name: str) -> Optional[str]:
    """Why a method cannot run, in one sentence; None if it can."""
    if name != "patchmatch":
        return None
    try:
        from patchmatch import patch_match
    except ImportError:
        return "patchmatch needs a package of its own: pip install pypatchmatch."
    if not patch_match.patchmatch_available:
        return "patchmatch cannot run: the binary of pypatchmatch does not load here."
    return None


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        # OpenCV has several package names.
        return cv2.__version__ if package.startswith("opencv") else "of unknown version"

"""Files shipped with the package: perceptual weights and sample pictures.

Each kind of asset has its own folder with a README.md that records where its
files come from and under which licence.
"""

import pathlib
from typing import Tuple

_ROOT = pathlib.Path(__file__).resolve().parent


def perceptual_weights_path() -> pathlib.Path:
    """The AlexNet trunk and LPIPS v0.1 weights, an `.npz` file."""
    return _ROOT / "weights" / "alexnet_lpips_v0.1.npz"


def samples_dir() -> pathlib.Path:
    """The folder of the bundled pictures, with `train` and `test` in it."""
    return _ROOT / "samples"


def sample_pictures(split: str) -> Tuple[pathlib.Path, ...]:
    """The bundled pictures of one split, in the order of their names.

    Args:
        split: `train` or `test`; no picture of one is cut from one of the other.

    Raises:
        ValueError: `split` is neither.
    """
    if split not in ("train", "test"):
        raise ValueError(f"split must be train or test; it is {split!r}.")
    return tuple(sorted((samples_dir() / split).glob("*.jpg")))

"""Files shipped with the package: perceptual weights, models, sample pictures.

Each kind of asset has its own folder with a README.md that records where its
files come from and under which licence.
"""

import pathlib

# Marks a folder as a release; `releases.py` writes it.
RELEASE = "release.json"
# The bundled network behind `selection`, which is no model that fills holes.
SELECTOR = "btgmi-select-192"
_ROOT = pathlib.Path(__file__).resolve().parent


def perceptual_weights_path() -> pathlib.Path:
    """The AlexNet trunk and LPIPS v0.1 weights, an `.npz` file."""
    return _ROOT / "weights" / "alexnet_lpips_v0.1.npz"


def efficientnet_weights_path() -> pathlib.Path:
    """EfficientNet-Lite0 without its head, an `.npz` file."""
    return _ROOT / "weights" / "efficientnet_lite0.npz"


def samples_dir() -> pathlib.Path:
    """The folder of the bundled pictures, with `train` and `test` in it."""
    return _ROOT / "samples"


def sample_pictures(split: str) -> tuple[pathlib.Path, ...]:
    """The bundled pictures of one split, in the order of their names.

    Args:
        split: `train` or `test`; no picture of one is cut from one of the other.
    """
    return tuple(sorted((samples_dir() / split).glob("*.jpg")))


def models_dir() -> pathlib.Path:
    """The folder of the bundled models, one folder per model."""
    return _ROOT / "models"


def model_names() -> tuple[str, ...]:
    """Names of the bundled models, the default first."""
    names = [path.parent.name for path in models_dir().glob(f"*/{RELEASE}")]
    names = [name for name in names if name != SELECTOR]
    return tuple(sorted(names, key=lambda name: ("guided" in name, name)))


def model_folder(place: str) -> str:
    """The folder of a bundled model; any other place is returned unchanged."""
    return str(models_dir() / place) if place in model_names() else place


def selector_folder() -> str:
    """The folder of the bundled selector."""
    return str(models_dir() / SELECTOR)

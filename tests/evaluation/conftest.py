"""A folder of small pictures of different sizes and formats."""

import os

import numpy as np
import pytest
from PIL import Image


def save(path, array):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Image.fromarray(array).save(path)


@pytest.fixture
def photos(tmp_path):
    """Five pictures, one in a folder below: "1", "2", "3", "10", "more/1"."""
    rng = np.random.default_rng(0)
    sizes = {"1": (40, 40), "2": (36, 60), "3": (70, 50), "10": (40, 40)}
    folder = tmp_path / "photos"
    for name, (height, width) in {**sizes, "more/1": (48, 48)}.items():
        small = rng.integers(0, 256, (6, 6, 3), np.uint8)
        picture = Image.fromarray(small).resize((width, height), Image.BICUBIC)
        save(str(folder / f"{name}.png"), np.asarray(picture))
    return str(folder)

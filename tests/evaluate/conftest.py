"""Three pictures to evaluate."""

import os

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three pictures in photos/, the working folder."""
    monkeypatch.chdir(tmp_path)
    os.mkdir("photos")
    rng = np.random.default_rng(0)
    for name in "abc":
        small = Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8))
        small.resize((48, 40), Image.BICUBIC).save(f"photos/{name}.jpg")
    return tmp_path

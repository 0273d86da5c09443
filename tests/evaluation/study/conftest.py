"""A study of three methods over six pictures, without a line of a server."""

import os

import numpy as np
import pytest
from PIL import Image

from tf_btgmi.evaluation.study.pictures import StudyPictures

METHODS = ("a", "b", "c")


def write(folder, name, value, size=(24, 16)):
    path = os.path.join(folder, f"{name}.png")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    array = np.full((size[1], size[0], 3), value, np.uint8)
    # Not of one colour, so that shuffling shows.
    array[:, ::2, 0] += 20
    Image.fromarray(array).save(path)


@pytest.fixture
def folders(tmp_path):
    """Where the pictures are: a method's are of its own grey."""
    for value, key in enumerate(("truth", *METHODS)):
        for name in range(6):
            write(str(tmp_path / key), f"pic{name}", 30 * value + name)
    return {key: str(tmp_path / key) for key in ("truth", *METHODS)}


@pytest.fixture
def pictures(folders):
    results = {name: folders[name] for name in METHODS}
    return StudyPictures(results, folders["truth"])

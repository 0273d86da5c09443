"""The harmonize program: what it changes, which models it takes."""

import numpy as np
import pytest
from PIL import Image

from tests.programs import loads, run_main
from tf_btgmi import harmonize, loading
from tf_btgmi.inference.predictor import Predictor

PROGRAM_MODULE = harmonize


def darker(inputs):
    return inputs[..., :3] - 0.2


@pytest.fixture
def picture(tmp_path, monkeypatch):
    """A picture stored on its side, the mask of its object, a model that darkens."""
    monkeypatch.chdir(tmp_path)
    loads(monkeypatch, Predictor(darker, 32, outputs=("harmonized",)))
    values = np.full((60, 80, 3), 150, np.uint8)
    values[:, 40:] = (90, 160, 200)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(values).save("side.png", exif=exif)
    mask = np.zeros((80, 60), np.uint8)
    mask[30:50, 10:30] = 255
    Image.fromarray(mask).save("mask.png")
    return values, mask


def run(**values):
    values = {"image": "side.png", "mask": "mask.png", "output": "new.png", **values}
    return run_main(harmonize, **values)


@pytest.mark.parametrize("direct", [False, True])
def test_the_object_is_recoloured_where_it_is_seen(picture, direct):
    values, mask = picture
    assert run(direct=direct) == 0
    with Image.open("new.png") as stored:
        assert stored.getexif()[0x0112] == 6
        result = np.array(stored)
    seen = np.rot90(mask > 0, 1)
    np.testing.assert_array_equal(result[~seen], values[~seen])
    # 0.2 of a range of 2 is 25.5 levels of 255.
    np.testing.assert_allclose(result[seen], values[seen] - 25.5, atol=5)


@pytest.mark.parametrize("direct", [False, True])
def test_the_networks_own_pixels_are_used_where_asked_for(picture, monkeypatch, direct):
    asked = []

    def harmonize(self, image, mask, direct):
        asked.append(direct)
        return image

    monkeypatch.setattr(Predictor, "harmonize", harmonize)
    assert run(direct=direct) == 0 and asked == [direct]


def test_soft_edges_of_an_object_stay_as_transparent_as_they_were(picture):
    values, _ = picture
    alpha = np.random.default_rng(0).integers(1, 256, values.shape[:2], np.uint8)
    with Image.open("side.png") as stored:
        exif = stored.getexif()
    Image.fromarray(np.dstack([values, alpha])).save("side.png", exif=exif)
    assert run() == 0
    with Image.open("new.png") as stored:
        np.testing.assert_array_equal(np.array(stored)[..., 3], alpha)


def test_a_model_that_does_not_harmonize_is_refused(picture, monkeypatch):
    monkeypatch.setattr(loading, "load", lambda *place: Predictor(darker, 32))
    with pytest.raises(ValueError, match="does not harmonize: its output is inpainted"):
        run()


@pytest.mark.parametrize("value, words", [(0, "is empty"), (255, "covers the whole")])
def test_no_object_and_nothing_else_are_one_line(picture, capsys, value, words):
    Image.new("L", (60, 80), value).save("mask.png")
    assert run() == 1
    error = capsys.readouterr().err
    assert words in error and len(error.splitlines()) == 1

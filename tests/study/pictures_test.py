"""Pictures of a study: complete, of one size, and without a hint of their method."""

import io
import os

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tf_btgmi.study.pictures import TRUTH, StudyPictures, ruined


def decoded(png):
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture), picture.info


def test_a_picture_is_what_the_method_made_without_what_its_file_tells(
    folders, pictures
):
    told = PngInfo()
    told.add_text("Software", "method a")
    path = os.path.join(folders["a"], "pic0.png")
    with Image.open(path) as picture:
        expected = np.asarray(picture)
        picture.save(path, pnginfo=told)
    found, info = decoded(pictures.method_png("a", "pic0"))
    np.testing.assert_array_equal(found, expected)
    assert not info
    assert decoded(pictures.check_png("truth", "pic0"))[0][0, 1, 0] == 0


def test_a_ruined_picture_is_far_from_the_truth_and_always_the_same(pictures):
    rng = np.random.default_rng(0)
    for size in ((64, 96), (33, 40), (5, 3), (1, 1)):
        for picture in (
            np.zeros((*size, 3), np.uint8),
            rng.integers(0, 256, (*size, 3)),
        ):
            picture = picture.astype(np.uint8)
            found = ruined(picture, "seed")
            assert found.shape == picture.shape and found.dtype == np.uint8
            np.testing.assert_array_equal(found, ruined(picture, "seed"))
            if size[0] > 1:
                share = (np.abs(found.astype(int) - picture) > 60).mean()
                assert share > 0.25
    picture = rng.integers(0, 256, (32, 32, 3), np.uint8)
    assert (ruined(picture, "1") != ruined(picture, "2")).any()
    expected = ruined(decoded(pictures.check_png("truth", "pic0"))[0], "ruined 1 pic0")
    found, _ = decoded(pictures.check_png("ruined 1", "pic0"))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("changed", ["truth", "b"])
def test_another_picture_is_another_study(folders, changed):
    results = {name: folders[name] for name in "ab"}
    first = StudyPictures(results, folders["truth"]).identity
    assert StudyPictures(results, folders["truth"]).identity == first
    Image.new("RGB", (24, 16)).save(os.path.join(folders[changed], "pic3.png"))
    assert StudyPictures(results, folders["truth"]).identity != first


def test_missing_folders_pictures_and_sizes_are_named(folders):
    truth, a, b = (folders[key] for key in ("truth", "a", "b"))
    with pytest.raises(ValueError, match="compares two or more"):
        StudyPictures({"a": a}, truth)
    with pytest.raises(ValueError, match="There is no folder none"):
        StudyPictures({"a": a, "b": "none"}, truth)
    os.rename(os.path.join(b, "pic3.png"), os.path.join(b, "other.png"))
    with pytest.raises(ValueError, match="lacks 1 of the 6 pictures .* is pic3"):
        StudyPictures({"a": a, "b": b}, truth)
    Image.new("RGB", (24, 17)).save(os.path.join(b, "pic3.png"))
    with pytest.raises(ValueError, match="pic3.png is 24x17 .* its original 24x16"):
        StudyPictures({"a": a, "b": b}, truth)
    with open(os.path.join(b, "pic3.png"), "wb") as file:
        file.write(b"nothing")
    with pytest.raises(ValueError, match="pic3.png cannot be read: not a JPEG, PNG"):
        StudyPictures({"a": a, "b": b}, truth)


def test_sizes_are_those_of_the_upright_pictures(folders):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (16, 24), "red").save(
        os.path.join(folders["truth"], "pic3.png"), exif=exif
    )
    study = StudyPictures({name: folders[name] for name in "ab"}, folders["truth"])
    assert Image.open(io.BytesIO(study.check_png(TRUTH, "pic3"))).size == (24, 16)


def test_a_picture_that_ends_early_is_named(folders):
    path = os.path.join(folders["b"], "pic3.png")
    os.truncate(path, os.path.getsize(path) - 20)
    with pytest.raises(ValueError, match="pic3.png cannot be read: .*truncated"):
        StudyPictures({name: folders[name] for name in "ab"}, folders["truth"])

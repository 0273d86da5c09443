"""Pictures of an evaluation, from folders and from TFDS."""

import os
import shutil

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from tf_btgmi.evaluation.picture_sets import open_pictures


def test_pictures_are_found_by_name_in_natural_order(photos):
    pictures = open_pictures(photos)
    assert pictures.names == ["1", "2", "3", "10", "more/1"]
    assert pictures.label == "photos"
    found = {name: read() for name, read in pictures.each()}
    assert list(found) == pictures.names
    with Image.open(os.path.join(photos, "2.png")) as picture:
        np.testing.assert_array_equal(found["2"], np.asarray(picture))


def test_a_limit_takes_the_same_few_whatever_their_order(photos):
    few = open_pictures(photos, 2)
    assert len(few.names) == 2
    assert set(few.names) <= set(open_pictures(photos, 3).names)
    assert [name for name, _ in few.each()] == few.names


def test_a_fingerprint_changes_with_the_pictures_taken(photos):
    first = open_pictures(photos, 2).fingerprint
    assert open_pictures(photos, 2).fingerprint == first
    assert open_pictures(photos, 3).fingerprint != first


def test_a_copy_with_other_times_has_the_same_fingerprint(photos, tmp_path):
    copy = str(tmp_path / "copy")
    shutil.copytree(photos, copy, copy_function=shutil.copyfile)
    os.utime(os.path.join(copy, "1.png"), (1, 1))
    assert open_pictures(copy).fingerprint == open_pictures(photos).fingerprint


def test_one_byte_of_the_same_size_and_time_changes_the_fingerprint(photos):
    first = open_pictures(photos).fingerprint
    path = os.path.join(photos, "more", "1.png")
    status = os.stat(path)
    with open(path, "r+b") as file:
        file.seek(status.st_size // 2)
        byte = file.read(1)[0]
        file.seek(status.st_size // 2)
        file.write(bytes([byte ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert os.stat(path).st_mtime_ns == status.st_mtime_ns
    assert open_pictures(photos).fingerprint != first


def test_two_pictures_that_change_places_change_the_fingerprint(photos):
    first = open_pictures(photos).fingerprint
    one, ten = (os.path.join(photos, name) for name in ("1.png", "10.png"))
    os.rename(one, f"{one}.kept")
    os.rename(ten, one)
    os.rename(f"{one}.kept", ten)
    assert open_pictures(photos).fingerprint != first


def test_another_name_alone_changes_the_fingerprint(photos):
    first = open_pictures(photos).fingerprint
    folder = os.path.join(photos, "more")
    os.rename(os.path.join(folder, "1.png"), os.path.join(folder, "2.png"))
    assert open_pictures(photos).fingerprint != first


def test_records_of_tfds_are_named_by_their_id_and_read_once():
    with tfds.testing.mock_data(num_examples=5):
        pictures = open_pictures("tfds:mnist:test")
        assert len(set(pictures.names)) == 5
        assert all(name.startswith("mnist-test") for name in pictures.names)
        found = {name: read() for name, read in pictures.each()}
        assert set(found) == set(pictures.names)
        assert {picture.shape for picture in found.values()} == {(28, 28, 3)}
        few = open_pictures("tfds:mnist:test", 2)
        assert set(few.names) < set(pictures.names)
        for name, read in few.each():
            np.testing.assert_array_equal(read(), found[name])
        assert few.fingerprint != pictures.fingerprint
        again = open_pictures("tfds:mnist:test[:100%]")
        assert again.fingerprint != pictures.fingerprint


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match="There is no folder none"):
        open_pictures("none")
    with pytest.raises(ValueError, match="There is no picture in"):
        open_pictures(str(tmp_path))
    with pytest.raises(ValueError, match="tfds:mnist:test is not prepared"):
        open_pictures("tfds:mnist:test")
    with pytest.raises(ValueError, match="not of the form tfds:NAME"):
        open_pictures("tfds:")

"""Training pictures as they come from the wild, in one folder."""

import logging
import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_btgmi.config import Config
from tf_btgmi.data import pipeline
from tf_btgmi.data.folder import FolderSource
from tf_btgmi.pictures.listing import list_pictures

# One per cent of them may be unreadable: five here, of 500 and the odd ones.
NUM_GOOD = 500
SIDE = 16


def noise(height, width):
    rng = np.random.default_rng(height * width)
    return rng.integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with everything in it that people's folders have."""
    folder = tmp_path_factory.mktemp("wild")
    (folder / "good").mkdir()
    for number in range(NUM_GOOD):
        color = (number % 256, number // 256, 99)
        Image.new("RGB", (20, 18), color).save(folder / "good" / f"{number}.png")
    picture = Image.fromarray(noise(20, 24))
    # Readable, each in its way.
    frames = [picture, picture.transpose(Image.Transpose.ROTATE_180)]
    frames[0].save(folder / "moving.png", save_all=True, append_images=frames[1:])
    frames[0].save(folder / "moving.webp", save_all=True, append_images=frames[1:])
    deep = np.arange(20 * 24, dtype=np.uint16).reshape(20, 24) * 100
    Image.fromarray(deep).save(folder / "deep.png")
    picture.convert("CMYK").save(folder / "cmyk.jpg")
    Image.new("RGB", (1, 1), (1, 2, 3)).save(folder / "pixel.png")
    Image.fromarray(noise(2, 30_000)).save(folder / "wide.png")
    picture.save(folder / "really.png", "JPEG")
    picture.save(folder / " name with  spaces .png")
    picture.save(folder / "Köln 東京 🦌.png")
    picture.save(folder / "two\nlines.png")
    picture.save(os.fsencode(folder) + b"/latin\xff1.png", "PNG")
    os.symlink(folder, folder / "good" / "loop")
    os.symlink(folder / "itself.png", folder / "itself.png")
    # Not readable.
    (folder / "empty.png").touch()
    whole = (folder / "cmyk.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "text.jpg").write_text("I am no picture")
    os.symlink(folder / "nowhere", folder / "dangling.png")
    return folder


UNREADABLE = {"empty.png", "cut.jpg", "text.jpg", "dangling.png", "itself.png"}
READABLE = {
    "moving.png",
    "moving.webp",
    "deep.png",
    "cmyk.jpg",
    "pixel.png",
    "wide.png",
    "really.png",
    " name with  spaces .png",
    "Köln 東京 🦌.png",
    "two\nlines.png",
    "latin\udcff1.png",
}


def test_every_file_is_listed_once_whatever_its_name_and_links(folder):
    names = list_pictures(str(folder))
    assert len(names) == len(set(names)) == NUM_GOOD + len(READABLE | UNREADABLE)
    assert READABLE | UNREADABLE <= set(names)


def test_odd_pictures_are_read_and_broken_ones_counted_with_a_reason(folder, caplog):
    source = FolderSource(str(folder))
    names = source.training_names
    with caplog.at_level(logging.WARNING, logger="absl"):
        for name in sorted(READABLE | UNREADABLE):
            pixels = source.read(names.index(name), SIDE)
            assert pixels.dtype == np.uint8 and pixels.shape[-1] == 3, name
    assert set(source.unreadable.names) == UNREADABLE
    assert all(source.unreadable.names.values())
    assert caplog.text.count("Skipped unreadable picture") == len(UNREADABLE)
    assert "Skipped unreadable picture 5 of folder:" in caplog.text


@pytest.fixture
def config(folder):
    config = Config()
    config.data.source = f"folder:{folder}"
    config.data.num_validation_images = 0
    config.data.image_size = SIDE
    config.data.global_batch_size = 50
    return config


def test_batches_of_such_a_folder_are_whole_and_the_same_every_time(config):
    # More than an epoch, so that every file has come up.
    first, second = (
        list(pipeline.training_dataset(config, num_steps=11)) for _ in range(2)
    )
    for batch, again in zip(first, second):  # noqa: B905
        assert batch["image"].shape == (50, SIDE, SIDE, 3)
        assert bool(tf.reduce_all(tf.abs(batch["image"]) <= 1.0))
        for name, value in batch.items():
            np.testing.assert_array_equal(again[name], value)


def test_a_picture_deleted_during_the_run_is_counted_and_left_out(
    make_folder, config, caplog
):
    folder = make_folder(200)
    config.data.source = f"folder:{folder}"
    config.data.global_batch_size = 20
    batches = iter(pipeline.training_dataset(config, num_steps=40))
    next(batches)
    os.remove(folder / "p77.png")
    os.remove(folder / "p78.png")
    with caplog.at_level(logging.WARNING, logger="absl"):
        rest = list(batches)
    assert len(rest) == 39
    for name in ("p77.png", "p78.png"):
        assert caplog.text.count(f"{name} (") == 1

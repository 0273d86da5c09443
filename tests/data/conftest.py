"""Small pictures on disk that can be told apart by their colour."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_btgmi.config import Config
from tf_btgmi.pictures.listing import natural_key


def _color_of(number: int) -> tuple:
    """The colour of picture `number`, one for each below 4,096."""
    return (16 * (number % 16) + 8, 16 * (number // 16 % 16) + 8, number // 256 * 16)


def _number_of(image: np.ndarray) -> int:
    """The number of a picture of one colour, given as [h, w, 3] in [-1, 1]."""
    red, green, blue = np.rint((image.mean((0, 1)) + 1) * 127.5).astype(int)
    return red // 16 + 16 * (green // 16) + 256 * (blue // 16)


@pytest.fixture
def make_folder(tmp_path):
    """Writes numbered one-colour PNGs and returns the folder."""

    def make(count: int, size=(9, 7), name: str = "pictures") -> pathlib.Path:
        folder = tmp_path / name
        folder.mkdir()
        for number in range(count):
            Image.new("RGB", size, _color_of(number)).save(folder / f"p{number}.png")
        return folder

    return make


@pytest.fixture(scope="session")
def color_of():
    """The colour of a picture's number."""
    return _color_of


@pytest.fixture
def numbers():
    """The numbers of a batch's pictures."""
    return lambda batch: [_number_of(image) for image in batch["image"].numpy()]


@pytest.fixture
def config():
    """Tiny, without anything random but the order and the masks."""
    config = Config()
    config.data.image_size = 16
    config.data.global_batch_size = 4
    config.data.num_validation_images = 3
    config.data.shuffle_buffer = 5
    config.data.random_flip = False
    return config


@pytest.fixture
def write_shards(tmp_path):
    """Writes a folder of PNGs as TFRecord files and returns their glob pattern."""

    def write(folder: pathlib.Path, num_shards: int = 1) -> str:
        paths = sorted(folder.iterdir(), key=lambda path: natural_key(path.name))
        for shard in range(num_shards):
            with tf.io.TFRecordWriter(str(tmp_path / f"s{shard}.tfrecord")) as writer:
                for path in paths[shard::num_shards]:
                    writer.write(_serialized(path.read_bytes()))
        return str(tmp_path / "*.tfrecord")

    return write


def _serialized(encoded: bytes, key: str = "image/encoded") -> bytes:
    """A `tf.train.Example` with one picture."""
    value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[encoded]))
    features = tf.train.Features(feature={key: value})
    return tf.train.Example(features=features).SerializeToString()


@pytest.fixture
def serialized():
    """Serialises an example of one encoded picture, and the feature's name."""
    return _serialized


@pytest.fixture
def make_objects(tmp_path):
    """Writes one-colour PNGs with masks: object n is columns 0 to n of picture n."""

    def make(count: int, size=(9, 7), name: str = "objects") -> pathlib.Path:
        folder = tmp_path / name
        for place in ("images", "masks"):
            (folder / place).mkdir(parents=True)
        for number in range(count):
            file = f"p{number}.png"
            Image.new("RGB", size, _color_of(number)).save(folder / "images" / file)
            mask = np.zeros(size[::-1], np.uint8)
            mask[:, : number + 1] = 255
            Image.fromarray(mask).save(folder / "masks" / file)
        return folder

    return make

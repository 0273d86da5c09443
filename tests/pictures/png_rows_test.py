import io
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.picture_files import file_of
from tf_btgmi.assets import samples_dir
from tf_btgmi.pictures import png_rows
from tf_btgmi.pictures.metadata import Metadata
from tf_btgmi.pictures.picture import Picture
from tf_btgmi.pictures.writer import encode_picture


def written(pixels, mode):
    return encode_picture(Picture(pixels, mode, "PNG", Metadata()), "PNG")[0]


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 7), (9, 1, 4), (67, 35, 2)])
@pytest.mark.parametrize("strip", [1, 500, 1 << 20])
def test_pixels_come_back_whatever_the_strips(shape, strip, rng, monkeypatch):
    monkeypatch.setattr(png_rows, "_STRIP_BYTES", strip)
    pixels = rng.integers(0, 256, shape, np.uint8)
    mode = "L" if len(shape) == 2 else {2: "LA", 3: "RGB", 4: "RGBA"}[shape[2]]
    with Image.open(io.BytesIO(written(pixels, mode))) as image:
        assert image.mode == mode
        np.testing.assert_array_equal(np.array(image), pixels)


def test_sixteen_bits_come_back(rng):
    pixels = rng.integers(0, 1 << 16, (33, 21, 3), np.uint16)
    data = np.frombuffer(written(pixels, "RGB"), np.uint8)
    found = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(found[..., ::-1], pixels)


def test_the_parts_are_one_stream_with_its_checksum(rng, monkeypatch):
    monkeypatch.setattr(png_rows, "_STRIP_BYTES", 300)
    rows = rng.integers(0, 256, (50, 90), np.uint8)
    parts = png_rows.compressed(rows, 3)
    assert len(parts) == 17
    # `decompress` refuses a wrong checksum.
    lines = zlib.decompress(b"".join(parts))
    assert len(lines) == 50 * 91 and lines[0] == lines[91] == 4


@pytest.mark.parametrize("kind", ["photograph", "pattern"])
def test_files_are_hardly_larger_than_those_that_took_longer(kind, rng):
    with Image.open(samples_dir() / "train" / "sheep.jpg") as image:
        pixels = np.array(image.convert("RGB"))
    if kind == "pattern":
        tile = rng.integers(0, 256, (16, 16, 3), np.uint8)
        pixels = np.tile(tile, (32, 32, 1))
    assert len(written(pixels, "RGB")) < 1.1 * len(file_of(pixels)) + 1000

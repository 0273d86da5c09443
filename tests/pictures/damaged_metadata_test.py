"""EXIF data that is damaged: the picture is read and written without it."""

import pytest
from PIL import Image

from tf_btgmi.pictures import metadata as metadata_lib
from tf_btgmi.pictures.masks import read_mask
from tf_btgmi.pictures.reader import read_picture
from tf_btgmi.pictures.writer import write_picture


def through(tmp_path, source, ending):
    target = str(tmp_path / f"result{ending}")
    picture = read_picture(str(source))
    assert picture.rgb().shape == (24, 40, 3)
    notes = write_picture(picture, target)
    return read_picture(target), notes


@pytest.mark.parametrize("ending", [".jpg", ".png", ".tif", ".webp", ".bmp"])
@pytest.mark.parametrize(
    "block",
    [
        b"no TIFF header",
        b"II*\0",
        b"II*\0\x08\0\0\0\5\0\x12\1",
        # Orientations "abc" and 9.
        b"II*\0\x08\0\0\0\1\0\x12\1\2\0\4\0\0\0abc\0" + bytes(4),
        b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x09\0\0\0" + bytes(4),
    ],
)
def test_damaged_camera_data_does_not_stop_a_picture(tmp_path, block, ending):
    source = tmp_path / "source.jpg"
    Image.new("RGB", (40, 24), "red").save(source, exif=b"Exif\0\0" + block)
    after, notes = through(tmp_path, source, ending)
    assert not notes
    assert after.metadata.orientation == 1


def test_a_damaged_chunk_of_camera_data_is_left_out_of_a_png(tmp_path):
    source = tmp_path / "source.png"
    Image.new("RGB", (40, 24), "red").save(source)
    chunks = metadata_lib.png_chunks(source.read_bytes())
    source.write_bytes(
        metadata_lib.png_file([chunks[0], (b"eXIf", b"II"), *chunks[1:]])
    )
    after, _ = through(tmp_path, source, ".png")
    assert after.metadata.exif == b""
    assert after.metadata.png_chunks == []


@pytest.mark.parametrize("block", [b"no TIFF header", b"II*\0"])
def test_damaged_camera_data_does_not_stop_a_mask(tmp_path, block):
    source = str(tmp_path / "mask.jpg")
    Image.new("L", (40, 24), "white").save(source, exif=b"Exif\0\0" + block)
    assert read_mask(source).all()

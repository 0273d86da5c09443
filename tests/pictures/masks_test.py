"""What is hole in a mask file."""

import numpy as np
import pytest
from PIL import Image

from tf_btgmi.pictures.masks import read_mask

HOLE = np.zeros((6, 8), bool)
HOLE[1:4, 2:7] = True


def image_of(kind):
    white = np.where(HOLE, 255, 0).astype(np.uint8)
    opaque = np.full_like(white, 255)
    layers = {
        "grey": white,
        "threshold": np.where(HOLE, 128, 127).astype(np.uint8),
        "rgb": np.dstack([white] * 3),
        "white_opaque": np.dstack([white] * 3 + [opaque]),
        "strokes_on_alpha": np.dstack([white, 0 * white, 0 * white, white]),
        "black_strokes_on_alpha": np.dstack([0 * white] * 3 + [white]),
        "grey_alpha": np.dstack([white, opaque]),
        "16_bits": np.where(HOLE, 128 * 257, 128 * 257 - 1).astype(np.uint16),
    }
    if kind == "one_bit":
        return Image.fromarray(white).convert("1")
    if kind == "palette":
        return Image.fromarray(np.dstack([white] * 3)).quantize(2)
    if kind == "cmyk":
        return Image.fromarray(np.dstack([white] * 3)).convert("CMYK")
    return Image.fromarray(layers[kind])


@pytest.mark.parametrize(
    "kind",
    [
        "grey",
        "threshold",
        "rgb",
        "white_opaque",
        "strokes_on_alpha",
        "black_strokes_on_alpha",
        "grey_alpha",
        "16_bits",
        "one_bit",
        "palette",
    ],
)
def test_every_kind_of_mask_gives_the_same_hole(tmp_path, kind):
    path = str(tmp_path / "mask.png")
    image_of(kind).save(path)
    np.testing.assert_array_equal(read_mask(path), HOLE)
    np.testing.assert_array_equal(read_mask(path, invert=True), ~HOLE)


def test_cmyk_masks_are_read(tmp_path):
    path = str(tmp_path / "mask.tif")
    image_of("cmyk").save(path)
    np.testing.assert_array_equal(read_mask(path), HOLE)


def test_a_mask_is_turned_as_its_file_says(tmp_path):
    path = str(tmp_path / "mask.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    image_of("grey").save(path, exif=exif)
    np.testing.assert_array_equal(read_mask(path), np.rot90(HOLE, -1))


def test_a_file_that_is_no_picture_is_said(tmp_path):
    path = tmp_path / "mask.png"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="mask.png is not a JPEG, PNG"):
        read_mask(str(path))

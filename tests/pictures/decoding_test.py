import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.picture_files import file_of
from tf_btgmi.pictures import decoding
from tf_btgmi.pictures.decoding import decode_image
from tf_btgmi.pictures.reader import decode_picture


def noise(height=6, width=9, channels=3) -> np.ndarray:
    shape = [height, width] + ([channels] if channels else [])
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("form", ["PNG", "BMP"])
def test_rgb_comes_out_as_it_is(form):
    np.testing.assert_array_equal(
        decode_image(file_of(Image.fromarray(noise()), form)), noise()
    )


def test_lossless_webp_comes_out_as_it_is():
    file = file_of(Image.fromarray(noise()), "WEBP", lossless=True)
    np.testing.assert_array_equal(decode_image(file), noise())


def test_alpha_is_dropped_and_not_composited():
    pixels = noise(channels=4)
    np.testing.assert_array_equal(
        decode_image(file_of(Image.fromarray(pixels))), pixels[..., :3]
    )
    pixels = noise(channels=2)
    np.testing.assert_array_equal(
        decode_image(file_of(Image.fromarray(pixels, "LA"))),
        np.repeat(pixels[..., :1], 3, -1),
    )


def test_grey_and_one_bit_become_rgb():
    grey = noise(channels=0)
    expected = np.repeat(grey[..., None], 3, -1)
    np.testing.assert_array_equal(
        decode_image(file_of(Image.fromarray(grey))), expected
    )
    bits = Image.fromarray(grey >= 128)
    np.testing.assert_array_equal(
        decode_image(file_of(bits)), np.where(expected >= 128, 255, 0)
    )


def test_a_palette_with_transparency_keeps_its_colours():
    palette = Image.fromarray(noise()).quantize(16)
    expected = np.asarray(palette.convert("RGB"))
    np.testing.assert_array_equal(
        decode_image(file_of(palette, transparency=3)), expected
    )


def test_sixteen_bit_grey_is_read_as_the_programs_read_it():
    deep = np.array([[0, 128, 129, 32768, 40000, 65535]], np.uint16)
    file = file_of(Image.fromarray(deep))
    image = decode_image(file)
    assert image.shape == (1, 6, 3)
    assert image[0, :, 0].tolist() == [0, 0, 1, 128, 156, 255]
    np.testing.assert_array_equal(image, decode_picture(file).rgb())


@pytest.mark.parametrize("depth", [np.uint32, np.int32, np.int16])
def test_a_tiff_of_32_bit_or_signed_numbers_is_refused(depth):
    file = io.BytesIO()
    tifffile.imwrite(file, np.arange(64, dtype=depth).reshape(8, 8))
    for read in (decode_image, decode_picture):
        with pytest.raises(
            ValueError, match="TIFF of 32-bit or signed numbers; save it"
        ):
            read(file.getvalue())


def test_cmyk_jpeg_becomes_rgb():
    color = Image.new("RGB", (16, 16), (200, 40, 90)).convert("CMYK")
    image = decode_image(file_of(color, "JPEG", quality=100))
    assert np.abs(image.astype(int) - [200, 40, 90]).max() <= 3


@pytest.mark.parametrize(
    "orientation,turn",
    [
        (1, lambda a: a),
        (2, lambda a: a[:, ::-1]),
        (3, lambda a: a[::-1, ::-1]),
        (4, lambda a: a[::-1]),
        (5, lambda a: a.swapaxes(0, 1)),
        (6, lambda a: np.rot90(a, -1)),
        (7, lambda a: a[::-1, ::-1].swapaxes(0, 1)),
        (8, lambda a: np.rot90(a, 1)),
    ],
)
def test_exif_orientation_is_honoured(orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = file_of(Image.fromarray(noise()), "PNG", exif=exif)
    np.testing.assert_array_equal(decode_image(file), turn(noise()))


def test_damaged_exif_does_not_make_a_picture_unreadable():
    file = file_of(Image.fromarray(noise()), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff")
    np.testing.assert_array_equal(decode_image(file), noise())


@pytest.mark.parametrize("min_side", [1, 99, 100, 101, 190, 400])
def test_a_large_jpeg_is_decoded_smaller_but_not_below_what_is_enough(min_side):
    image = Image.fromarray(noise(800, 1000))
    side = min(decode_image(file_of(image, "JPEG"), min_side).shape[:2])
    assert side >= min_side
    assert side == 100 if min_side <= 100 else side < 2 * min_side + 1


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP"])
def test_a_truncated_file_raises(form):
    file = file_of(Image.fromarray(noise(64, 64)), form)
    with pytest.raises(Exception, match="."):
        decode_image(file[: len(file) // 2])


def test_a_picture_of_too_many_pixels_raises(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_PIXELS", 53)
    with pytest.raises(ValueError, match="9x6 pixels; the limit is 53"):
        decode_image(file_of(Image.fromarray(noise())))

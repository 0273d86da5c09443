import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.picture_files import file_of
from tf_btgmi.pictures import decoding, masks
from tf_btgmi.serving import picture_files

FILES = [
    ("PNG", {}),
    ("JPEG", {"quality": 90}),
    ("JPEG", {"progressive": True}),
    ("BMP", {}),
    ("WEBP", {"quality": 80}),
    ("WEBP", {"lossless": True}),
]
HAS_WEBP = hasattr(tf.raw_ops, "DecodeWebP")


@pytest.fixture(scope="module")
def decode():
    spec = tf.TensorSpec([], tf.string)
    return tf.function(picture_files.decode_picture, input_signature=[spec])


@pytest.fixture(scope="module")
def decode_mask():
    spec = tf.TensorSpec([], tf.string)
    return tf.function(picture_files.decode_mask, input_signature=[spec])


@pytest.fixture
def picture(rng):
    return rng.integers(0, 256, [37, 53, 3], dtype=np.uint8)


@pytest.mark.parametrize("kind, options", FILES)
def test_files_are_decoded_as_everywhere_else(decode, picture, kind, options):
    if kind == "WEBP" and not HAS_WEBP:
        pytest.skip("this TensorFlow has no decoder of WebP")
    data = file_of(picture, kind, **options)
    found, reason = decode(data)
    assert reason.numpy() == b""
    np.testing.assert_array_equal(found, decoding.decode_image(data))


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "LA"])
def test_other_modes_become_three_channels(decode, picture, mode):
    data = file_of(Image.fromarray(picture).convert(mode))
    found, reason = decode(data)
    assert reason.numpy() == b"" and found.shape == (37, 53, 3)
    np.testing.assert_array_equal(found, decoding.decode_image(data))


@pytest.mark.parametrize("kind, options", FILES)
def test_a_cut_file_is_a_reason_and_no_error(decode, picture, kind, options):
    data = file_of(picture, kind, **options)
    for length in (12, 40, len(data) // 2):
        found, reason = decode(data[:length])
        assert found.shape == (0, 0, 3)
        words = b"damaged" if kind != "WEBP" or HAS_WEBP else b"none of PNG"
        assert words in reason.numpy()


@pytest.mark.parametrize("colors", [2, 64, 256])
def test_a_bmp_with_a_palette_is_refused_not_misread(decode, picture, colors):
    file = io.BytesIO()
    Image.fromarray(picture).quantize(colors).save(file, "BMP")
    found, reason = decode(file.getvalue())
    assert found.shape == (0, 0, 3) and b"less than 24 bits" in reason.numpy()


def test_a_grey_bmp_is_read(decode, picture):
    found, reason = decode(file_of(picture[..., 0], "BMP"))
    assert reason.numpy() == b""
    np.testing.assert_array_equal(found, np.dstack([picture[..., 0]] * 3))


def test_a_picture_of_too_many_pixels_is_not_decoded(picture, monkeypatch):
    monkeypatch.setattr(picture_files, "MAX_PIXELS", 37 * 53 - 1)
    found, reason = tf.function(picture_files.decode_picture)(file_of(picture))
    assert found.shape == (0, 0, 3) and b"more than the 1960 allowed" in reason.numpy()


@pytest.mark.parametrize("data", [b"\0", b"GIF89a", b"<svg/>", b"RIFF1234WAVE"])
def test_another_format_is_named_as_such(decode, data):
    assert decode(data)[1].numpy().startswith(b"it is none of PNG, JPEG, BMP")


def headers(width, height):
    """The beginning of a file of that size in every format, and nothing behind it."""
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR"
    png += struct.pack(">II", width, height) + b"\x08\x02\0\0\0"
    bmp = b"BM" + b"\0" * 12 + struct.pack("<Iii", 40, width, -height) + b"\x01\0\x18\0"
    jpeg = b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3)
    jpeg += b"\x01\x22\0\x02\x11\1\x03\x11\1\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0"
    webp = b"RIFF\0\0\0\0WEBPVP8X" + struct.pack("<II", 10, 0)
    webp += struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    lossless = b"RIFF\0\0\0\0WEBPVP8L" + struct.pack("<I", 10) + b"\x2f"
    bits = (width - 1) % 2**14 | (height - 1) % 2**14 << 14
    lossless += struct.pack("<I", bits)
    return {"png": png, "bmp": bmp, "jpeg": jpeg, "webp": webp, "lossless": lossless}


@pytest.mark.parametrize("kind", ["png", "bmp", "jpeg", "webp", "lossless"])
def test_a_bomb_is_refused_by_its_header(decode, kind):
    if kind in ("webp", "lossless") and not HAS_WEBP:
        pytest.skip("this TensorFlow has no decoder of WebP")
    width, height = 16000, 15000
    reason = decode(headers(width, height)[kind])[1].numpy().decode()
    assert reason == (
        f"16000x15000 pixels are more than the {picture_files.MAX_PIXELS} allowed"
    )


def test_an_8k_picture_is_not_refused_for_its_size(decode):
    assert b"damaged" in decode(headers(7680, 4320)["png"])[1].numpy()


def test_a_mask_is_hole_from_grey_128_on(rng):
    grey = rng.integers(0, 256, [20, 30, 3], dtype=np.uint8)
    grey[0, :4] = [[127] * 3, [128] * 3, [255] * 3, [0] * 3]
    # More random colours would be a photograph.
    grey[8:] = 255
    data = file_of(grey, "PNG")
    hole, reason = picture_files.decode_mask(tf.constant(data))
    assert reason.numpy() == b""
    np.testing.assert_array_equal(hole, masks.decode_mask(data))


def layers():
    """Masks as programs save them, by name."""
    y, x = np.mgrid[:60, :80]
    disc = (y - 30) ** 2 + (x - 40) ** 2 < 400
    white = np.where(disc, 255, 0).astype(np.uint8)
    soft = np.clip(255 - 20 * (np.hypot(y - 30, x - 40) - 10), 0, 255).astype(np.uint8)
    photograph = np.dstack([2 * x, 3 * y, x + y]).astype(np.uint8)
    strokes = np.dstack([0 * white + 200, white // 9, 0 * white, white // 3])
    yield "grey", file_of(white, "PNG")
    yield "soft", file_of(soft, "PNG")
    yield "jpeg", file_of(np.dstack([white] * 3), "JPEG")
    yield "bmp", file_of(white, "BMP")
    yield "strokes", file_of(strokes, "PNG")
    yield "erased", file_of(np.dstack([photograph, 255 - white]), "PNG")
    yield "black layer", file_of(np.dstack([0 * photograph, 255 - white]), "PNG")
    palette = Image.fromarray(white).quantize(2)
    yield "palette", file_of(palette, "PNG")
    yield "transparent palette", file_of(palette, "PNG", transparency=0)
    yield "16 bits", file_of(white.astype(np.uint16) * 257, "PNG")


@pytest.mark.parametrize("name, data", layers(), ids=lambda value: str(value)[:20])
def test_masks_of_every_kind_are_read_as_by_the_programs(decode_mask, name, data):
    hole, reason = decode_mask(data)
    assert reason.numpy() == b""
    np.testing.assert_array_equal(hole, masks.decode_mask(data))
    assert 0.1 < hole.numpy().mean() < 0.5


def test_a_mask_that_is_ambiguous_or_dark_is_refused(decode_mask):
    alpha = np.zeros((60, 80), np.uint8)
    alpha[[0, -1]] = alpha[:, [0, -1]] = 255
    frame = file_of(np.dstack([alpha] * 4), "PNG")
    dark = file_of(np.eye(60, 80, dtype=np.uint8), "PNG")
    for data, words in ((frame, b"not clear which part"), (dark, b"its maximum is 1")):
        _, reason = decode_mask(data)
        assert words in reason.numpy()

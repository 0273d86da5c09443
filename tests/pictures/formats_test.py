"""Files of formats that are not on the list are refused, whoever opens them."""

import ast
import io
import pathlib

import numpy as np
import pytest
import tifffile
from PIL import Image, features

from tf_btgmi.pictures import formats
from tf_btgmi.pictures.decoding import decode_image
from tf_btgmi.pictures.formats import FORMATS, WORDS, open_picture
from tf_btgmi.pictures.listing import is_picture
from tf_btgmi.pictures.masks import decode_mask
from tf_btgmi.pictures.pairs import result_name
from tf_btgmi.pictures.reader import decode_picture, read_picture
from tf_btgmi.pictures.writer import encode_picture, format_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURE = Image.new("RGB", (32, 32), (250, 20, 3))
READERS = {
    "decode_image": decode_image,
    "decode_mask": decode_mask,
    "decode_picture": decode_picture,
}


def saved(form: str) -> bytes:
    file = io.BytesIO()
    PICTURE.save(file, form)
    return file.getvalue()


def fli() -> bytes:
    """The header of a FLI of one frame, 32x32, and an empty frame."""
    header = bytearray(128)
    header[4:6] = (0xAF11).to_bytes(2, "little")
    header[6] = 1
    header[8] = header[10] = 32
    return bytes(header) + (16).to_bytes(4, "little") + b"\xfa\xf1" + bytes(10)


OTHERS = {form: saved(form) for form in ("EPS", "ICNS", "ICO", "PCX", "TGA", "DDS")}
OTHERS["FLI"] = fli()
OTHERS["FITS"] = b"SIMPLE  =                    T".ljust(80) + b"END".ljust(80)
OTHERS["PSD"] = bytes([*b"8BPS", 0, 1, *bytes(6), 0, 3, *[0, 0, 0, 9] * 2, 0, 8, 0, 3])


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("form", OTHERS)
def test_another_format_is_refused_in_one_line_that_says_what_is_read(form, reader):
    with pytest.raises(ValueError, match=f"not a {WORDS} picture") as caught:
        READERS[reader](OTHERS[form])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", ["EPS", "FLI", "ICNS", "PCX"])
def test_pillow_would_have_opened_what_is_refused(form):
    with Image.open(io.BytesIO(OTHERS[form])) as stored:
        assert stored.format == form


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_on_the_list_is_read_by_everyone(form):
    if form == "WEBP" and not features.check("webp"):
        pytest.skip("This Pillow knows no WebP.")
    data = saved(form)
    for pixels in (decode_image(data), decode_picture(data).rgb()):
        np.testing.assert_allclose(pixels[5, 5], [250, 20, 3], atol=4)
    # 0.299 * 250 + 0.587 * 20 + 0.114 * 3 is 87: no hole.
    with pytest.raises(ValueError, match="its maximum is 8[5-9] of 255"):
        decode_mask(data)


@pytest.mark.parametrize("form, ending", [("AVIF", ".avif"), ("HEIF", ".heic")])
def test_what_phones_write_is_read_upright_and_written_as_png(tmp_path, form, ending):
    if form not in FORMATS:
        pytest.skip(f"no decoder of {form} here")
    exif = Image.Exif()
    # A HEIC turns its pixels by a property of its own, which its decoder applies.
    exif[0x0112] = 6 if form == "AVIF" else 1
    picture = Image.new("RGB", (64, 32), (200, 10, 10))
    picture.paste((10, 10, 200), (0, 0, 32, 32))
    if form == "HEIF":
        picture = picture.transpose(Image.Transpose.ROTATE_270)
    path = tmp_path / f"phone{ending}"
    picture.save(path, form, exif=exif, quality=95)
    assert is_picture(str(path))
    for pixels in (read_picture(str(path)).rgb(), decode_image(str(path))):
        assert pixels.shape == (64, 32, 3)
        np.testing.assert_allclose(pixels[5, 5], [10, 10, 200], atol=12)
        np.testing.assert_allclose(pixels[-5, 5], [200, 10, 10], atol=12)
    assert result_name(str(path)) == "phone.png"
    data, _ = encode_picture(read_picture(str(path)), "PNG")
    assert decode_picture(data).rgb().shape == (64, 32, 3)
    with pytest.raises(ValueError, match="pictures are written as"):
        format_of(str(path))


def test_without_its_decoder_heic_is_named_with_what_to_do(monkeypatch):
    data = (24).to_bytes(4, "big") + b"ftypheic" + bytes(40)
    monkeypatch.setattr(formats, "pillow_heif", None)
    monkeypatch.setattr(formats, "FORMATS", ("JPEG", "PNG"))
    for reader in READERS.values():
        with pytest.raises(
            ValueError, match="a HEIC picture.* pip install pillow-heif"
        ):
            reader(data)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("order", "<>")
def test_a_floating_point_tiff_is_named_as_such(channels, order):
    file = io.BytesIO()
    shape = (8, 9, channels) if channels > 1 else (8, 9)
    extra = {"photometric": "rgb"} if channels > 1 else {}
    values = np.zeros(shape, np.float32)
    tifffile.imwrite(file, values, byteorder=order, **extra)
    for reader in READERS.values():
        with pytest.raises(
            ValueError, match="a floating-point TIFF; save it with 8 or"
        ):
            reader(file.getvalue())


def test_a_jpeg_of_several_pictures_is_read_as_its_first():
    file = io.BytesIO()
    PICTURE.save(file, "MPO", save_all=True, append_images=[PICTURE.rotate(90)])
    with open_picture(io.BytesIO(file.getvalue())) as stored:
        assert stored.format == "MPO"
    assert decode_picture(file.getvalue()).format == "JPEG"


def test_nothing_opens_a_picture_but_by_the_list():
    found = []
    for folder in ("tf_btgmi", "export"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                    "Image.open"
                ):
                    keys = [key.arg for key in node.keywords]
                    if "formats" not in keys:
                        found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found

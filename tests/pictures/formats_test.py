"""Files of formats that are not on the list are refused, whoever opens them."""

import ast
import io

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps, features

from tests.picture_files import file_of, png_of
from tests.programs import ROOT
from tf_btgmi.pictures import formats
from tf_btgmi.pictures.decoding import decode_image
from tf_btgmi.pictures.formats import FORMATS, WORDS, TooLargeError, open_picture
from tf_btgmi.pictures.listing import is_picture
from tf_btgmi.pictures.masks import decode_mask
from tf_btgmi.pictures.pairs import result_path
from tf_btgmi.pictures.reader import decode_picture, read_picture
from tf_btgmi.pictures.writer import encode_picture, format_of

_ORIENTATION = 0x0112
PICTURE = Image.new("RGB", (32, 32), (250, 20, 3))
READERS = {
    "decode_image": decode_image,
    "decode_mask": decode_mask,
    "decode_picture": decode_picture,
}


def saved(form: str) -> bytes:
    return file_of(PICTURE, form)


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


@pytest.mark.parametrize("reader", READERS)
def test_an_empty_file_is_said_to_be_empty(reader):
    with pytest.raises(ValueError, match="empty"):
        READERS[reader](b"")


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


@pytest.mark.parametrize("options", [{}, {"tile": (16, 16)}, {"compression": "zlib"}])
def test_sixteen_bits_in_separate_channels_are_refused_not_misread(options):
    file = io.BytesIO()
    pixels = np.full((3, 40, 30), 9000, np.uint16)
    tifffile.imwrite(
        file, pixels, photometric="rgb", planarconfig="separate", **options
    )
    with pytest.raises(ValueError, match="channels one after the other; save it with"):
        decode_picture(file.getvalue())


def corners() -> Image.Image:
    """A picture of four colours, no two of whose eight orientations are alike."""
    colors = np.uint8([[[10, 200, 10], [200, 10, 10]], [[10, 10, 200], [200, 200, 10]]])
    return Image.fromarray(colors.repeat(32, axis=0).repeat(48, axis=1))


def as_displayed(orientation: int) -> np.ndarray:
    picture = corners()
    picture.getexif()[_ORIENTATION] = orientation
    return np.asarray(ImageOps.exif_transpose(picture))


def assert_alike(pixels: np.ndarray, expected: np.ndarray) -> None:
    """Compares two pictures of `corners`, away from the edges of its colours."""
    assert pixels.shape == expected.shape
    apart = np.s_[8::16, 8::16]
    np.testing.assert_allclose(pixels[apart], expected[apart], atol=12)


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[_ORIENTATION] = orientation
    return block.tobytes()


def skip_without(form: str) -> None:
    if form not in FORMATS:
        pytest.skip(f"no decoder of {form} here")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form, ending", [("AVIF", ".avif"), ("HEIF", ".heic")])
def test_what_phones_write_is_read_upright_and_written_upright_as_png(
    tmp_path, form, ending, orientation
):
    skip_without(form)
    path = tmp_path / f"phone{ending}"
    corners().save(path, form, exif=exif(orientation), quality=95)
    # Turned as phones do it: by properties of the container, and said in EXIF as well.
    data = path.read_bytes()
    assert (b"irot" in data or b"imir" in data) == (orientation > 1)
    assert is_picture(str(path)) and result_path("", "", str(path)) == "phone.png"
    expected = as_displayed(orientation)
    stored = read_picture(str(path))
    for pixels in (stored.rgb(), decode_image(str(path))):
        assert_alike(pixels, expected)
    data, notes = encode_picture(stored, "PNG")
    assert not notes
    # A viewer that ignores the orientation of a PNG shows the same.
    with Image.open(io.BytesIO(data)) as written:
        assert written.getexif().get(_ORIENTATION, 1) == 1
        assert_alike(np.asarray(written), expected)
    np.testing.assert_array_equal(decode_picture(data).rgb(), stored.rgb())
    with pytest.raises(ValueError, match="pictures are written as"):
        format_of(str(path))


def test_no_picture_is_opened_that_claims_more_pixels_than_fit():
    data = png_of(b"", 16384, 16385)
    with pytest.raises(TooLargeError, match="It has 16384x16385 pixels; the limit is"):
        open_picture(io.BytesIO(data))
    with open_picture(io.BytesIO(data), 16384 * 16385) as picture:
        assert picture.size == (16384, 16385)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_tiff_is_read_upright(tmp_path, dtype, compression, big, orientation):
    path = str(tmp_path / "scan.tif")
    scale = np.iinfo(dtype).max // 255
    tifffile.imwrite(
        path,
        np.asarray(corners()).astype(dtype) * scale,
        bigtiff=big,
        photometric="rgb",
        compression=compression,
        extratags=[(_ORIENTATION, "H", 1, orientation, True)],
    )
    stored = read_picture(path)
    assert stored.pixels.dtype == dtype
    found = stored.rgb(sixteen_bits=True)
    np.testing.assert_array_equal(
        found, as_displayed(orientation).astype(dtype) * scale
    )


def test_an_orientation_that_only_the_exif_of_a_heic_has_turns_nothing():
    skip_without("HEIF")
    block = Image.Exif()
    block[_ORIENTATION] = 6
    data = file_of(corners(), "HEIF", exif=block, quality=95)
    assert b"irot" not in data and exif(6)[-20:] in data
    for pixels in (decode_picture(data).rgb(), decode_image(data)):
        assert_alike(pixels, as_displayed(1))


def test_of_a_heic_of_several_pictures_the_main_one_is_read():
    skip_without("HEIF")
    others = {"save_all": True, "append_images": [corners()], "primary_index": 1}
    data = file_of(PICTURE, "HEIF", **others, quality=95)
    for pixels in (decode_picture(data).rgb(), decode_image(data)):
        assert_alike(pixels, as_displayed(1))


@pytest.mark.parametrize(
    "packet",
    [
        b'<rdf:Description tiff:Make="A" tiff:Orientation="6" tiff:Model="B"/>',
        b"<a><tiff:Orientation>6</tiff:Orientation><tiff:Make>A</tiff:Make></a>",
    ],
)
def test_a_png_that_was_turned_has_no_orientation_in_its_xmp_either(packet):
    turned = file_of(corners(), "JPEG", exif=exif(6), xmp=packet)
    data, _ = encode_picture(decode_picture(turned), "PNG")
    metadata = decode_picture(data).metadata
    assert metadata.orientation == 1
    assert b"Orientation" not in metadata.xmp and b"tiff:Make" in metadata.xmp


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


def test_a_tiff_that_pillow_does_not_open_is_called_a_tiff():
    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((8, 9), np.complex64))
    for data in (file.getvalue(), file.getvalue()[:20]):
        for reader in READERS.values():
            with pytest.raises(ValueError, match="a TIFF that is damaged or of a kind"):
                reader(data)


def test_a_jpeg_of_several_pictures_is_read_as_its_first():
    several = {"save_all": True, "append_images": [PICTURE.rotate(90)]}
    data = file_of(PICTURE, "MPO", **several)
    with open_picture(io.BytesIO(data)) as stored:
        assert stored.format == "MPO"
    assert decode_picture(data).format == "JPEG"


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

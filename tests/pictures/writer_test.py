"""Files of each format: their metadata, and what a format does not hold."""

import io
import os

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from tests.picture_files import file_of
from tests.pictures.filled import COLOR, HEIGHT, HOLE, WIDTH, exif, make, through
from tf_btgmi.pictures.metadata import Metadata
from tf_btgmi.pictures.picture import Picture
from tf_btgmi.pictures.reader import read_picture
from tf_btgmi.pictures.writer import write_picture


def test_png_texts_resolution_and_profile_stay(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "somebody")
    texts.add_itxt("Title", "Bo\u00f6t")
    source = tmp_path / "source.png"
    make("RGB").save(source, pnginfo=texts, dpi=(300, 300), icc_profile=profile)
    through(tmp_path, source, ".png")
    with Image.open(source) as before, Image.open(tmp_path / "result.png") as after:
        assert after.text == before.text == {"Author": "somebody", "Title": "Bo\u00f6t"}
        assert after.info["dpi"] == before.info["dpi"]
        assert after.info["icc_profile"] == profile


@pytest.mark.parametrize("ending", [".jpg", ".png", ".tif", ".webp"])
def test_a_jpegs_metadata_goes_into_every_format(tmp_path, ending):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = tmp_path / "source.jpg"
    options = {"dpi": (300, 200), "xmp": b"<x/>", "comment": b"at sea"}
    make("RGB").save(source, exif=exif(3), icc_profile=profile, **options)
    after, notes = through(tmp_path, source, ending)
    assert not notes
    assert after.metadata.icc == profile
    # A PNG was turned upright.
    assert after.metadata.orientation == (1 if ending == ".png" else 3)
    assert after.metadata.xmp == b"<x/>"
    assert after.metadata.tags().get_ifd(0x8769)[0x9003] == "2020:01:01 00:00:00"
    if ending != ".webp":
        assert [round(value) for value in after.metadata.dpi] == [300, 200]
    if ending == ".jpg":
        assert after.metadata.comment == b"at sea"
    if ending == ".png":
        with Image.open(tmp_path / "result.png") as stored:
            assert stored.text["Comment"] == "at sea"


@pytest.mark.parametrize(
    "source, options, compression",
    [
        ("a.jpg", {}, "tiff_adobe_deflate"),
        ("a.jpg", {"exif": b"Exif\0\0"}, "tiff_adobe_deflate"),
        ("a.png", {}, "tiff_adobe_deflate"),
        ("a.bmp", {}, "tiff_adobe_deflate"),
        ("a.webp", {"lossless": True}, "tiff_adobe_deflate"),
        ("a.tif", {"compression": "tiff_adobe_deflate"}, "tiff_adobe_deflate"),
        ("a.tif", {"compression": "tiff_lzw"}, "tiff_lzw"),
        ("a.tif", {"compression": "jpeg"}, "tiff_adobe_deflate"),
    ],
)
def test_a_picture_without_camera_data_becomes_a_compressed_tiff(
    tmp_path, source, options, compression
):
    make("RGB").save(tmp_path / source, **options)
    before = read_picture(str(tmp_path / source)).pixels
    after, notes = through(tmp_path, tmp_path / source, ".tif")
    assert not notes
    assert after.encoding == {"compression": compression}
    np.testing.assert_array_equal(after.pixels[~HOLE], before[~HOLE])


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_keeps_its_tables_and_far_pixels_hardly_move(tmp_path, mode):
    source = tmp_path / "source.jpg"
    values = np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8)
    image = Image.fromarray(values).resize((96, 64), Image.Resampling.BICUBIC)
    progressive = mode == "RGB"
    options = {"quality": 83, "subsampling": 0, "progressive": progressive}
    image.convert(mode).save(source, **options)
    picture = read_picture(str(source))
    mask = np.zeros((64, 96), bool)
    mask[16:32, 16:48] = True
    composite = picture.rgb()
    composite[mask] = COLOR
    target = tmp_path / "result.jpg"
    write_picture(picture.filled(composite, mask), str(target))
    after = read_picture(str(target))
    assert after.mode == mode
    assert after.encoding == picture.encoding
    with Image.open(target) as stored:
        assert stored.info.get("progressive", 0) == progressive
    moved = np.abs(after.pixels.astype(int) - picture.pixels)[:, 66:]
    assert moved.mean() < 0.1


@pytest.mark.parametrize(
    "mode, ending, result, words",
    [
        ("RGBA", ".jpg", "RGB", "transparency replaced by white"),
        ("LA", ".jpg", "L", "transparency replaced by white"),
        ("P", ".jpg", "RGB", "from mode P to RGB"),
        ("CMYK", ".png", "RGB", "from mode CMYK to RGB"),
        ("RGBA", ".bmp", "RGB", "transparency replaced by white"),
    ],
)
def test_what_a_format_cannot_hold_is_converted_and_said(
    tmp_path, mode, ending, result, words
):
    source = tmp_path / "source.tif"
    make(mode).save(source)
    after, notes = through(tmp_path, source, ending)
    assert after.mode == result
    assert words in notes[0]
    if (ending, result) == (".jpg", "RGB"):
        best = Image.open(io.BytesIO(file_of(make("RGB"), "JPEG", quality=95)))
        assert after.encoding == {"qtables": best.quantization, "subsampling": 0}


def test_what_a_bmp_does_not_hold_is_said(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = tmp_path / "source.jpg"
    options = {"icc_profile": profile, "xmp": b"<x/>", "dpi": (300, 200)}
    make("RGB").save(source, exif=exif(1), **options)
    after, notes = through(tmp_path, source, ".bmp")
    assert [round(value) for value in after.metadata.dpi] == [300, 200]
    (note,) = notes
    assert note == (
        "left out, since BMP stores none: colour profile, camera data (EXIF), XMP data"
    )
    block = Image.Exif()
    block[0x0112] = 6
    make("RGB").save(source, exif=block)
    _, notes = through(tmp_path, source, ".bmp")
    (note,) = notes
    assert "turned upright" in note


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB"])
@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_a_profile_of_grey_stays_with_grey_alone(tmp_path, mode, ending):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    grey = profile[:16] + b"GRAY" + profile[20:]
    source = tmp_path / f"source{ending}"
    make(mode).save(source, icc_profile=grey)
    after, notes = through(tmp_path, source, ending)
    left_out = ["colour profile left out: it is not for mode RGB"]
    assert (after.metadata.icc, notes) == (
        (b"", left_out) if mode == "RGB" else (grey, [])
    )


@pytest.mark.parametrize("ending, mode", [(".tif", "RGBA"), (".bmp", "RGB")])
def test_transparency_of_a_palette_is_kept_or_its_loss_said(tmp_path, ending, mode):
    source, target = tmp_path / "source.gif", tmp_path / f"result{ending}"
    make("P").save(source, transparency=3)
    before = read_picture(str(source))
    assert before.mode == "P" and not before.alpha().all()
    notes = write_picture(before, str(target))
    after = read_picture(str(target))
    assert after.mode == mode
    if mode == "RGBA":
        np.testing.assert_array_equal(after.alpha(), before.alpha())
    assert [note[:21] for note in notes] == ["transparency replaced"] * (mode == "RGB")


def test_grey_with_alpha_of_sixteen_bits_can_be_read_from_a_tiff(tmp_path):
    values = np.random.default_rng(0).integers(0, 1 << 16, (8, 9, 2), np.uint16)
    target = str(tmp_path / "result.tif")
    assert write_picture(Picture(values, "LA", "PNG", Metadata()), target) == []
    after = read_picture(target)
    np.testing.assert_array_equal(after.pixels, values[..., [0, 0, 0, 1]])


def test_the_last_colour_of_a_palette_may_be_transparent(tmp_path):
    source, target = tmp_path / "source.png", tmp_path / "result.png"
    make("P").save(source, transparency=63)
    before = read_picture(str(source))
    assert before.pixels.max() == 63 and not before.alpha().all()
    write_picture(before, str(target))
    np.testing.assert_array_equal(read_picture(str(target)).alpha(), before.alpha())


def test_more_metadata_than_a_jpeg_holds_is_left_out_and_the_turn_kept(tmp_path):
    source = tmp_path / "source.webp"
    block = Image.Exif()
    block[0x0112] = 6
    block[0x010E] = "a" * 70_000
    make("RGB").save(source, exif=block.tobytes(), xmp=b"<x>%s</x>" % bytes(70_000))
    after, notes = through(tmp_path, source, ".jpg")
    assert after.metadata.orientation == 6
    assert after.metadata.xmp == b""
    assert ["camera data" in notes[0], "XMP data" in notes[1]] == [True, True]


def test_sixteen_bits_become_eight_where_they_must(tmp_path):
    source = tmp_path / "source.png"
    source.write_bytes(
        cv2.imencode(".png", np.full((HEIGHT, WIDTH, 3), 257 * 77, np.uint16))[1]
    )
    after, notes = through(tmp_path, source, ".bmp")
    assert "from 16 to 8 bits" in notes[0]
    assert (after.pixels[~HOLE] == 77).all()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    source, target = tmp_path / "source.png", tmp_path / "result.webp"
    Image.new("RGB", (17_000, 2)).save(source)
    target.write_bytes(b"old")
    with pytest.raises(ValueError, match="cannot be written"):
        write_picture(read_picture(str(source)), str(target))
    assert target.read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["result.webp", "source.png"]


def test_an_ending_that_is_not_written_is_said(tmp_path):
    source = tmp_path / "source.png"
    make("RGB").save(source)
    for name, word in (("result.xyz", ".xyz"), ("result", "missing")):
        with pytest.raises(ValueError, match=f"the file extension is {word}"):
            write_picture(read_picture(str(source)), str(tmp_path / name))

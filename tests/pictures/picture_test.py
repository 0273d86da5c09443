"""Pictures of every mode: read, filled, written, and read again."""

import io

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps

from tests.picture_files import file_of
from tests.pictures.filled import (
    COLOR,
    HEIGHT,
    HOLE,
    LOSSLESS,
    WIDTH,
    assert_alpha,
    colors_of,
    exif,
    make,
    through,
)
from tf_btgmi.pictures import metadata as metadata_lib
from tf_btgmi.pictures.picture import Picture, as_stored, in_depth, upright
from tf_btgmi.pictures.reader import read_picture
from tf_btgmi.pictures.writer import write_picture

# Levels of COLOR in each mode: its luminance is 84.25.
LEVELS = {"1": (0,), "L": (84,), "LA": (84,), "P": COLOR, "RGB": COLOR, "RGBA": COLOR}


@pytest.mark.parametrize("mode, ending", LOSSLESS)
@pytest.mark.parametrize("orientation", [1, 6])
def test_known_pixels_mode_and_size_stay(tmp_path, mode, ending, orientation):
    source = tmp_path / f"source{ending}"
    options = {} if ending == ".bmp" else {"exif": exif(orientation)}
    if ending == ".webp":
        options.update(lossless=True, exact=True)
    make(mode).save(source, **options)
    before = read_picture(str(source))
    after, notes = through(tmp_path, source, ending)
    assert after.mode == before.mode == mode
    assert notes == []
    np.testing.assert_array_equal(colors_of(after)[~HOLE], colors_of(before)[~HOLE])
    if mode in LEVELS:
        filled = colors_of(after)[HOLE].reshape(HOLE.sum(), -1)
        assert (filled[:, : len(LEVELS[mode])] == LEVELS[mode]).all()
    else:
        filled = after.rgb()[upright(HOLE, orientation)]
        np.testing.assert_allclose(filled, np.broadcast_to(COLOR, filled.shape), atol=2)
    if mode in ("LA", "RGBA"):
        assert_alpha(after, before.pixels)
    if ending != ".bmp":
        assert after.metadata.orientation == orientation
        tags = after.metadata.tags()
        assert tags[0x010E] == "a boat"
        assert tags.get_ifd(0x8769)[0x9003] == "2020:01:01 00:00:00"


# OpenCV does not read 16-bit grey with alpha out of a TIFF.
@pytest.mark.parametrize(
    "ending, channels",
    [*((".png", n) for n in (1, 2, 3, 4)), *((".tif", n) for n in (1, 3, 4))],
)
def test_sixteen_bits_stay(tmp_path, ending, channels):
    shape = (HEIGHT, WIDTH) + ((channels,) if channels > 1 else ())
    values = np.random.default_rng(0).integers(0, 1 << 16, shape, np.uint16)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = tmp_path / f"source{ending}"
    if ending == ".tif":
        kind = "rgb" if channels > 2 else "minisblack"
        extra = {"extrasamples": [2]} if channels == 4 else {}
        tifffile.imwrite(
            source,
            values,
            photometric=kind,
            resolution=(300, 200),
            resolutionunit=2,
            iccprofile=profile if channels > 2 else None,
            extratags=[(274, 3, 1, 6, True), (700, 1, 4, b"<x/>", True)],
            metadata=None,
            **extra,
        )
    elif channels == 2:
        picture = Picture(values, "LA", "PNG", metadata_lib.Metadata())
        write_picture(picture, str(source))
    else:
        order = {1: ..., 3: (..., [2, 1, 0]), 4: (..., [2, 1, 0, 3])}[channels]
        source.write_bytes(cv2.imencode(".png", values[order])[1].tobytes())
    np.testing.assert_array_equal(read_picture(str(source)).pixels, values)
    after, notes = through(tmp_path, source, ending)
    assert not notes and after.pixels.dtype == np.uint16
    np.testing.assert_array_equal(after.pixels[~HOLE], values[~HOLE])
    if channels > 2:
        expected = np.broadcast_to(np.array(COLOR) * 257, (HOLE.sum(), 3))
        np.testing.assert_array_equal(after.pixels[HOLE][:, :3], expected)
    if channels in (2, 4):
        assert_alpha(after, values)
    if ending == ".tif":
        assert after.metadata.orientation == 6
        assert after.metadata.dpi == (300, 200)
        assert after.metadata.icc == (profile if channels > 2 else b"")
        assert after.metadata.xmp == b"<x/>"
        with tifffile.TiffFile(tmp_path / "result.tif") as stored:
            # 2: the colours are not multiplied by alpha.
            assert stored.pages[0].extrasamples == (2,) * (channels == 4)


@pytest.mark.parametrize("largest", [4095, 65535])
def test_a_ppm_of_more_than_eight_bits_keeps_them(tmp_path, largest):
    values = np.random.default_rng(0).integers(0, largest + 1, (6, 9, 3))
    source = tmp_path / "source.ppm"
    header = b"P6\n# a comment\n9 6\n%d\n" % largest
    source.write_bytes(header + values.astype(">u2").tobytes())
    found = read_picture(str(source))
    assert found.mode == "RGB" and found.pixels.dtype == np.uint16
    np.testing.assert_array_equal(found.pixels, np.rint(values * (65535 / largest)))


def test_premultiplied_colours_of_sixteen_bits_are_divided_again(tmp_path):
    straight = np.random.default_rng(0).integers(0, 1 << 16, (6, 9, 4))
    straight[..., 3] = np.maximum(straight[..., 3], 1 << 14)
    straight[0, 0] = 0
    stored = straight.copy()
    stored[..., :3] = np.rint(straight[..., :3] * (straight[..., 3:] / 65535))
    source = tmp_path / "source.tif"
    tifffile.imwrite(
        source, stored.astype(np.uint16), photometric="rgb", extrasamples=[1]
    )
    found = read_picture(str(source)).pixels
    np.testing.assert_array_equal(found[..., 3], straight[..., 3])
    # Half a level of the stored colours is up to two of the others.
    assert np.abs(found.astype(int) - straight)[..., :3].max() <= 2


def test_one_level_of_a_bilevel_png_may_be_transparent(tmp_path):
    source = tmp_path / "source.png"
    bits = np.arange(54).reshape(6, 9) % 3 > 0
    Image.fromarray(bits).save(source, transparency=0)
    found = read_picture(str(source))
    assert found.mode == "LA"
    np.testing.assert_array_equal(found.alpha() > 0, bits)


def test_sixteen_bits_are_rounded_to_eight_and_eight_come_back():
    values = np.arange(1 << 16, dtype=np.uint16)
    levels = in_depth(values, np.uint8)
    np.testing.assert_array_equal(levels, np.rint(values / 257))
    np.testing.assert_array_equal(in_depth(levels[::257], np.uint16), values[::257])


def test_every_orientation_is_what_pillow_makes_of_it():
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    for orientation in range(1, 9):
        block = Image.Exif()
        block[0x0112] = orientation
        with Image.open(io.BytesIO(file_of(pixels, exif=block))) as stored:
            expected = np.array(ImageOps.exif_transpose(stored))
        np.testing.assert_array_equal(upright(pixels, orientation), expected)
        np.testing.assert_array_equal(as_stored(expected, orientation), pixels)


def test_an_upright_mask_lands_on_the_right_pixels_of_a_turned_jpeg(tmp_path):
    source, target = tmp_path / "source.jpg", tmp_path / "result.tif"
    Image.new("RGB", (40, 24), "grey").save(source, exif=exif(6))
    picture = read_picture(str(source))
    assert picture.rgb().shape == (40, 24, 3)
    mask = np.zeros((40, 24), bool)
    mask[:5, :5] = True
    composite = picture.rgb()
    composite[mask] = COLOR
    write_picture(picture.filled(composite, mask), str(target))
    after = read_picture(str(target))
    np.testing.assert_array_equal(after.rgb(), composite)
    assert after.pixels.shape == (24, 40, 3)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_transparent_colour_becomes_an_alpha_channel(tmp_path, channels, depth):
    values = (np.arange(HEIGHT * WIDTH * channels) * 17).astype(depth)
    values = values.reshape(HEIGHT, WIDTH, channels)
    data = cv2.imencode(".png", values[..., ::-1])[1].tobytes()
    chunks = metadata_lib.png_chunks(data)
    color = values[3, 5].astype(">u2").tobytes()
    source = tmp_path / "source.png"
    source.write_bytes(
        metadata_lib.png_file([chunks[0], (b"tRNS", color), *chunks[1:]])
    )
    after, _ = through(tmp_path, source, ".png")
    assert after.mode == {1: "LA", 3: "RGBA"}[channels]
    visible = (values != values[3, 5]).any(axis=-1) | HOLE
    expected = np.where(visible, np.iinfo(depth).max, 0)
    np.testing.assert_array_equal(after.pixels[..., -1], expected)
    np.testing.assert_array_equal(after.pixels[~HOLE][:, :channels], values[~HOLE])


def test_a_palette_takes_the_fills_colours_where_it_has_room(tmp_path):
    source = tmp_path / "source.png"
    make("P").save(source)
    after, _ = through(tmp_path, source, ".png")
    expected = np.broadcast_to((*COLOR, 255), (HOLE.sum(), 4))
    np.testing.assert_array_equal(colors_of(after)[HOLE], expected)


@pytest.mark.parametrize("opaque", [True, False])
def test_a_fill_is_opaque_and_recolouring_leaves_alpha(opaque):
    for mode in ("LA", "RGBA"):
        pixels = np.full((HEIGHT, WIDTH, len(mode)), 9, np.uint8)
        picture = Picture(pixels, mode, "PNG", metadata_lib.Metadata())
        composite = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
        filled = picture.filled(composite, HOLE, opaque).pixels
        assert (filled[HOLE][:, 0] == 200).all()
        assert set(filled[HOLE][:, -1].tolist()) == {255 if opaque else 9}
        assert set(filled[~HOLE].ravel().tolist()) == {9}


def test_recolouring_a_palette_leaves_alpha():
    indices = np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH) % 8
    palette = np.zeros((256, 4), np.uint8)
    palette[:, 3] = 255
    palette[2:5, 3] = 0, 99, 254
    picture = Picture(indices, "P", "PNG", metadata_lib.Metadata(), palette)
    composite = np.broadcast_to(np.uint8(COLOR), (HEIGHT, WIDTH, 3))
    filled = picture.filled(composite, HOLE, opaque=False)
    np.testing.assert_array_equal(filled.alpha(), picture.alpha())
    opaque = HOLE & (picture.alpha() == 255)
    assert (filled.rgb()[opaque] == COLOR).all()
    stored = [each.palette[each.pixels] for each in (filled, picture)]
    np.testing.assert_array_equal(stored[0][~opaque], stored[1][~opaque])


def test_a_palette_picture_gets_a_fill_of_many_colours_pixel_by_pixel(tmp_path):
    source = tmp_path / "palette.png"
    make("P").save(source)
    picture = read_picture(str(source))
    y, x = np.nonzero(HOLE)
    ramp = np.stack([8 * y, 255 - 6 * x, 4 * x + y], axis=1)
    composite = picture.rgb()
    composite[HOLE] = ramp
    after = picture.filled(composite, HOLE).rgb()
    assert np.abs(after[HOLE].astype(int) - ramp).max() <= 4
    np.testing.assert_array_equal(after[~HOLE], composite[~HOLE])


def test_a_hole_over_transparent_pixels_of_a_palette_is_seen(tmp_path):
    source = tmp_path / "source.png"
    image = make("P")
    indices = np.array(image)
    indices[8:12, 16:20] = 5
    turned = Image.frombytes("P", image.size, indices.tobytes())
    turned.putpalette(image.getpalette())
    turned.save(source, transparency=5)
    after, _ = through(tmp_path, source, ".png")
    transparent = (indices == 5) & ~HOLE
    assert (indices == 5)[HOLE].any() and transparent.any()
    np.testing.assert_array_equal(colors_of(after)[..., 3] == 0, transparent)
    expected = np.broadcast_to((*COLOR, 255), (HOLE.sum(), 4))
    np.testing.assert_array_equal(colors_of(after)[HOLE], expected)


def test_one_bit_takes_the_nearer_of_black_and_white(tmp_path):
    source = tmp_path / "source.png"
    make("1").save(source)
    picture = read_picture(str(source))
    composite = picture.rgb()
    composite[HOLE] = 127
    composite[8, 16] = 128
    filled = picture.filled(composite, HOLE).pixels[HOLE]
    assert filled[0] == 255 and not filled[1:].any()


def test_cmyk_is_filled_with_the_pictures_share_of_black():
    inks = np.zeros((20, 20, 4), np.uint8)
    inks[..., 3] = 128
    picture = Picture(inks, "CMYK", "TIFF", metadata_lib.Metadata())
    mask = np.zeros((20, 20), bool)
    mask[5:9, 5:9] = True
    filled = picture.filled(picture.rgb(), mask)
    np.testing.assert_allclose(filled.pixels, inks, atol=1)
    composite = picture.rgb()
    composite[mask] = COLOR
    np.testing.assert_allclose(
        picture.filled(composite, mask).rgb(), composite.astype(int), atol=2
    )


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("a.png", b"no picture", "not a JPEG, PNG"),
        ("a.png", None, "is damaged"),
        ("a.tif", "F", "is a floating-point TIFF; save it with 8 or 16 bits"),
        ("a.gif", "two", "holds 2 pictures"),
        ("b.tif", "next", "is damaged"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, name, content, words):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is None:
        make("RGB").save(path)
        path.write_bytes(path.read_bytes()[:500])
    elif content == "next":
        # The next picture that it names has no size.
        make("RGB").save(path)
        data = path.read_bytes()
        first = int.from_bytes(data[4:8], "little")
        end = first + 2 + 12 * int.from_bytes(data[first : first + 2], "little")
        following = len(data).to_bytes(4, "little")
        path.write_bytes(data[:end] + following + data[end + 4 :] + bytes(8))
    elif content == "F":
        Image.new("F", (4, 4)).save(path)
    else:
        frames = [make("P"), make("P").rotate(180)]
        frames[0].save(path, save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match=words):
        read_picture(str(path))

"""Which pixels of a mask file are hole, whatever program has saved it."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from tests.picture_files import file_of
from tf_btgmi import assets
from tf_btgmi.pictures.masks import decode_mask, read_mask

HEIGHT, WIDTH = 60, 80
HOLE = np.zeros((HEIGHT, WIDTH), bool)
HOLE[10:40, 20:70] = True


def layer(hole=HOLE, color=(255, 255, 255), under=(0, 0, 0), opacity=255):
    """Strokes of one colour on a transparent layer."""
    pixels = np.zeros((*hole.shape, 4), np.uint8)
    pixels[..., :3] = np.where(hole[..., None], color, under)
    pixels[..., 3] = hole * opacity
    return pixels


def photograph(seed=0):
    """A smooth picture of many colours."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    noise = np.random.default_rng(seed).integers(0, 9, (HEIGHT, WIDTH, 3))
    ramps = np.stack([2 * x + 40, 3 * y + 20, x + 2 * y], axis=-1)
    return (ramps + noise).astype(np.uint8)


def erased(rgb, hole=HOLE):
    """A picture or layer with a part erased: its colours are lost."""
    rgb = np.broadcast_to(rgb, (*hole.shape, 3))
    colors = np.where(hole[..., None], 0, rgb).astype(np.uint8)
    return np.dstack([colors, np.where(hole, 0, 255).astype(np.uint8)])


def sixteen(pixels):
    return pixels.astype(np.uint16) * 257


def png16(pixels):
    if pixels.ndim == 3:
        pixels = pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    return cv2.imencode(".png", pixels)[1].tobytes()


WHITE = np.where(HOLE, 255, 0).astype(np.uint8)
GREY_LAYER = np.dstack([WHITE, WHITE])
FILES = {
    "grey": file_of(WHITE),
    "threshold": file_of(np.where(HOLE, 128, 127).astype(np.uint8)),
    "rgb": file_of(np.dstack([WHITE] * 3)),
    "opaque": file_of(np.dstack([WHITE] * 3 + [np.full_like(WHITE, 255)])),
    "half-transparent everywhere": file_of(np.dstack([WHITE] * 3 + [WHITE * 0 + 99])),
    "one bit": file_of(Image.fromarray(WHITE).convert("1")),
    "palette": file_of(Image.fromarray(np.dstack([WHITE] * 3)).quantize(2)),
    "palette with a transparent entry": file_of(
        Image.fromarray(WHITE).quantize(2), transparency=0
    ),
    "CMYK": file_of(Image.fromarray(np.dstack([WHITE] * 3)).convert("CMYK"), "TIFF"),
    "16 bits": file_of(sixteen(WHITE)),
    "16 bits at the threshold": file_of(
        np.where(HOLE, 128 * 257, 128 * 257 - 1).astype(np.uint16)
    ),
    "16-bit RGB": png16(sixteen(np.dstack([WHITE] * 3))),
    "16-bit strokes": png16(sixteen(layer(color=(9, 200, 30)))),
    "16-bit PGM": b"P5 80 60 65535 " + sixteen(WHITE).astype(">u2").tobytes(),
    "grey and alpha": file_of(Image.fromarray(GREY_LAYER, "LA")),
    "PBM": file_of(Image.fromarray(WHITE).convert("1"), "PPM"),
    "GIF": file_of(WHITE, "GIF"),
    "BMP": file_of(WHITE, "BMP"),
    "lossless WebP strokes": file_of(layer(color=(1, 2, 3)), "WEBP", lossless=True),
    "black strokes": file_of(layer(color=(0, 0, 0))),
    "white strokes on transparent white": file_of(layer(under=(255, 255, 255))),
    "red strokes": file_of(layer(color=(255, 0, 0))),
    "faint strokes": file_of(layer(color=(200, 30, 60), opacity=40)),
    "photograph with an erased part": file_of(erased(photograph())),
    "white layer with an erased part": file_of(erased((255, 255, 255))),
    "black layer with an erased part": file_of(erased((0, 0, 0))),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_of_mask_gives_the_same_hole(kind):
    np.testing.assert_array_equal(decode_mask(FILES[kind]), HOLE)
    np.testing.assert_array_equal(decode_mask(FILES[kind], invert=True), ~HOLE)


@pytest.mark.parametrize("opacity", [1.0, 0.5, 0.1])
def test_strokes_as_a_canvas_stores_them_are_the_hole(opacity):
    """Multiplied by alpha in 8 bits and divided again, colours move by some levels."""
    drawn = Image.new("L", (8 * WIDTH, 8 * HEIGHT))
    draw = ImageDraw.Draw(drawn)
    draw.line([90, 100, 300, 380, 560, 120], fill=255, width=90, joint="curve")
    alpha = np.array(drawn.resize((WIDTH, HEIGHT), Image.Resampling.BOX)) * opacity
    alpha = np.rint(alpha).astype(np.uint8)
    color = np.array([200, 30, 60])
    premultiplied = np.rint(color * alpha[..., None] / 255)
    colors = np.rint(premultiplied * 255 / np.maximum(alpha[..., None], 1))
    pixels = np.dstack([colors.clip(0, 255), alpha]).astype(np.uint8)
    assert len(np.unique(pixels[alpha > 0], axis=0)) > 5
    np.testing.assert_array_equal(decode_mask(file_of(pixels)), alpha > 0)


def test_strokes_of_several_colours_and_opacities_are_all_hole():
    pixels = layer(np.zeros_like(HOLE))
    hole = np.zeros_like(HOLE)
    strokes = [((255, 0, 0), 255), ((0, 0, 0), 120), ((255, 255, 255), 30)]
    for number, (color, opacity) in enumerate(strokes):
        area = np.s_[10 + 15 * number : 20 + 15 * number, 12:70]
        pixels[area] = (*color, opacity)
        hole[area] = True
    np.testing.assert_array_equal(decode_mask(file_of(pixels)), hole)


def test_strokes_over_most_of_the_inside_are_still_strokes():
    hole = np.zeros_like(HOLE)
    hole[2:-2, 2:-2] = True
    np.testing.assert_array_equal(decode_mask(file_of(layer(hole))), hole)


def test_an_erased_part_may_touch_the_edge_and_be_soft():
    hole = np.zeros_like(HOLE)
    hole[20:, 30:60] = True
    pixels = erased(photograph(), hole)
    np.testing.assert_array_equal(decode_mask(file_of(pixels)), hole)
    alpha = Image.fromarray(pixels[..., 3]).filter(ImageFilter.GaussianBlur(2))
    pixels[..., 3] = np.array(alpha)
    np.testing.assert_array_equal(decode_mask(file_of(pixels)), pixels[..., 3] < 255)


@pytest.mark.parametrize(
    "pixels",
    [
        # Cut out, or all around it erased?
        erased(photograph(), ~HOLE),
        # A frame drawn, or the inside of a layer erased?
        layer(~HOLE & (np.mgrid[:HEIGHT, :WIDTH][0] < 30) | (np.eye(60, 80) > 0)),
        # A mask in black and white, or a layer with an erased part?
        np.dstack([WHITE] * 3 + [np.where(np.arange(80) < 9, 0, 255) + 0 * WHITE]),
    ],
)
def test_what_is_ambiguous_is_refused_with_how_to_save_it(pixels):
    with pytest.raises(ValueError) as caught:
        decode_mask(file_of(pixels.astype(np.uint8)), "mask.png")
    assert "\n" not in str(caught.value)
    for words in ("mask.png is partly transparent", "white (the hole) on black"):
        assert words in str(caught.value)


def test_a_layer_on_which_nothing_is_drawn_is_said():
    with pytest.raises(ValueError, match="transparent everywhere"):
        decode_mask(file_of(layer(np.zeros_like(HOLE))))


@pytest.mark.parametrize(
    "dtype, brightest, words",
    [
        (np.uint8, 1, "1 of 255, .* is 128 or more. Multiply it by 255,"),
        (np.uint8, 127, "127 of 255"),
        (np.uint16, 1, "1 of 65535, .* is 32896 or more. Multiply it by 65535,"),
        (np.uint16, 255, "255 of 65535, .* Multiply it by 257,"),
        (np.uint16, 4095, "4095 of 65535, .* Multiply it by 16,"),
        (np.uint16, 32895, "32895 of 65535"),
    ],
)
def test_a_mask_without_white_names_its_largest_value(dtype, brightest, words):
    with pytest.raises(ValueError, match=f"its maximum is {words}"):
        decode_mask(file_of(Image.fromarray((HOLE * brightest).astype(dtype))))
    assert not decode_mask(file_of(np.zeros_like(WHITE))).any()


@pytest.mark.parametrize("color", [(255, 0, 0), (0, 0, 200), (60, 0, 0)])
@pytest.mark.parametrize("convert", [file_of, lambda pixels: png16(sixteen(pixels))])
def test_a_coloured_mask_is_to_be_saved_as_white_if_brightness_cannot_help(
    color, convert
):
    pixels = np.where(HOLE[..., None], np.uint8(color), np.uint8(0))
    with pytest.raises(ValueError, match="or more. Save it as white") as caught:
        decode_mask(convert(pixels))
    assert "Multiply" not in str(caught.value)


def test_a_dark_mask_of_several_channels_can_be_multiplied():
    pixels = np.where(HOLE[..., None], np.uint8([80, 85, 75]), np.uint8(0))
    with pytest.raises(ValueError, match="Multiply it by 3,"):
        decode_mask(file_of(pixels))
    assert decode_mask(file_of(pixels * 3)).any()


@pytest.mark.parametrize("blur", [1, 3, 6, 12])
def test_a_soft_rim_belongs_to_the_hole(blur):
    mask = Image.fromarray(WHITE).filter(ImageFilter.GaussianBlur(blur))
    levels = np.array(mask)
    background = np.bincount(levels[levels < 128]).argmax()
    found = decode_mask(file_of(mask))
    np.testing.assert_array_equal(found, levels > background)
    assert (found & HOLE).sum() == HOLE.sum()


def test_an_object_has_no_soft_rim():
    levels = np.array(Image.fromarray(WHITE).filter(ImageFilter.GaussianBlur(3)))
    found = decode_mask(file_of(levels), is_object=True)
    np.testing.assert_array_equal(found, levels >= 128)
    # A cut-out with a faint shadow.
    alpha = WHITE.copy()
    alpha[50:58, 5:60] = 90
    cutout = file_of(np.dstack([photograph(), alpha]))
    found = decode_mask(cutout, picture=cutout, is_object=True)
    np.testing.assert_array_equal(found, HOLE)


def test_grey_that_does_not_touch_the_hole_is_none():
    levels = WHITE.copy()
    levels[50:55, 5:15] = 100
    np.testing.assert_array_equal(decode_mask(file_of(levels)), HOLE)
    levels[40:50, 10:30] = 100
    np.testing.assert_array_equal(decode_mask(file_of(levels)), levels > 0)


def test_noise_of_a_jpeg_around_an_edge_is_no_rim():
    data = file_of(WHITE, "JPEG", quality=75)
    with Image.open(io.BytesIO(data)) as stored:
        assert (np.array(stored)[~HOLE] > 0).any()
    np.testing.assert_array_equal(decode_mask(data), HOLE)


def test_a_picture_is_its_own_mask_only_where_it_is_transparent():
    data = file_of(photograph())
    with pytest.raises(ValueError, match="is the picture itself"):
        decode_mask(data, picture=data)
    cutout = file_of(erased(photograph(), ~HOLE))
    np.testing.assert_array_equal(decode_mask(cutout, picture=cutout), ~HOLE)
    np.testing.assert_array_equal(decode_mask(FILES["grey"], picture=data), HOLE)


def test_a_mask_is_turned_as_its_file_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for pixels in (WHITE, layer(color=(7, 8, 9))):
        path = tmp_path / "mask.png"
        path.write_bytes(file_of(pixels, exif=exif))
        np.testing.assert_array_equal(read_mask(str(path)), np.rot90(HOLE, -1))


def test_a_file_that_is_no_picture_is_said(tmp_path):
    path = tmp_path / "mask.png"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="mask.png is not a JPEG, PNG"):
        read_mask(str(path))
    with pytest.raises(FileNotFoundError):
        read_mask(str(tmp_path / "none.png"))
    with pytest.raises(ValueError, match="cannot be read: Is a directory.$"):
        read_mask(str(tmp_path))


@pytest.mark.parametrize("kind", ["colour", "grey", "painted over", "JPEG", "dark"])
def test_a_photograph_is_no_mask(kind):
    pixels = photograph()
    if kind == "painted over":
        pixels = np.where(HOLE[..., None], np.uint8([255, 0, 0]), pixels)
    elif kind == "dark":
        pixels = pixels // 2
    elif kind == "grey":
        path = str(assets.sample_pictures("train")[0])
        pixels = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    data = file_of(pixels, "JPEG" if kind == "JPEG" else "PNG")
    with pytest.raises(ValueError, match="is a photograph, not a mask: most of it is"):
        decode_mask(data)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("kind", ["ramp", "smooth map", "enlarged map"])
def test_a_soft_grey_mask_is_no_photograph(kind, form):
    small = np.random.default_rng(0).integers(0, 256, (12, 16)).astype(np.uint8)
    size = (256, 192)
    levels = {
        "ramp": np.tile(np.arange(256, dtype=np.uint8), (192, 1)),
        "smooth map": cv2.resize(small, size, interpolation=cv2.INTER_CUBIC),
        "enlarged map": cv2.resize(small, size, interpolation=cv2.INTER_NEAREST),
    }[kind]
    hole = decode_mask(file_of(levels, form))
    assert hole[levels >= 140].all()


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("background, hole", [(100, 200), (60, 140)])
def test_two_shades_of_grey_are_a_mask(form, background, hole):
    levels = np.where(HOLE, hole, background).astype(np.uint8)
    np.testing.assert_array_equal(decode_mask(file_of(levels, form)), HOLE)

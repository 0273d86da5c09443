"""Pictures of every mode, filled, written and read again."""

import numpy as np
from PIL import Image

from tf_btgmi.pictures.picture import upright
from tf_btgmi.pictures.reader import read_picture
from tf_btgmi.pictures.writer import write_picture

HEIGHT, WIDTH = 24, 40
COLOR = (200, 30, 60)
HOLE = np.zeros((HEIGHT, WIDTH), bool)
HOLE[8:16, 16:32] = True

LOSSLESS = [
    *[(mode, ".png") for mode in ("1", "L", "LA", "P", "RGB", "RGBA")],
    *[(mode, ".tif") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK")],
    *[(mode, ".bmp") for mode in ("1", "L", "P", "RGB")],
    *[(mode, ".webp") for mode in ("RGB", "RGBA")],
]


def make(mode):
    values = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    image = Image.fromarray(values)
    if mode == "P":
        return image.convert("RGB").quantize(64)
    if mode in ("RGBA", "LA"):
        return image.convert(mode)
    return image.convert("RGB").convert(mode)


def exif(orientation=1):
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010E] = "a boat"
    block.get_ifd(0x8769)[0x9003] = "2020:01:01 00:00:00"
    return block.tobytes()


def fill(path, color=COLOR):
    """The picture in `path` with the hole, in stored orientation, in one colour."""
    picture = read_picture(str(path))
    mask = upright(HOLE, picture.metadata.orientation)
    composite = picture.rgb()
    composite[mask] = color
    return picture.filled(composite, mask)


def colors_of(picture):
    if picture.mode == "P":
        return picture.palette[picture.pixels]
    return picture.pixels


def through(tmp_path, source, ending):
    target = tmp_path / f"result{ending}"
    notes = write_picture(fill(source), str(target))
    return read_picture(str(target)), notes


def assert_alpha(after, before):
    """The hole is opaque, and the rest as transparent as it was."""
    alpha = after.pixels[..., -1]
    assert (alpha[HOLE] == np.iinfo(alpha.dtype).max).all()
    np.testing.assert_array_equal(alpha[~HOLE], before[..., -1][~HOLE])

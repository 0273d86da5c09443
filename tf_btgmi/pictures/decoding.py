"""Decodes picture files of any depth, mode and orientation to RGB arrays.

Uses Pillow: TensorFlow's decoders support neither EXIF orientation nor CMYK, and an
error of one file fails a whole batch.
"""

import io
from typing import Union

import numpy as np
from PIL import Image, UnidentifiedImageError

from tf_btgmi.pictures.formats import MAX_PIXELS, open_picture
from tf_btgmi.pictures.picture import in_depth, upright

_ORIENTATION_TAG = 0x0112


def decode_image(file: Union[str, bytes], min_side: int = 0) -> np.ndarray:
    """Decodes one picture: upright, without alpha, 16 bits scaled to 8.

    Args:
        file: a path, or the encoded bytes.
        min_side: sufficient length of the shorter side in pixels. A much larger JPEG is
            decoded at 1/2, 1/4 or 1/8 of its size, not below this. 0: full size.

    Returns:
        [height, width, 3] uint8 RGB.

    Raises:
        Exception: of Pillow, for a missing or damaged file or another format;
            ValueError above `MAX_PIXELS`.
    """
    with _open(file) as image:
        if min_side and min(image.size) >= 2 * min_side:
            # Applies to JPEG only; both sides stay at least `min_side`.
            image.draft(None, (min_side, min_side))
        image.load()
        orientation = _orientation(image)
        array = _to_rgb(image, orientation)
    return array


def read_image(file: Union[str, bytes], name: str = "") -> np.ndarray:
    """Decodes one picture like `decode_image`; its error names the file.

    Args:
        file: a path, or the encoded bytes.
        name: name for messages. Default: the path.

    Returns:
        [height, width, 3] uint8 RGB.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        return decode_image(file)
    # Pillow raises many kinds of exceptions for damaged files.
    except Exception as error:
        raise ValueError(f"{name or file} cannot be read: {error}") from error


def shorter_side(file: Union[str, bytes]) -> int:
    """Length of a picture's shorter side in pixels, by its header.

    Args:
        file: a path, or the encoded bytes.

    Raises:
        Exception: as `decode_image`.
    """
    with _open(file) as image:
        return min(image.size)


def _open(file: Union[str, bytes]) -> Image.Image:
    try:
        source = io.BytesIO(file) if isinstance(file, bytes) else file
        return open_picture(source, MAX_PIXELS)
    except UnidentifiedImageError as error:
        raise ValueError(str(error)) from None


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(_ORIENTATION_TAG, 1)
    # Damaged metadata, for which Pillow raises many kinds of exceptions.
    except Exception:
        return 1


def _to_rgb(image: Image.Image, orientation: int) -> np.ndarray:
    if image.mode.startswith("I"):
        # 16-bit grey; Pillow's conversion clips at 255.
        grey = np.clip(np.asarray(image), 0, 65_535).astype(np.uint16)
        image = Image.fromarray(in_depth(grey, np.uint8))
    elif image.mode == "P" or image.mode == "PA":
        image = image.convert("RGBA")
    if image.mode != "RGB":
        image = image.convert("RGB")
    pixels = np.asarray(image)
    if orientation not in range(2, 9):
        return pixels
    return np.ascontiguousarray(upright(pixels, orientation))

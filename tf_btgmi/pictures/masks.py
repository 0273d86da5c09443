"""Reads a mask from a picture file: which pixels are hole.

White is hole, at 128 of 255 and above. Colours count by their luminance. A mask with
an alpha channel that varies means its alpha channel where the opaque part has one
colour (strokes on a transparent layer, whatever their colour), and otherwise what is
both white and opaque. The mask is taken upright, as it is displayed.
"""

import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tf_btgmi.pictures.formats import DAMAGED, open_picture


def read_mask(path: str, invert: bool = False) -> np.ndarray:
    """The mask in a file.

    Args:
        path: a picture of any mode.
        invert: whether black is hole.

    Returns:
        [H, W] bool, True = hole.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a picture, or damaged.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error}.") from None
    return decode_mask(data, path, invert)


def decode_mask(
    data: bytes, name: str = "The mask", invert: bool = False
) -> np.ndarray:
    """A mask from the bytes of its file; `name` is what messages call it.

    Raises:
        ValueError: as `read_mask`.
    """
    try:
        with open_picture(io.BytesIO(data)) as stored:
            hole = _hole(_upright(stored))
    except UnidentifiedImageError as error:
        raise ValueError(f"{name} is {error}.") from None
    except DAMAGED as error:
        raise ValueError(f"{name} cannot be read: {error}.") from None
    return ~hole if invert else hole


def _upright(stored: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(stored)
    # Damaged EXIF data says nothing. Of damaged pixels the next reader speaks.
    except (ValueError, *DAMAGED):
        return stored


def _hole(mask: Image.Image) -> np.ndarray:
    if mask.mode.startswith("I;16") or mask.mode == "I":
        return np.array(mask) >= 128 * 257
    if mask.mode == "F":
        return np.array(mask) >= 128
    if mask.mode in ("LA", "PA", "RGBA") or "transparency" in mask.info:
        return _hole_with_alpha(np.array(mask.convert("RGBA")))
    return np.array(mask.convert("L")) >= 128


def _hole_with_alpha(pixels: np.ndarray) -> np.ndarray:
    white = np.array(Image.fromarray(pixels[..., :3].copy()).convert("L")) >= 128
    alpha = pixels[..., 3]
    if alpha.min() == alpha.max():
        return white
    opaque = alpha >= 128
    colors = pixels[opaque][:, :3]
    if colors.size and (colors == colors[0]).all():
        return opaque
    return white & opaque


def bounding_box(mask: np.ndarray):
    """The smallest (y0, x0, y1, x1) around the hole of `mask`; None without a hole.

    Args:
        mask: [H, W], bool, or uint8 with the hole at >= 128.
    """
    limit = 1 if mask.dtype == bool else 128
    mask = mask.view(np.uint8)
    rows = np.flatnonzero(mask.max(axis=1) >= limit)
    if not rows.size:
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(mask[top:bottom].max(axis=0) >= limit)
    return top, int(columns[0]), bottom, int(columns[-1]) + 1


def is_hole(mask: np.ndarray) -> np.ndarray:
    """A mask of either type as bool."""
    return mask if mask.dtype == bool else mask >= 128

"""Uploaded files: their headers are checked before anything is decoded.

Only the formats of `pictures.formats` are opened, whatever the name of a file, and a
picture with more pixels than the limit is refused by its header.
"""

import contextlib

import numpy as np

from tf_btgmi.pictures.formats import TooLargeError
from tf_btgmi.pictures.masks import decode_mask
from tf_btgmi.pictures.picture import with_alpha
from tf_btgmi.pictures.reader import decode_picture
from tf_btgmi.studio import errors
from tf_btgmi.studio.limits import Limits


def read_picture(data: bytes, limits: Limits, what: str = "The picture"):
    """A checked and decoded `pictures.Picture`.

    Raises:
        ApiError: an unknown format, an animation, damaged or too large.
    """
    return _decoded(data, limits, what, limits.max_file_bytes)


def _decoded(data: bytes, limits: Limits, what: str, max_bytes: int):
    with _checked(data, max_bytes, what):
        return decode_picture(data, what, limits.max_pixels)


def read_mask(
    data: bytes,
    limits: Limits,
    shape,
    picture: bytes,
    what: str = "The mask",
    is_object: bool = False,
):
    """A checked and decoded mask, bool [H, W]; see `decode_mask`.

    Raises:
        ApiError: as `read_picture`, or another size.
    """
    with _checked(data, limits.max_file_bytes, what):
        mask = decode_mask(
            data,
            what,
            picture=picture,
            max_pixels=limits.max_pixels,
            is_object=is_object,
        )
    if mask.shape != tuple(shape):
        raise errors.bad_picture(
            what,
            f"It has {mask.shape[1]}x{mask.shape[0]} pixels and its picture "
            f"{shape[1]}x{shape[0]}.",
            "Use a mask that was made for this picture.",
        )
    return mask


def read_overlay(data: bytes, limits: Limits, shape) -> np.ndarray:
    """Reads the edits of earlier runs: [H, W, 4], opaque where changed.

    It is uint8, or uint16 for edits of a 16-bit picture.

    Raises:
        ApiError: as `read_picture`, or another size.
    """
    what, to_do = "The overlay", "Send the one that a run of this picture returned."
    picture = _decoded(data, limits, what, limits.max_overlay_bytes)
    if picture.format != "PNG":
        raise errors.bad_picture(what, "It is not a PNG.", to_do)
    overlay = picture.pixels
    if picture.mode != "RGBA":
        overlay, alpha = picture.stored_rgb(sixteen_bits=True), picture.alpha()
        alpha = np.full(overlay.shape[:2], 255, np.uint8) if alpha is None else alpha
        overlay = with_alpha(overlay, alpha)
    if overlay.shape[:2] != tuple(shape):
        raise errors.bad_picture(what, "Its size differs from the picture's.", to_do)
    return overlay


@contextlib.contextmanager
def _checked(data: bytes, max_bytes: int, what: str):
    """Refuses large files, and converts exceptions of decoders to `ApiError`."""
    if len(data) > max_bytes:
        raise errors.too_large(
            what,
            f"It has {errors.size_text(len(data))}; the limit is "
            f"{errors.size_text(max_bytes)}.",
        )
    try:
        yield
    except ValueError as error:
        text = str(error)
        text = f"It{text[len(what) :]}" if text.startswith(what) else text
        text = text[:1].upper() + text[1:]
        if isinstance(error, TooLargeError):
            raise errors.too_large(what, text) from None
        raise errors.bad_picture(what, text) from None

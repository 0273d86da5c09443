"""Uploaded files: their headers are checked before anything is decoded.

Only the formats of `pictures.formats` are opened, whatever the name of a file, and a
picture with more pixels than the limit is refused by its header.
"""

import contextlib
import io
import warnings

import numpy as np
from PIL import Image, UnidentifiedImageError

from tf_btgmi.pictures.formats import DAMAGED, num_pictures, open_picture
from tf_btgmi.pictures.masks import decode_mask
from tf_btgmi.pictures.picture import in_depth
from tf_btgmi.pictures.reader import decode_picture
from tf_btgmi.studio import errors
from tf_btgmi.studio.limits import Limits


def check_header(data: bytes, limits: Limits, what: str) -> None:
    """Checks the header of a file.

    Raises:
        ApiError: an unknown format, an animation, or too large.
    """
    if not data:
        raise errors.bad_picture(what, "The file is empty.")
    if len(data) > limits.max_file_bytes:
        raise errors.too_large(
            what,
            f"It has {len(data) / 1e6:.0f} MB; the limit is "
            f"{limits.max_file_bytes / 1e6:.0f} MB.",
        )
    with _quiet():
        try:
            with open_picture(io.BytesIO(data)) as header:
                width, height = header.size
                _check_pixels(width, height, limits, what)
                frames = num_pictures(header)
        except errors.ApiError:
            raise
        except Image.DecompressionBombError:
            raise errors.too_large(
                what, f"The limit is {limits.max_pixels / 1e6:.3g} million pixels."
            ) from None
        except UnidentifiedImageError as error:
            raise errors.bad_picture(
                what,
                f"It is {error}.",
                "Choose a picture, or save it in one of these formats.",
            ) from None
        except _BROKEN as error:
            raise errors.bad_picture(what, f"It is damaged: {error}") from None
    if frames > 1:
        raise errors.bad_picture(
            what,
            f"It holds {frames} pictures.",
            "Save the one you need as a file of its own.",
        )


def read_picture(data: bytes, limits: Limits, what: str = "The picture"):
    """A checked and decoded `pictures.Picture`.

    Raises:
        ApiError: as `check_header`, or it cannot be decoded.
    """
    check_header(data, limits, what)
    with _quiet(), _refused(what):
        return decode_picture(data, what)


def read_mask(
    data: bytes, limits: Limits, shape, picture: bytes, what: str = "The mask"
):
    """A checked and decoded mask, bool [H, W], of the size of `picture`'s file.

    Raises:
        ApiError: as `check_header`, or another size.
    """
    check_header(data, limits, what)
    with _quiet(), _refused(what):
        mask = decode_mask(data, what, picture=picture)
    if mask.shape != tuple(shape):
        raise errors.bad_picture(
            what,
            f"It has {mask.shape[1]}x{mask.shape[0]} pixels and the picture "
            f"{shape[1]}x{shape[0]}.",
            "Use a mask that was made for this picture.",
        )
    return mask


def read_overlay(data: bytes, limits: Limits, shape) -> np.ndarray:
    """Reads the edits of earlier runs: [H, W, 4], opaque where changed.

    It is uint8, or uint16 for edits of a 16-bit picture.

    Raises:
        ApiError: as `check_header`, or another size.
    """
    what = "The overlay"
    picture = read_picture(data, limits, what)
    if picture.format != "PNG":
        raise errors.bad_picture(what, "It is not a PNG.")
    overlay = picture.pixels
    if picture.mode != "RGBA":
        overlay, alpha = picture.rgb(sixteen_bits=True), picture.alpha()
        alpha = np.full(overlay.shape[:2], 255, np.uint8) if alpha is None else alpha
        overlay = np.dstack([overlay, in_depth(alpha, overlay.dtype)])
    if overlay.shape[:2] != tuple(shape):
        raise errors.bad_picture(what, "Its size differs from the picture's.")
    return overlay


_BROKEN = (ValueError, *DAMAGED)


def _check_pixels(width: int, height: int, limits: Limits, what: str) -> None:
    if width * height > limits.max_pixels:
        raise errors.too_large(
            what,
            f"It has {width}x{height} pixels; the limit is "
            f"{limits.max_pixels / 1e6:.3g} million.",
        )
    if width < 1 or height < 1:
        raise errors.bad_picture(what, f"It has {width}x{height} pixels.")


@contextlib.contextmanager
def _refused(what: str):
    """Converts exceptions of decoders to `ApiError`."""
    try:
        yield
    except errors.ApiError:
        raise
    except _BROKEN as error:
        text = str(error)
        text = f"It{text[len(what) :]}" if text.startswith(what) else text
        raise errors.bad_picture(what, text[:1].upper() + text[1:]) from None


@contextlib.contextmanager
def _quiet():
    # The limit here is narrower than the one that Pillow warns of.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

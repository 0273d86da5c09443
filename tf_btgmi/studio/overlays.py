"""Overlays: the edited pixels of a picture, as a separate picture.

An overlay is a PNG of the picture's size and depth, opaque where a pixel was changed or
filled since the file was opened; 254/255 of that where it was recoloured alone, so that
the picture keeps its own transparency there. The page draws it over the picture, sends
it with the next run, and stores one per result. The server therefore stores nothing,
and known pixels are never encoded twice.
"""

from typing import Optional

import numpy as np

from tf_btgmi.pictures.color_profiles import rgb_profile
from tf_btgmi.pictures.metadata import Metadata
from tf_btgmi.pictures.picture import Picture, in_depth
from tf_btgmi.pictures.writer import encode_picture, encode_png


def covered(overlay: np.ndarray) -> np.ndarray:
    """Where an overlay [H, W, 4], uint8 or uint16, is opaque, bool [H, W]."""
    return overlay[..., 3] > np.iinfo(overlay.dtype).max // 2


def recolored(overlay: np.ndarray) -> np.ndarray:
    """The part of `covered` that keeps the picture's transparency, bool [H, W]."""
    return overlay[..., 3] == _recolored_alpha(overlay.dtype)


def applied(image: np.ndarray, overlay: Optional[np.ndarray]) -> np.ndarray:
    """`image` [H, W, 3] with an overlay [H, W, 4] laid over it, in its depth."""
    if overlay is None:
        return image
    colors = in_depth(overlay[..., :3], image.dtype)
    return np.where(covered(overlay)[..., None], colors, image)


def changed(image: np.ndarray, composite: np.ndarray) -> np.ndarray:
    """Mask of the pixels in which two pictures differ, bool [H, W]."""
    return (image != composite).any(axis=-1)


def encode(
    composite: np.ndarray, mask: np.ndarray, kept: np.ndarray, picture: Picture
) -> bytes:
    """PNG of the overlay that has `composite` where `mask` is set.

    It has the picture's colour profile, so that both are displayed alike.

    Args:
        composite: [H, W, 3].
        mask: bool [H, W].
        kept: bool [H, W], the part of the mask that keeps the picture's transparency.
        picture: the picture.
    """
    overlay = np.zeros((*mask.shape, 4), composite.dtype)
    overlay[..., :3] = composite * mask[..., None]
    overlay[..., 3] = mask * composite.dtype.type(np.iinfo(composite.dtype).max)
    overlay[mask & kept, 3] = _recolored_alpha(overlay.dtype)
    return png(overlay, picture)


def _recolored_alpha(dtype) -> int:
    # Browsers show 16 bits in 8: there it is 254, too.
    return np.iinfo(dtype).max // 255 * 254


def png(pixels: np.ndarray, picture: Optional[Picture] = None) -> bytes:
    """PNG of pixels at a fast compression, with the colour profile."""
    profile = rgb_profile(picture) if picture else b""
    if pixels.dtype == np.uint16:
        # Pillow writes 8 bits.
        stored = Picture(pixels, "RGBA", "PNG", Metadata(icc=profile))
        return encode_picture(stored, "PNG")[0]
    return encode_png(pixels, compress_level=1, icc=profile)

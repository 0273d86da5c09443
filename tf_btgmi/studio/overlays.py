"""Overlays: the edited pixels of a picture, as a separate picture.

An overlay is a PNG of the picture's size, opaque where a pixel was changed or filled
since the file was opened. The page draws it over the picture, sends it with the next
run, and stores one per result. The server therefore stores nothing, and known pixels
are never encoded twice.
"""

import io
from typing import Optional

import numpy as np
from PIL import Image

from tf_btgmi.pictures.color_profiles import rgb_profile
from tf_btgmi.pictures.picture import Picture


def covered(overlay: np.ndarray) -> np.ndarray:
    """Where an overlay uint8 [H, W, 4] is opaque, bool [H, W]."""
    return overlay[..., 3] >= 128


def applied(image: np.ndarray, overlay: Optional[np.ndarray]) -> np.ndarray:
    """`image` uint8 [H, W, 3] with an overlay uint8 [H, W, 4] laid over it."""
    if overlay is None:
        return image
    return np.where(covered(overlay)[..., None], overlay[..., :3], image)


def changed(image: np.ndarray, composite: np.ndarray) -> np.ndarray:
    """Mask of the pixels in which two pictures differ, bool [H, W]."""
    return (image != composite).any(axis=-1)


def encode(composite: np.ndarray, mask: np.ndarray, picture: Picture) -> bytes:
    """PNG of the overlay that has `composite` where `mask` is set.

    It has the picture's colour profile, so that both are displayed alike.
    """
    overlay = np.zeros((*mask.shape, 4), np.uint8)
    overlay[..., :3] = composite * mask[..., None]
    overlay[..., 3] = mask * np.uint8(255)
    return png(overlay, picture)


def png(pixels: np.ndarray, picture: Optional[Picture] = None) -> bytes:
    """PNG of uint8 pixels at the fastest compression, with the colour profile."""
    file = io.BytesIO()
    options = {"icc_profile": rgb_profile(picture)} if picture else {}
    Image.fromarray(pixels).save(file, "PNG", compress_level=1, **options)
    return file.getvalue()

"""Converts the colours of a picture to the colour profile of another picture.

Photographs of phones are often in Display P3, where the same values are more saturated
than in sRGB. A picture without a readable RGB profile counts as sRGB.
"""

import io

import numpy as np
from PIL import Image, ImageCms

from tf_btgmi.pictures.picture import Picture

_RGB = b"RGB "
# Differences up to this are rounding errors of two profiles of one space.
_ROUNDING = 2


def rgb_as_in(picture: Picture, other: Picture) -> np.ndarray:
    """`picture.rgb()` in the colour space of `other`, uint8 [H, W, 3].

    Colours outside that space become the nearest colours in it.
    """
    rgb = picture.rgb()
    profiles = [rgb_profile(picture), rgb_profile(other)]
    if profiles[0] == profiles[1]:
        return rgb
    try:
        converted = ImageCms.profileToProfile(
            Image.fromarray(rgb),
            *(_opened(profile) for profile in profiles),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        )
    except (ImageCms.PyCMSError, OSError):
        return rgb
    converted = np.array(converted)
    moved = np.abs(converted.astype(np.int16) - rgb).max()
    return converted if moved > _ROUNDING else rgb


def rgb_profile(picture: Picture) -> bytes:
    """The picture's colour profile if it is an RGB profile, otherwise empty."""
    profile = picture.metadata.icc
    return profile if profile[16:20] == _RGB else b""


def _opened(profile: bytes):
    if not profile:
        return ImageCms.createProfile("sRGB")
    return ImageCms.getOpenProfile(io.BytesIO(profile))

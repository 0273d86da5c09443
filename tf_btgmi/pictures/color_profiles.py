"""The colours of one picture as another picture's colour profile has them.

A phone's photograph is often in Display P3, where the same three numbers are a stronger
colour than in sRGB. A picture without a profile, with one that cannot be read, or with
one that is not of RGB, counts as sRGB.
"""

import io

import numpy as np
from PIL import Image, ImageCms

from tf_btgmi.pictures.picture import Picture

_RGB = b"RGB "
# Grey levels that two profiles of one space differ by in rounding.
_ROUNDING = 2


def rgb_as_in(picture: Picture, other: Picture) -> np.ndarray:
    """`picture.rgb()`, in the colour space of `other`: uint8 [H, W, 3].

    Colours that it does not have come out as the nearest that it has.
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
    """The picture's colour profile where that is of RGB, otherwise nothing."""
    profile = picture.metadata.icc
    return profile if profile[16:20] == _RGB else b""


def _opened(profile: bytes):
    if not profile:
        return ImageCms.createProfile("sRGB")
    return ImageCms.getOpenProfile(io.BytesIO(profile))

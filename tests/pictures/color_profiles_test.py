"""Colours of one picture in the colour space of another."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from tf_btgmi.pictures.color_profiles import rgb_as_in, rgb_profile
from tf_btgmi.pictures.reader import read_picture

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped():
    """sRGB with the primaries red and blue the other way round."""
    profile = bytearray(SRGB)
    tags = profile[128 : 132 + 12 * int.from_bytes(profile[128:132], "big")]
    red, blue = tags.index(b"rXYZ"), tags.index(b"bXYZ")
    profile[128 + red : 132 + red] = b"bXYZ"
    profile[128 + blue : 132 + blue] = b"rXYZ"
    return bytes(profile)


@pytest.fixture
def picture(tmp_path):
    def picture(profile, color=(200, 30, 60), mode="RGB"):
        path = str(tmp_path / "picture.tif")
        image = Image.new("RGB", (3, 2), color).convert(mode)
        image.save(path, icc_profile=profile)
        return read_picture(path)

    return picture


@pytest.mark.parametrize(
    "own, other", [(swapped(), SRGB), (swapped(), b""), (b"", swapped())]
)
def test_a_color_is_shown_by_other_numbers_under_another_profile(picture, own, other):
    found = rgb_as_in(picture(own), picture(other))
    assert found.shape == (2, 3, 3)
    np.testing.assert_allclose(found[0, 0], (60, 30, 200), atol=2)


@pytest.mark.parametrize(
    "own, other",
    [(b"", b""), (b"", SRGB), (SRGB, b""), (swapped(), swapped()), (b"damaged", SRGB)],
)
def test_under_the_same_or_a_damaged_profile_the_numbers_stay(picture, own, other):
    found = rgb_as_in(picture(own), picture(other))
    assert (found == (200, 30, 60)).all()


def test_a_damaged_profile_of_rgb_counts_as_none(picture):
    found = rgb_as_in(picture(swapped()[:200]), picture(b""))
    assert (found == (200, 30, 60)).all()


def test_a_profile_of_grey_or_cmyk_counts_as_none(picture):
    cmyk = SRGB[:16] + b"CMYK" + SRGB[20:]
    printed = picture(cmyk, mode="CMYK")
    assert rgb_profile(printed) == b"" != rgb_profile(picture(SRGB))
    found = rgb_as_in(printed, picture(SRGB))
    np.testing.assert_allclose(found[0, 0], (200, 30, 60), atol=1)

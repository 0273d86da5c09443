"""What holds for every mask file, tried on made-up ones (Hypothesis)."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from tests.picture_files import file_of
from tf_btgmi.pictures.masks import decode_mask

MANY = settings(max_examples=300, deadline=None, derandomize=True, database=None)


@st.composite
def greys(draw):
    """uint8 [H, W]: shapes with sharp, soft or noisy edges, noise, textures, ramps."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    kind = draw(st.sampled_from(["sharp", "soft", "noisy", "levels", "noise", "ramp"]))
    if kind == "noise":
        return rng.integers(0, 256, (height, width), np.uint8)
    if kind == "ramp":
        ramp = np.linspace(*rng.integers(0, 256, 2), width)
        return np.tile(ramp.astype(np.uint8), (height, 1))
    if kind == "levels":
        few = rng.choice([0, 1, 60, 110, 127, 128, 255], draw(st.integers(1, 6)))
        return rng.choice(few, (height, width)).astype(np.uint8)
    shapes = np.full((height, width), draw(st.sampled_from([0, 0, 1, 90])), np.uint8)
    white = draw(st.sampled_from([255, 128, 127, 1]))
    rim = draw(st.sampled_from([0, 1, 60, 110]))
    for x, y, radius in rng.integers(0, 20, (draw(st.integers(1, 3)), 3)).tolist():
        cv2.circle(shapes, (x, y), radius + 2, rim, -1)
        cv2.circle(shapes, (x, y), radius, white, -1)
    if kind == "soft":
        return cv2.GaussianBlur(shapes, (0, 0), draw(st.sampled_from([0.5, 1.0, 3.0])))
    noise = rng.normal(0, 8, shapes.shape) if kind == "noisy" else 0
    return np.clip(shapes + noise, 0, 255).astype(np.uint8)


def outcome(data: bytes):
    """The hole, or the error."""
    try:
        return decode_mask(data).tolist()
    except ValueError as error:
        return str(error)


@MANY
@given(greys())
def test_a_grey_mask_means_the_same_in_every_mode(levels):
    grey = Image.fromarray(levels)
    expected = outcome(file_of(grey))
    for mode in ("LA", "RGB", "RGBA"):
        assert outcome(file_of(grey.convert(mode))) == expected
    sixteen_bits = outcome(file_of(Image.fromarray(levels * np.uint16(257))))
    # A mask without white is refused in other words.
    assert sixteen_bits == expected or (
        "of 65535" in sixteen_bits and "of 255" in expected
    )


@MANY
@given(greys())
def test_the_hole_is_white_and_what_touches_it_above_the_background(levels):
    try:
        hole = decode_mask(file_of(levels))
    except ValueError:
        return
    white = levels >= 128
    background = np.bincount(levels[~white], minlength=1).argmax()
    parts, _ = ndimage.label(levels > background, np.ones((3, 3)))
    np.testing.assert_array_equal(hole, white | np.isin(parts, parts[white]))

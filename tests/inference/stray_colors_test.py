import cv2
import numpy as np
import pytest

from tf_btgmi.inference.retouch import retouch
from tf_btgmi.inference.stray_colors import without_stray_colors

ORANGE = np.array([230, 110, 20], np.float32)


@pytest.fixture
def rock(rng):
    """A grey texture, a hole in it, and an orange patch in that."""
    picture = np.repeat(rng.integers(60, 140, (96, 96, 1), np.uint8), 3, axis=2)
    hole, patch = np.zeros((2, 96, 96), bool)
    hole[20:76, 20:76] = patch[40:60, 40:60] = True
    shade = picture[patch] / np.float32(140)
    picture[patch] = np.rint(ORANGE * shade)
    return picture, hole, patch


def lab(picture):
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def test_a_color_that_the_picture_does_not_have_goes_and_lightness_stays(rock):
    picture, hole, patch = rock
    before = picture.copy()
    found = without_stray_colors(picture, hole)
    assert np.abs(lab(picture)[patch][:, 1:]).max(axis=1).min() > 20
    assert np.abs(lab(found)[patch][:, 1:]).max() < 6
    np.testing.assert_allclose(lab(found)[..., 0], lab(picture)[..., 0], atol=1)
    np.testing.assert_array_equal(found[~hole], picture[~hole])
    np.testing.assert_array_equal(picture, before)


def test_a_color_that_is_somewhere_else_in_the_picture_stays(rock):
    picture, hole, patch = rock
    picture[:20, :20] = picture[40:60, 40:60]
    np.testing.assert_array_equal(without_stray_colors(picture, hole), picture)


def test_a_few_pixels_of_a_color_are_not_enough(rock):
    picture, hole, patch = rock
    picture[:2, :4] = ORANGE
    found = without_stray_colors(picture, hole)
    assert np.abs(lab(found)[patch][:, 1:]).max() < 6


@pytest.mark.parametrize("height, width", [(1, 1), (1, 9), (7, 3), (64, 65)])
def test_any_size_and_a_hole_without_known_pixels(rng, height, width):
    picture = rng.integers(0, 256, (height, width, 3), np.uint8)
    hole = np.ones((height, width), bool)
    np.testing.assert_array_equal(without_stray_colors(picture, hole), picture)
    hole[:, width // 2 :] = False
    found = without_stray_colors(picture, hole)
    np.testing.assert_array_equal(found[~hole], picture[~hole])


def test_retouching_removes_it_too_and_in_its_box_alone(rock):
    picture, hole, patch = rock
    found = retouch(picture, hole, box=(20, 20, 50, 76))
    assert np.abs(lab(found)[40:50, 40:60, 1:]).max() < 6
    np.testing.assert_array_equal(found[50:], picture[50:])

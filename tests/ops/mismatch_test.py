import cv2
import numpy as np
import pytest

from tf_btgmi.ops.mismatch import boundary_mismatch


@pytest.fixture
def scene():
    """Surroundings of .5, .1, -.3 around an object that is .2, 0, -.4 off."""
    foreground = np.zeros([1, 32, 24, 1], np.float32)
    foreground[0, 9:22, 7:18] = 1
    image = np.array([0.5, 0.1, -0.3], np.float32) - foreground * [0.2, 0.0, -0.4]
    return image.astype(np.float32), foreground


def test_an_even_mismatch_reaches_every_pixel_of_the_object(scene):
    image, foreground = scene
    found = boundary_mismatch(image, foreground, np.zeros_like(foreground))
    np.testing.assert_allclose(found, foreground * [0.2, 0.0, -0.4], atol=1e-5)


def test_the_middle_lies_between_the_mismatches_of_its_sides(scene):
    image, foreground = scene
    image = np.zeros_like(image)
    # Brighter surroundings on the left, darker ones on the right.
    image[:, :, :7], image[:, :, 18:] = 0.6, -0.2
    found = boundary_mismatch(image, foreground, np.zeros_like(foreground)).numpy()
    row = found[0, 15, 7:18, 0]
    assert (np.diff(row) < 1e-6).all()
    assert row[0] > 0.4 and row[-1] < 0.0


def test_it_is_near_the_harmonic_function_of_poisson_blending():
    foreground = np.zeros([64, 64], np.float32)
    foreground[16:48, 16:48] = 1
    image = np.zeros([64, 64], np.float32)
    image[:, :16], image[:, 48:] = 0.6, -0.2
    harmonic = image
    for _ in range(2000):
        mean = cv2.blur(harmonic, (3, 1)) + cv2.blur(harmonic, (1, 3))
        # Without the pixel itself.
        mean = (3 * mean - 2 * harmonic) / 4
        harmonic = np.where(foreground > 0, mean, image)
    found = boundary_mismatch(
        np.repeat(image[None, ..., None], 3, axis=-1),
        foreground[None, ..., None],
        np.zeros([1, 64, 64, 1], np.float32),
    )
    error = np.abs(found[0, ..., 0] - harmonic)[foreground > 0]
    assert error.mean() < 0.05


def test_nothing_is_compared_across_a_gap(scene):
    image, foreground = scene
    hole = np.zeros_like(foreground)
    hole[0, 7:24, 5:20] = 1
    hole -= foreground
    found = boundary_mismatch(image, foreground, hole)
    np.testing.assert_array_equal(found, np.zeros_like(image))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_without_an_object_or_without_surroundings_it_is_0(scene, value):
    image, foreground = scene
    filled = np.full_like(foreground, value)
    found = boundary_mismatch(image, filled, np.zeros_like(filled))
    np.testing.assert_array_equal(found, np.zeros_like(image))

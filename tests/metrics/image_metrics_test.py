import numpy as np
import pytest

from tf_btgmi.metrics import image_metrics

IMAGE = np.zeros([3, 2, 2, 3], np.float32)
# Off by 0.2, 0.4 of a range of 2 in the hole, and by the whole range outside it.
RESULT = np.zeros([3, 2, 2, 3], np.float32)
RESULT[0, 0, 0] = 0.2
RESULT[0, 0, 1] = -0.4
RESULT[0, 1] = 1.0
MASK = np.zeros([3, 2, 2, 1], np.float32)
MASK[0, 0] = 1
MASK[1] = 1


def test_hole_l1_is_the_mean_error_in_the_hole_as_a_share_of_the_range():
    found = image_metrics.hole_l1(IMAGE, RESULT, MASK)
    np.testing.assert_allclose(found, [(0.1 + 0.2) / 2, 0, 0], rtol=1e-6)


def test_hole_psnr_is_that_of_the_mean_squared_error_in_the_hole():
    found = image_metrics.hole_psnr(IMAGE, RESULT, MASK)
    expected = -10 * np.log10((0.1**2 + 0.2**2) / 2)
    assert expected == pytest.approx(16.0206, abs=1e-4)
    np.testing.assert_allclose(found, [expected, 100, 100], rtol=1e-6)


def test_nothing_outside_the_hole_counts():
    changed = np.where(MASK > 0, RESULT, 0.77).astype(np.float32)
    for metric in (image_metrics.hole_l1, image_metrics.hole_psnr):
        np.testing.assert_array_equal(
            metric(IMAGE, changed, MASK), metric(IMAGE, RESULT, MASK)
        )


def test_a_value_wrong_by_the_whole_range_has_psnr_0_and_l1_1():
    ones = np.ones([1, 2, 2, 3], np.float32)
    mask = MASK[1:2]
    assert image_metrics.hole_l1(-ones, ones, mask).numpy() == [1.0]
    np.testing.assert_allclose(image_metrics.hole_psnr(-ones, ones, mask), [0.0])

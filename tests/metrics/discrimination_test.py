import math

import numpy as np
import pytest

from tf_btgmi.metrics.discrimination import (
    area_under_curve,
    discrimination,
    right_pairs,
)


def test_hand_made_logits():
    real, fake = np.array([3.0, 1.0, 0.0]), np.array([2.0, 2.0, 0.0])
    # Pairs: right, wrong, tied. Of all nine: 3 > each of 3; 1 > 0; 0 = 0.
    assert right_pairs(real, fake) == pytest.approx(1.5 / 3)
    assert area_under_curve(real, fake) == pytest.approx(4.5 / 9)


def test_pairs_can_be_right_where_the_curve_is_not():
    # Every composite is below its image, by less than images differ among each other.
    real = np.arange(100.0)
    assert right_pairs(real, real - 0.5) == 1.0
    assert area_under_curve(real, real - 0.5) == pytest.approx(0.505)


def test_only_patches_that_meet_the_hole_count():
    mask = np.zeros([2, 4, 4, 1])
    mask[:, :2] = 1
    real, fake = np.where(mask, 1.0, -9.0), np.where(mask, 0.0, 9.0)
    metrics = discrimination([real, fake], [fake, real], [mask, mask])
    assert metrics == {
        "right_pairs_0": 1.0,
        "auc_0": 1.0,
        "right_pairs_1": 0.0,
        "auc_1": 0.0,
    }


def test_without_a_hole_there_is_no_number():
    empty = np.zeros([1, 4, 4, 1])
    assert all(map(math.isnan, discrimination([empty], [empty], [empty]).values()))

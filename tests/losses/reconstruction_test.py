import numpy as np
import pytest

from tf_btgmi.losses.reconstruction import l1_loss, l2_loss

IMAGE = np.zeros([2, 1, 2, 3], np.float32)
PREDICTION = IMAGE.copy()
PREDICTION[0, 0, 0] = [1, -2, 0]
PREDICTION[1, 0, 1] = [0, 0, 3]


def test_l1_is_the_mean_absolute_difference():
    assert l1_loss(IMAGE, PREDICTION).numpy() == pytest.approx(6 / 12)
    assert l1_loss(IMAGE, IMAGE).numpy() == 0


def test_l2_is_the_mean_squared_difference():
    assert l2_loss(IMAGE, PREDICTION).numpy() == pytest.approx(14 / 12)
    assert l2_loss(IMAGE, IMAGE).numpy() == 0

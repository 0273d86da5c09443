import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.losses.reconstruction import (
    feature_matching_loss,
    hole_l1_loss,
    l1_loss,
    l2_loss,
    overlap_l2_loss,
)

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


def test_hole_l1_is_each_examples_mean_over_its_own_hole():
    mask = np.zeros([2, 1, 2, 1], np.float32)
    mask[0, 0, 0] = 1
    mask[1] = 1
    # 3 over 3 values, 3 over 6.
    found = hole_l1_loss(IMAGE, PREDICTION, mask)
    assert found.numpy() == pytest.approx((1.0 + 0.5) / 2)


def test_hole_l1_without_a_hole_is_0_and_a_tiny_one_counts_by_its_size():
    image = np.zeros([1, 20, 20, 3], np.float32)
    mask = np.zeros([1, 20, 20, 1], np.float32)
    assert hole_l1_loss(image, image + 1, mask).numpy() == 0
    mask[0, 3, 4] = 1
    # One pixel of 400, where 4 make up a hundredth.
    assert hole_l1_loss(image, image + 1, mask).numpy() == pytest.approx(0.25)


@pytest.fixture
def band():
    """A hole of 4 x 4 in 18 x 18 pixels; the band is round(18 * 7 / 128) = 1 wide."""
    mask = np.zeros([1, 18, 18, 1], np.float32)
    mask[0, 6:10, 6:10] = 1
    return mask


@pytest.mark.parametrize(
    "place, weight", [((7, 7), 1), ((5, 5), 10), ((10, 8), 10), ((4, 7), 0)]
)
def test_overlap_l2_weighs_a_band_around_the_hole_ten_times(band, place, weight):
    image = tf.zeros([1, 18, 18, 3])
    prediction = np.zeros(image.shape, np.float32)
    prediction[0][place] = [0.5, 0, 0]
    given = overlap_l2_loss(image, prediction, band)
    # Hole and band together are 6 x 6.
    assert float(given) == pytest.approx(weight * 0.25 / (36 * 3))


def test_overlap_l2_without_a_hole_is_0(band):
    image = tf.zeros([1, 18, 18, 3])
    assert float(overlap_l2_loss(image, image + 1, 0 * band)) == 0


def test_overlap_l2_of_a_batch_is_the_mean_over_replicas_of_one_example_each():
    image = tf.zeros([2, 64, 64, 3])
    prediction = np.ones(image.shape, np.float32)
    prediction[1] = 2.0
    # Bands of round(64 * 7 / 128) = 4 pixels (Python rounds 3.5 to even).
    mask = np.zeros([2, 64, 64, 1], np.float32)
    mask[0, 28:36, 28:36] = 1
    mask[1, 8:56, 8:56] = 1
    small = (8**2 + 10 * (16**2 - 8**2)) / 16**2
    large = 4 * (48**2 + 10 * (56**2 - 48**2)) / 56**2
    single = [
        float(overlap_l2_loss(image[:1], prediction[i : i + 1], mask[i : i + 1]))
        for i in (0, 1)
    ]
    assert single == pytest.approx([small, large], rel=1e-5)
    batch = float(overlap_l2_loss(image, prediction, mask))
    assert batch == pytest.approx((small + large) / 2, rel=1e-5)


def layers(*values):
    return [tf.constant(value, shape=[1, 1, len(value), 1]) for value in values]


REAL = [layers([1.0, 2.0], [0.0], [9.0]), layers([4.0], [5.0, 5.0], [9.0])]
FAKE = [layers([1.0, 4.0], [3.0], [0.0]), layers([5.0], [6.0, 2.0], [0.0])]


def test_feature_matching_is_the_mean_of_each_layer_summed_but_for_the_logits():
    # Means: 1 and 3; 1 and 2.
    assert float(feature_matching_loss(REAL, FAKE)) == pytest.approx(7.0)
    assert float(feature_matching_loss(REAL, REAL)) == 0.0


def test_the_gradient_of_feature_matching_reaches_the_composite_alone():
    with tf.GradientTape() as tape:
        watched = [REAL[0][0], FAKE[0][0], FAKE[0][2]]
        tape.watch(watched)
        loss = feature_matching_loss(REAL, FAKE)
    real, fake, logits = tape.gradient(loss, watched)
    assert real is None and logits is None
    np.testing.assert_allclose(tf.reshape(fake, [-1]), [0.0, 0.5])

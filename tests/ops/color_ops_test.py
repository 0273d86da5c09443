import numpy as np
import pytest
import tensorflow as tf
from skimage import color

from tf_btgmi.ops import color_ops


def picture(*colors):
    """One row of pixels, given as values in [0, 1]: [1, 1, N, 3] in [-1, 1]."""
    return 2.0 * tf.constant([[colors]], tf.float32) - 1.0


def unit(image):
    return (image.numpy() + 1.0) / 2.0


def everywhere(image):
    return tf.ones_like(image[..., :1])


def test_lab_of_known_colors():
    colors = picture((1, 1, 1), (0, 0, 0), (1, 0, 0), (0.5, 0.5, 0.5))
    expected = [[100, 0, 0], [0, 0, 0], [53.241, 80.092, 67.203], [53.389, 0, 0]]
    np.testing.assert_allclose(color_ops.rgb_to_lab(colors)[0, 0], expected, atol=0.02)


def test_lab_is_that_of_scikit_image(rng):
    values = rng.uniform(0, 1, [2, 6, 5, 3]).astype(np.float32)
    found = color_ops.rgb_to_lab(tf.constant(2 * values - 1))
    np.testing.assert_allclose(found, color.rgb2lab(values), atol=0.03)


def test_lab_and_back_is_the_same(rng):
    image = tf.constant(rng.uniform(-1, 1, [2, 6, 5, 3]), tf.float32)
    again = color_ops.lab_to_rgb(color_ops.rgb_to_lab(image))
    np.testing.assert_allclose(again, image, atol=1e-4)


def test_statistics_are_those_of_the_mask_alone():
    values = tf.constant([1.0, 3.0, 8.0, 100.0], tf.float32)
    values = tf.reshape(values, [1, 1, 4, 1])
    mask = tf.reshape([1.0, 1.0, 1.0, 0.0], [1, 1, 4, 1])
    mean, deviation = color_ops.statistics(values, mask)
    assert float(mean[0, 0, 0, 0]) == pytest.approx(4.0)
    assert float(deviation[0, 0, 0, 0]) == pytest.approx(np.sqrt(26 / 3), rel=1e-6)
    assert mean.shape == deviation.shape == (1, 1, 1, 1)
    empty = color_ops.statistics(values, tf.zeros_like(mask))
    assert [float(value[0, 0, 0, 0]) for value in empty] == [0.0, 0.0]


def transferred(image, mask, target, strength=1.0):
    """The statistics of `target` alone, at that strength."""
    count = image.shape[0]
    unchanged = tf.zeros([count, 3]), tf.ones([count, 3])
    return color_ops.transfer_statistics(
        image, mask, target, tf.fill([count], strength), *unchanged
    )


def test_transferred_lightness_is_the_hand_computed_one():
    # Greys, so that L alone counts: 40 and 60 have mean 50 and deviation 10; 60 and
    # 64 have mean 62 and deviation 2. Hence 40 -> 62 - 10 * 2/10 = 60, 60 -> 64.
    def grey(*lightness):
        lab = [[[(value, 0.0, 0.0) for value in lightness]]]
        return color_ops.lab_to_rgb(tf.constant(lab, tf.float32))

    image, target = grey(40, 60), grey(60, 64)
    found = transferred(image, everywhere(image), target)
    lightness = color_ops.rgb_to_lab(found)[0, 0, :, 0]
    np.testing.assert_allclose(lightness, [60.0, 64.0], atol=0.01)
    half = transferred(image, everywhere(image), target, 0.5)
    lightness = color_ops.rgb_to_lab(half)[0, 0, :, 0]
    np.testing.assert_allclose(lightness, [50.0, 62.0], atol=0.01)


def test_transfer_gives_the_masked_part_the_targets_statistics(rng):
    image = tf.constant(rng.uniform(-0.3, 0.1, [2, 8, 8, 3]), tf.float32)
    target = tf.constant(rng.uniform(-0.1, 0.2, [2, 4, 6, 3]), tf.float32)
    mask = tf.constant(rng.integers(0, 2, [2, 8, 8, 1]), tf.float32)
    found = transferred(image, mask, target)
    given = color_ops.statistics(color_ops.rgb_to_lab(found), mask)
    wanted = color_ops.statistics(color_ops.rgb_to_lab(target))
    for one, other in zip(given, wanted):  # noqa: B905
        np.testing.assert_allclose(one, other, atol=0.02)


def test_transfer_between_equal_statistics_is_the_identity(rng):
    image = tf.constant(rng.uniform(-1, 1, [2, 8, 8, 3]), tf.float32)
    # Whole pixels change places, so that every statistic of colours stays.
    shuffled = tf.gather(tf.reshape(image, [2, 64, 3]), rng.permutation(64), axis=1)
    target = tf.reshape(shuffled, [2, 8, 8, 3])
    found = transferred(image, everywhere(image), target)
    np.testing.assert_allclose(found, image, atol=2e-4)


def test_a_flat_part_is_moved_and_stays_flat():
    image = picture(*[(0.2, 0.3, 0.4)] * 4)
    target = picture((0.9, 0.1, 0.1), (0.1, 0.9, 0.1))
    found = transferred(image, everywhere(image), target).numpy()
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, found[:, :, :1].repeat(4, 2), atol=1e-6)
    lab = color_ops.rgb_to_lab(target).numpy().mean(2)
    np.testing.assert_allclose(
        color_ops.rgb_to_lab(tf.constant(found))[0, 0, 0], lab[0, 0], atol=0.05
    )


def test_transfer_is_clipped_to_the_range(rng, monkeypatch):
    monkeypatch.setattr(color_ops, "_MAX_SCALE", 1e3)
    image = tf.constant(rng.uniform(-0.1, 0.1, [1, 8, 8, 3]), tf.float32)
    target = picture((1, 1, 1), (0, 0, 0), (0, 0, 1), (1, 0, 0))
    found = transferred(image, everywhere(image), target)
    assert np.abs(found).max() <= 1.0
    assert (np.abs(found) == 1.0).any()


def test_the_scale_has_a_bound():
    image = picture((0.50, 0.50, 0.50), (0.52, 0.52, 0.52))
    target = picture((0, 0, 0), (1, 1, 1))
    lab = color_ops.rgb_to_lab(image)[0, 0, :, 0].numpy()
    found = transferred(image, everywhere(image), target)
    given = color_ops.rgb_to_lab(found)[0, 0, :, 0].numpy()
    assert np.ptp(given) == pytest.approx(4.0 * np.ptp(lab), rel=1e-3)
    assert given.mean() == pytest.approx(50.0, abs=0.01)


def test_gamma_is_a_power_of_the_value():
    image = tf.concat([picture((0.25, 0.5, 1.0))] * 2, axis=0)
    found = unit(color_ops.adjust_gamma(image, tf.constant([2.0, 0.5])))
    np.testing.assert_allclose(found[0, 0, 0], [0.0625, 0.25, 1.0], atol=1e-6)
    np.testing.assert_allclose(found[1, 0, 0], [0.5, np.sqrt(0.5), 1.0], atol=1e-6)


def test_contrast_scales_about_the_mean_of_the_mask():
    image = picture((0.4, 0.4, 0.4), (0.6, 0.6, 0.6), (1.0, 1.0, 1.0))
    mask = tf.reshape([1.0, 1.0, 0.0], [1, 1, 3, 1])
    found = unit(color_ops.adjust_contrast(image, mask, tf.constant([2.0])))
    np.testing.assert_allclose(found[0, 0, :, 0], [0.3, 0.7, 1.0], atol=1e-6)


def test_hue_keeps_greys_and_luma_and_a_full_turn_is_none(rng):
    image = tf.constant(rng.uniform(-0.2, 0.2, [3, 4, 4, 3]), tf.float32)
    turned = color_ops.adjust_hue(image, tf.constant([0.2, -0.4, 1.0]), tf.ones([3]))
    luma = np.array([0.299, 0.587, 0.114], np.float32)
    np.testing.assert_allclose(turned @ luma[:, None], image @ luma[:, None], atol=1e-5)
    assert np.abs(turned[:2] - image[:2]).max() > 0.05
    np.testing.assert_allclose(turned[2], image[2], atol=1e-4)
    grey = picture((0.3, 0.3, 0.3))
    found = color_ops.adjust_hue(grey, tf.constant([0.3]), tf.constant([2.0]))
    np.testing.assert_allclose(found, grey, atol=1e-5)


def test_a_quarter_of_a_turn_makes_the_first_axis_the_second():
    # A grey of .5 with I of .1: Q of .1.
    image = picture((0.5 + 0.0956, 0.5 - 0.0272, 0.5 - 0.1106))
    found = unit(color_ops.adjust_hue(image, tf.constant([0.25]), tf.ones([1])))
    wanted = [0.5 + 0.0619, 0.5 - 0.0647, 0.5 + 0.1703]
    np.testing.assert_allclose(found[0, 0, 0], wanted, atol=1e-3)


def test_saturation_0_leaves_the_luma():
    image = picture((0.2, 0.4, 0.8))
    found = unit(color_ops.adjust_hue(image, tf.zeros([1]), tf.zeros([1])))
    luma = 0.299 * 0.2 + 0.587 * 0.4 + 0.114 * 0.8
    np.testing.assert_allclose(found[0, 0, 0], [luma] * 3, atol=1e-4)


def test_the_gradient_is_1_in_the_middle_and_runs_along_its_direction():
    image = tf.zeros([2, 3, 3, 3])
    directions = tf.constant([0.0, np.pi / 2])
    found = unit(color_ops.light_gradient(image, tf.constant([0.5, 0.5]), directions))
    # 0.5 times 1 + 0.5 x / sqrt(2), x from -1 to 1.
    line = 0.5 * (1.0 + 0.5 * np.array([-1, 0, 1]) / np.sqrt(2))
    for row in range(3):
        np.testing.assert_allclose(found[0, row, :, 0], line, atol=1e-6)
        np.testing.assert_allclose(found[1, :, row, 0], line, atol=1e-6)


def test_parameters_that_change_nothing_change_nothing(rng):
    image = tf.constant(rng.uniform(-1, 1, [2, 5, 6, 3]), tf.float32)
    one, zero = tf.ones([2]), tf.zeros([2])
    mask = everywhere(image)
    for found in (
        transferred(image, mask, image[:, ::-1] / 2, 0.0),
        color_ops.adjust_gamma(image, one),
        color_ops.adjust_contrast(image, mask, one),
        color_ops.adjust_hue(image, zero, one),
        color_ops.light_gradient(image, zero, one),
    ):
        np.testing.assert_allclose(found, image, atol=2e-4)

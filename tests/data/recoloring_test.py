"""Colours of foregrounds: each change by itself, and all in their order."""

import numpy as np
import pytest
from skimage import color

from tf_btgmi.data import recoloring
from tf_btgmi.data.guided import Changes
from tf_btgmi.data.recoloring import recolored


def pixels(*colors):
    return np.array(colors, np.float32)


def uniform(rng, low, high, count=64):
    return rng.uniform(low, high, [count, 3]).astype(np.float32)


def test_lab_of_known_colors():
    colors = pixels((1, 1, 1), (0, 0, 0), (1, 0, 0), (0.5, 0.5, 0.5))
    expected = [[100, 0, 0], [0, 0, 0], [53.241, 80.092, 67.203], [53.389, 0, 0]]
    np.testing.assert_allclose(recoloring.rgb_to_lab(colors), expected, atol=0.02)


def test_lab_is_that_of_scikit_image(rng):
    colors = np.concatenate([uniform(rng, 0, 1), uniform(rng, 0, 0.05)])
    found = recoloring.rgb_to_lab(colors)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, color.rgb2lab(colors), atol=0.03)


def test_lab_and_back_is_the_same(rng):
    colors = np.concatenate([uniform(rng, 0, 1), uniform(rng, 0, 0.01)])
    again = recoloring.lab_to_rgb(recoloring.rgb_to_lab(colors))
    assert again.dtype == np.float32
    np.testing.assert_allclose(again, colors, atol=5e-5)


def transferred(source, target, strength=1.0):
    """The statistics of `target` alone, at that strength."""
    return recoloring.transfer_statistics(source, target, strength, [0] * 3, [1] * 3)


def test_transferred_lightness_is_the_hand_computed_one():
    # Greys, so that L alone counts: 40 and 60 have mean 50 and deviation 10; 60 and
    # 64 have mean 62 and deviation 2. Hence 40 -> 62 - 10 * 2/10 = 60, 60 -> 64.
    def grey(*lightness):
        return recoloring.lab_to_rgb(pixels(*[(value, 0, 0) for value in lightness]))

    source, target = grey(40, 60), grey(60, 64)
    lightness = recoloring.rgb_to_lab(transferred(source, target))[:, 0]
    np.testing.assert_allclose(lightness, [60.0, 64.0], atol=0.01)
    lightness = recoloring.rgb_to_lab(transferred(source, target, 0.5))[:, 0]
    np.testing.assert_allclose(lightness, [50.0, 62.0], atol=0.01)


def test_transfer_gives_pixels_the_targets_statistics(rng):
    source, target = uniform(rng, 0.35, 0.55), uniform(rng, 0.45, 0.6, 24)
    found = recoloring.rgb_to_lab(transferred(source, target))
    wanted = recoloring.rgb_to_lab(target)
    np.testing.assert_allclose(found.mean(0), wanted.mean(0), atol=0.02)
    np.testing.assert_allclose(found.std(0), wanted.std(0), atol=0.02)


def test_transfer_between_equal_statistics_is_the_identity(rng):
    source = uniform(rng, 0, 1)
    found = transferred(source, source[rng.permutation(64)])
    np.testing.assert_allclose(found, source, atol=1e-4)


def test_a_flat_part_is_moved_and_stays_flat():
    source = pixels(*[(0.2, 0.3, 0.4)] * 4)
    target = pixels((0.9, 0.1, 0.1), (0.1, 0.9, 0.1))
    found = transferred(source, target)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, found[:1].repeat(4, 0), atol=1e-6)
    mean = recoloring.rgb_to_lab(target).mean(0)
    np.testing.assert_allclose(recoloring.rgb_to_lab(found)[0], mean, atol=0.05)


def test_transfer_is_clipped_to_the_range(rng, monkeypatch):
    monkeypatch.setattr(recoloring, "_MAX_SCALE", 1e3)
    target = pixels((1, 1, 1), (0, 0, 0), (0, 0, 1), (1, 0, 0))
    found = transferred(uniform(rng, 0.45, 0.55), target)
    assert found.min() == 0.0 and 1.0 - 1e-6 < found.max() <= 1.0


def test_the_scale_has_a_bound():
    source = pixels((0.50, 0.50, 0.50), (0.52, 0.52, 0.52))
    lightness = recoloring.rgb_to_lab(source)[:, 0]
    found = transferred(source, pixels((0, 0, 0), (1, 1, 1)))
    found = recoloring.rgb_to_lab(found)[:, 0]
    assert np.ptp(found) == pytest.approx(4.0 * np.ptp(lightness), rel=1e-3)
    assert found.mean() == pytest.approx(50.0, abs=0.01)


def test_a_shift_moves_the_mean_and_scales_the_spread_in_lab(rng):
    source = uniform(rng, 0.35, 0.65, 256)
    found = recoloring.transfer_statistics(
        source, 1 - source, 0.0, [8.0, -5.0, 4.0], [0.7, 1.0, 1.0]
    )
    before, after = (recoloring.rgb_to_lab(x) for x in (source, found))
    np.testing.assert_allclose(after.mean(0) - before.mean(0), [8, -5, 4], atol=0.05)
    np.testing.assert_allclose(after.std(0) / before.std(0), [0.7, 1, 1], atol=0.02)


@pytest.mark.parametrize("gamma, wanted", [(2.0, 0.0625), (0.5, 0.5)])
def test_gamma_is_a_power_of_the_value(gamma, wanted):
    found = recoloring.adjust_gamma(pixels((0.25, 0.0, 1.0)), gamma)
    np.testing.assert_allclose(found, [[wanted, 0.0, 1.0]], atol=1e-6)


def test_contrast_scales_about_the_mean():
    source = pixels((0.4, 0.4, 0.1), (0.6, 0.6, 0.9))
    found = recoloring.adjust_contrast(source, 2.0)
    np.testing.assert_allclose(found, [[0.3, 0.3, 0], [0.7, 0.7, 1]], atol=1e-6)


def test_hue_keeps_greys_and_luma_and_a_full_turn_is_none(rng):
    source = uniform(rng, 0.4, 0.6)
    luma = [0.299, 0.587, 0.114]
    for turns in (0.2, -0.4):
        turned = recoloring.adjust_hue(source, turns, 1.0)
        np.testing.assert_allclose(turned @ luma, source @ luma, atol=1e-5)
        assert np.abs(turned - source).max() > 0.05
    whole = recoloring.adjust_hue(source, 1.0, 1.0)
    np.testing.assert_allclose(whole, source, atol=1e-5)
    grey = pixels((0.3, 0.3, 0.3))
    np.testing.assert_allclose(recoloring.adjust_hue(grey, 0.3, 2.0), grey, atol=1e-5)


def test_a_quarter_of_a_turn_makes_the_first_axis_the_second():
    # A grey of .5 with I of .1: Q of .1.
    source = pixels((0.5 + 0.0956, 0.5 - 0.0272, 0.5 - 0.1106))
    found = recoloring.adjust_hue(source, 0.25, 1.0)
    wanted = [[0.5 + 0.0619, 0.5 - 0.0647, 0.5 + 0.1703]]
    np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_saturation_0_leaves_the_luma():
    found = recoloring.adjust_hue(pixels((0.2, 0.4, 0.8)), 0.0, 0.0)
    luma = 0.299 * 0.2 + 0.587 * 0.4 + 0.114 * 0.8
    np.testing.assert_allclose(found, [[luma] * 3], atol=1e-4)


def test_light_is_1_in_the_middle_and_runs_along_its_direction():
    # 1 + 0.5 x / sqrt(2), x from -1 to 1.
    line = 1.0 + 0.5 * np.array([-1, 0, 1]) / np.sqrt(2)
    for direction, wanted in ((0.0, line), (np.pi / 2, line[:, None])):
        found = recoloring.light_gradient((3, 3), 0.5, direction)
        np.testing.assert_allclose(found, np.broadcast_to(wanted, [3, 3]), atol=1e-6)


@pytest.fixture
def case(rng):
    """An image, a foreground in it and another picture."""
    image = rng.integers(64, 192, [8, 8, 3]).astype(np.uint8)
    foreground = np.zeros([8, 8], np.uint8)
    foreground[2:7, 1:6] = 1
    return image, foreground, rng.integers(0, 128, [4, 5, 3]).astype(np.uint8)


def test_recoloring_changes_the_foreground_alone(case):
    image, foreground, second = case
    inside = foreground > 0
    for change in (Changes(strength=1.0), Changes(gamma=1.5)):
        found = recolored(image, foreground, second, change)
        assert found.dtype == np.uint8 and found is not image
        np.testing.assert_array_equal(found[~inside], image[~inside])
        assert np.abs(found[inside] - image[inside].astype(int)).mean() > 6
    wanted = 255 * (image[inside] / 255) ** 1.5
    np.testing.assert_allclose(found[inside], wanted, atol=0.51)
    nothing = np.zeros_like(foreground)
    found = recolored(image, nothing, second, Changes(strength=1.0))
    np.testing.assert_array_equal(found, image)


def test_a_foreground_gets_the_colours_of_the_second_picture(case):
    image, foreground, _ = case
    second = np.tile(np.uint8([191, 102, 140]), [4, 4, 1])
    found = recolored(image, foreground, second, Changes(strength=1.0))
    # One colour has no deviation: all of the foreground has its mean.
    assert (found[foreground > 0] == [191, 102, 140]).all()


def test_no_change_is_no_change_at_any_level(rng):
    levels = np.arange(256, dtype=np.uint8)
    image = np.stack([levels, levels[::-1], rng.permutation(levels)], -1)
    image = image.reshape(16, 16, 3)
    everywhere = np.ones([16, 16], np.uint8)
    found = recolored(image, everywhere, 255 - image, Changes())
    np.testing.assert_array_equal(found, image)


@pytest.mark.parametrize(
    "values",
    [
        [0.6, 1.2, 0.8, 0.05, 1.3, 0.3, 0.7, 5.0, -4.0, 3.0, 0.8, 1.2, 0.9],
        [0.3, 0.9, 1.1, -0.1, 0.7, 0.2, 2.0, -6.0, 2.0, 1.0, 1.1, 0.7, 1.3],
    ],
)
def test_all_changes_are_made_in_their_order(case, values):
    image, foreground, second = case
    inside = foreground > 0
    found = recolored(image, foreground, second, Changes(*values))
    strength, gamma, contrast, turns, saturation, gradient, direction = values[:7]
    wrong = recoloring.transfer_statistics(
        (image[inside] / 255).astype(np.float32),
        (second.reshape(-1, 3) / 255).astype(np.float32),
        strength,
        shift=values[7:10],
        spread=values[10:],
    )
    wrong = recoloring.adjust_gamma(wrong, gamma)
    wrong = recoloring.adjust_contrast(wrong, contrast)
    wrong = recoloring.adjust_hue(wrong, turns, saturation)
    # In the coordinates of the whole picture.
    light = recoloring.light_gradient((8, 8), gradient, direction)
    wrong = 255 * (wrong * light[inside][:, None]).clip(0, 1)
    np.testing.assert_allclose(found[inside], wrong, atol=0.501)

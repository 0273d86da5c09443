"""Periodic artifacts: synthetic weaves are found, blur and noise are not weaves."""

import cv2
import numpy as np
import pytest

from tf_btgmi.metrics import weave

MASK = np.zeros((96, 96), bool)
MASK[20:76, 12:70] = True
Y, X = np.mgrid[:96, :96]


def picture(seed, size=96):
    """A picture with the spectrum of natural ones, 1/f^2 in power."""
    rng = np.random.default_rng(seed)
    fy, fx = np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size), indexing="ij")
    radius = np.maximum(np.hypot(fy, fx), 1 / size)
    noise = np.fft.fft2(rng.normal(0, 1, (size, size))) / radius
    values = np.fft.ifft2(noise).real
    values = 128 + 15 * (values - values.mean()) / values.std()
    return as_uint8(np.repeat(values[..., None], 3, axis=-1))


def as_uint8(values):
    return np.rint(values).clip(0, 255).astype(np.uint8)


def measured(change, num=24, mask=MASK, other=False):
    ratios = []
    for seed in range(num):
        image = picture(seed)
        fill = change(picture(1000 + seed) if other else image)
        composite = np.where(mask[..., None], fill, image)
        ratios.append(weave.log_power_ratio(image, composite, mask))
    return weave.of_set(np.stack(ratios))


def with_weave(period, direction, amplitude=3.0, sigma=0.0):
    angle = np.radians(direction)
    phase = (np.cos(angle) * X + np.sin(angle) * Y) * 2 * np.pi / period
    pattern = amplitude * np.cos(phase)[..., None]

    def change(image):
        image = cv2.GaussianBlur(image, (0, 0), sigma) if sigma else image
        return as_uint8(image + pattern)

    return change


def test_the_truth_has_the_power_of_the_truth_and_no_weave():
    found = measured(lambda image: image)
    assert found.power == pytest.approx(1.0) and found.weave == pytest.approx(1.0)


def test_other_pictures_of_the_same_kind_have_no_weave():
    found = measured(lambda image: image, other=True)
    assert found.power == pytest.approx(1.0, abs=0.1)
    assert found.weave < 1.25


@pytest.mark.parametrize("period", [2.0, 3.0, 4.0, 5.0, 8.0])
@pytest.mark.parametrize("direction", [0.0, 45.0, 90.0])
def test_a_weave_is_found_at_its_period(period, direction):
    found = measured(with_weave(period, direction, 6.0), other=True)
    assert found.weave > 1.5
    assert found.period == pytest.approx(period, rel=0.2)


def test_a_weave_in_blurry_fills_is_found_though_their_power_is_low():
    blurred = measured(lambda image: cv2.GaussianBlur(image, (0, 0), 0.8))
    assert blurred.power < 0.3 and blurred.weave < 1.3
    woven = measured(with_weave(3.5, 45.0, 2.0, sigma=0.8))
    assert woven.power < 0.5 and woven.weave > 4.0
    assert woven.period == pytest.approx(3.5, rel=0.2)


def test_noise_adds_power_and_is_no_weave():
    rng = np.random.default_rng(5)
    found = measured(lambda image: as_uint8(image + rng.normal(0, 12, image.shape)))
    assert found.power > 1.5 and found.weave < 1.3


def test_colours_count_by_their_luma():
    # The same noise in one channel of a flat picture: green, red, blue.
    flat = np.full((96, 96, 3), 120, np.uint8)
    noise = np.random.default_rng(3).normal(0, 20, (96, 96))
    powers = []
    for channel in (1, 0, 2):
        fill = flat.astype(float)
        fill[..., channel] += noise
        ratio = weave.log_power_ratio(flat, as_uint8(fill), MASK)
        powers.append(weave.of_set(ratio[np.newaxis]).power - 1.0)
    # The squares of .587, .299 and .114.
    assert powers[0] / powers[1] == pytest.approx(3.85, rel=0.1)
    assert powers[1] / powers[2] == pytest.approx(6.88, rel=0.1)


def test_a_stronger_weave_has_the_higher_value():
    values = [measured(with_weave(4.0, 0.0, a)).weave for a in (0.0, 1.0, 2.0, 4.0)]
    assert values == sorted(values) and values[0] == pytest.approx(1.0)


def test_smooth_pictures_count_as_much_as_textured_ones():
    # The weave is in every second picture, the smooth ones, which have no power.
    ratios = []
    for seed in range(12):
        image = picture(seed) if seed % 2 else np.full((96, 96, 3), 120, np.uint8)
        fill = image if seed % 2 else with_weave(4.0, 0.0, 3.0)(image)
        ratios.append(weave.log_power_ratio(image, fill, MASK))
    assert weave.of_set(np.stack(ratios)).weave > 3.0


def test_power_is_a_geometric_mean_over_frequencies():
    # Four times the power at some frequencies, as much as the truth's at the others.
    ratios = np.where(weave._FY > 0, np.log(4.0), 0.0)
    share = (weave._FY > 0)[weave._BAND].mean()
    assert 0.3 < share < 0.6
    assert weave.of_set(ratios[np.newaxis]).power == pytest.approx(4.0**share)


def test_known_pixels_and_the_seam_do_not_count():
    image = picture(0)
    woven = with_weave(4.0, 0.0, 20.0)(image)
    known_woven = np.where(MASK[..., None], image, woven)
    found = weave.log_power_ratio(image, known_woven, MASK)
    np.testing.assert_allclose(found, 0.0, atol=1e-12)
    inner = cv2.erode(MASK.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    found = weave.log_power_ratio(image, np.where(inner[..., None], image, woven), MASK)
    assert np.abs(found).max() > 0.1


def test_a_window_needs_room_in_the_hole():
    image = picture(0)
    thin = np.zeros((96, 96), bool)
    thin[40:44] = True
    assert weave.log_power_ratio(image, image, thin) is None
    small = image[:12, :12]
    assert weave.log_power_ratio(small, small, np.ones((12, 12), bool)) is None
    thin[40:52] = True
    assert weave.log_power_ratio(image, image, thin).shape == weave.SHAPE

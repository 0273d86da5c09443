import cv2
import numpy as np
import pytest

from tf_btgmi.inference import detail
from tf_btgmi.inference.detail import enlarge


def shrunk(picture, size):
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)


def hole(side, low, high):
    unknown = np.zeros((side, side), bool)
    unknown[low:high, low:high] = True
    return unknown


def tiles(side, rng):
    """A texture that is the same every 16 pixels: [side, side, 3] uint8."""
    tile = rng.integers(0, 256, (16, 16, 3), np.uint8)
    return np.tile(tile, (-(-side // 16), -(-side // 16), 1))[:side, :side]


@pytest.mark.parametrize("side, size", [(64, 32), (128, 32), (75, 32), (33, 32)])
def test_known_pixels_are_the_windows(side, size, rng):
    window = rng.integers(0, 256, (side, side, 3), np.uint8)
    unknown = hole(side, side // 3, side // 2)
    found = enlarge(np.zeros((size, size, 3), np.uint8), window, unknown)
    assert found.shape == window.shape and found.dtype == np.uint8
    np.testing.assert_array_equal(found[~unknown], window[~unknown])


def test_what_the_hole_holds_does_not_matter(rng):
    window = tiles(96, rng)
    unknown = hole(96, 40, 64)
    fill = shrunk(window, 48)
    other = np.where(unknown[..., None], np.uint8(255) - window, window)
    np.testing.assert_array_equal(
        enlarge(fill, window, unknown), enlarge(fill, other, unknown)
    )


@pytest.mark.parametrize("side, octaves", [(128, 1), (128, 2)])
def test_detail_that_the_picture_repeats_comes_back(side, octaves, rng):
    truth = tiles(side, rng)
    size = side // 2**octaves
    unknown = hole(side, side * 3 // 8, side * 5 // 8)
    fill = shrunk(truth, size)
    plain = cv2.resize(fill, (side, side), interpolation=cv2.INTER_CUBIC)
    found = enlarge(fill, np.where(unknown[..., None], 0, truth), unknown)

    def error(picture):
        return np.abs(picture[unknown].astype(float) - truth[unknown]).mean()

    assert error(plain) > 4
    assert error(found) < 0.25 * error(plain)


def test_flat_pictures_stay_flat():
    window = np.full((100, 100, 3), 77, np.uint8)
    fill = np.full((32, 32, 3), 77, np.uint8)
    np.testing.assert_array_equal(enlarge(fill, window, hole(100, 20, 70)), window)


def test_without_a_known_place_the_fill_is_only_enlarged(rng):
    fill = np.full((32, 32, 3), 9, np.uint8)
    window = rng.integers(0, 256, (64, 64, 3), np.uint8)
    found = enlarge(fill, window, np.ones((64, 64), bool))
    np.testing.assert_array_equal(found, np.full((64, 64, 3), 9, np.uint8))


def test_the_largest_windows_are_filled_at_a_smaller_size(rng, monkeypatch):
    window = tiles(100, rng)
    unknown = hole(100, 40, 64)
    fill = shrunk(window, 32)
    monkeypatch.setattr(detail, "_MAX_SIDE", 80)
    found = enlarge(fill, window, unknown)
    np.testing.assert_array_equal(found[~unknown], window[~unknown])
    smaller = enlarge(fill, shrunk(window, 80), shrunk(unknown * 1.0, 80) > 0)
    wanted = cv2.resize(smaller, (100, 100), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_array_equal(found[unknown], wanted[unknown])


def test_a_flat_fill_amid_noise_stays_flat(rng):
    window = rng.integers(0, 256, (64, 64, 3), np.uint8)
    fill = np.full((32, 32, 3), 200, np.uint8)
    found = enlarge(fill, window, hole(64, 10, 54))
    # Blocks at the edge see the noise itself.
    inner = found[24:40, 24:40].astype(float)
    assert np.abs(inner - 200).mean() < 2


def test_a_fill_is_resampled_at_the_centres_of_its_new_pixels():
    y, x = np.mgrid[:32, :32].astype(np.float32)
    found = detail._resampled(np.dstack([y, x, y]), 20, 1.5)
    centres = np.tile((np.arange(20) + 0.5) * 1.5 - 0.5, (20, 1))
    # OpenCV rounds places to 1/32.
    np.testing.assert_allclose(found[..., 0], centres.T, atol=0.04)
    np.testing.assert_allclose(found[..., 1], centres, atol=0.04)


def test_detail_is_weakened_where_the_fill_has_less_and_never_strengthened(rng):
    coarse = rng.normal(128, 40, (24, 48, 3)).astype(np.float32)
    coarse[:, :24] = 128 + (coarse[:, :24] - 128) / 10
    weak, strong = np.array([[4, 4]]), np.array([[4, 36]])
    assert detail._strength(coarse, strong, weak) == 1
    assert 0.05 < detail._strength(coarse, weak, strong)[0] < 0.2


def test_examples_keep_a_pixel_away_from_what_is_excluded():
    # Enlarging looks one pixel beyond a patch of 6 x 6.
    excluded = np.zeros((20, 20), bool)
    excluded[:, :5] = excluded[:, 15:] = True
    rows, columns = (set(corners) for corners in detail._places(excluded).T)
    assert rows == set(range(1, 14)) and columns == {6, 7, 8}


def test_excluded_pixels_are_no_examples(rng):
    """Detail comes from the texture unless that is excluded."""
    texture = tiles(96, rng)
    window = np.full((96, 96, 3), 125, np.uint8)
    window[:, :40] = texture[:, :40]
    unknown = hole(96, 64, 80)
    fill = shrunk(texture, 48)
    excluded = np.zeros((96, 96), bool)
    excluded[:, :42] = True
    with_texture = enlarge(fill, window, unknown)
    without = enlarge(fill, window, unknown, excluded)
    plain = cv2.resize(fill, (96, 96), interpolation=cv2.INTER_LINEAR)

    def added(picture):
        return np.abs(picture[unknown].astype(float) - plain[unknown]).mean()

    assert added(with_texture) > 10
    assert added(without) < 2


def test_what_a_soft_fill_lacks_at_its_own_scale_comes_back(rng):
    """A network predicts the finest detail of its scale only faintly."""
    truth = tiles(96, rng)
    unknown = hole(96, 36, 60)
    sharp = shrunk(truth, 48)
    soft = cv2.resize(shrunk(sharp, 29), (48, 48), interpolation=cv2.INTER_LINEAR)
    found = enlarge(soft, np.where(unknown[..., None], 0, truth), unknown)
    plain = cv2.resize(soft, (96, 96), interpolation=cv2.INTER_CUBIC)
    assert contrast(plain, unknown) < 0.5 * contrast(truth, unknown)
    assert contrast(found, unknown) > 0.8 * contrast(truth, unknown)


def contrast(picture, where):
    return picture[where].astype(float).std()

"""Simulated boxes and clicks: where they fall, and that they say what is wrong."""

import cv2
import numpy as np
import pytest

from tf_btgmi.data.simulated_clicks import damaged_mask, drawn_box, next_click


@pytest.fixture
def truth():
    """A block of 30x40 pixels in a picture of 60x80."""
    mask = np.zeros((60, 80), bool)
    mask[10:40, 20:60] = True
    return mask


def test_the_first_click_is_in_the_middle_of_the_object(truth):
    y, x, is_object = next_click(truth, np.zeros_like(truth))
    assert is_object == 1 and truth[int(y), int(x)]
    assert min(y - 10, 39 - y, x - 20, 59 - x) >= 13


def test_a_click_goes_to_the_larger_of_two_errors(truth):
    mask = truth.copy()
    mask[10:40, 20:30] = False
    mask[45:60, 60:80] = True
    y, x, is_object = next_click(truth, mask)
    # 300 pixels are missing and 300 too many; one more of the latter decides.
    mask[44, 60] = True
    y, x, is_object = next_click(truth, mask)
    assert is_object == 0 and 44 <= y < 60 and 60 <= x < 80
    # The area counts, not the depth: 180 pixels too many reach deeper.
    mask[44:] = False
    mask[45:57, 62:77] = True
    assert next_click(truth, mask)[2] == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_random_click_is_on_an_error_of_its_kind(truth, seed):
    rng = np.random.default_rng(seed)
    mask = damaged_mask(truth, rng)
    y, x, is_object = next_click(truth, mask, rng)
    pixel = int(y), int(x)
    assert truth[pixel] != mask[pixel] and truth[pixel] == bool(is_object)


def test_random_clicks_are_anywhere_in_the_inner_half_of_the_error(truth):
    depths = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        y, x, _ = next_click(truth, np.zeros_like(truth), rng)
        depths.append(min(y - 9, 40 - y, x - 19, 60 - x))
    # Of at most 15.
    assert 7 <= min(depths) <= 9 and 14 <= max(depths) <= 15


def test_an_error_at_the_edge_of_the_picture_is_clicked_inside_it():
    truth = np.ones((20, 50), bool)
    y, x, _ = next_click(truth, np.zeros_like(truth))
    assert 8 <= y <= 11 and 8 <= x <= 41


def test_errors_that_touch_at_a_corner_are_one():
    mask = np.zeros((40, 40), bool)
    mask[:10, :10] = mask[10:20, 10:20] = True
    mask[25:36, 25:37] = True
    # Of 100 pixels each, of 132 apart.
    y, x, is_object = next_click(np.zeros_like(mask), mask)
    assert is_object == 0 and y < 20 and x < 20


def test_a_third_of_damaged_masks_are_too_small_and_a_third_too_large(truth):
    rim = [
        cv2.dilate(truth.astype(np.uint8), np.ones((3, 3))) > truth,
        cv2.erode(truth.astype(np.uint8), np.ones((3, 3))) < truth,
    ]
    shares = []
    for seed in range(200):
        mask = damaged_mask(truth, np.random.default_rng(seed))
        shares.append([mask[part].mean() for part in rim])
    outside, inside = np.transpose(shares)
    # But for the ellipses.
    assert 0.2 < (outside > 0.5).mean() < 0.5
    assert 0.2 < (inside < 0.5).mean() < 0.5


def test_nothing_is_clicked_where_nothing_is_wrong(truth):
    assert next_click(truth, truth) is None


@pytest.mark.parametrize("moves", [(0.0, 0.0), (-0.2, 0.2), (0.1, 0.2)])
def test_every_edge_of_a_box_moves_outwards_within_the_range(truth, moves):
    for seed in range(20):
        box = drawn_box(truth, moves, np.random.default_rng(seed))
        outwards = ([10, 20, 40, 60] - box) * [1, 1, -1, -1] / [30, 40, 30, 40]
        assert (outwards >= moves[0] - 1e-9).all()
        assert (outwards <= moves[1] + 1e-9).all()


def test_a_box_stays_in_the_picture():
    truth = np.ones((20, 50), bool)
    for seed in range(20):
        y0, x0, y1, x1 = drawn_box(truth, (-0.3, 0.3), np.random.default_rng(seed))
        assert 0 <= y0 < y1 <= 20 and 0 <= x0 < x1 <= 50

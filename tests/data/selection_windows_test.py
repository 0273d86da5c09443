"""The selector's windows and its input."""

import numpy as np
import pytest

from tf_btgmi.data.selection_windows import (
    Window,
    network_input,
    resized,
    window_around,
)


@pytest.mark.parametrize(
    "box, expected",
    [
        # A square of 1.5 times the longer side, around the box.
        ((40, 60, 60, 100), (20, 50, 60, 60)),
        # Moved into the picture.
        ((0, 0, 20, 40), (0, 0, 60, 60)),
        # The whole height where a square does not fit.
        ((0, 20, 100, 120), (0, 0, 100, 150)),
        # Never closer than 32 pixels.
        ((50, 80, 52, 82), (35, 65, 32, 32)),
    ],
)
def test_a_window_lies_around_the_box_and_inside_the_picture(box, expected):
    assert tuple(window_around(box, 100, 200)) == expected


def test_boxes_and_clicks_move_into_the_pixels_of_the_window():
    window = window_around((40, 60, 60, 100), 100, 200)
    np.testing.assert_allclose(window.box((40, 60, 60, 100)), [64, 32, 128, 160])
    # The middle of pixel (20, 50), the window's first.
    np.testing.assert_allclose(window.clicks([(20, 50, 1)]), [[1.6, 1.6, 1]])
    # Half as wide as high.
    window = Window(10, 20, 96, 48)
    np.testing.assert_allclose(window.box((10, 20, 106, 68)), [0, 0, 192, 192])
    np.testing.assert_allclose(window.clicks([(11, 23, 0)]), [[3, 14, 0]])


def test_the_input_shows_what_was_pointed_at():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (32, 32, 3), np.uint8)
    mask = np.zeros((32, 32), bool)
    mask[4:8, 4:8] = True
    clicks = np.array([[10.5, 12.5, 1], [20.5, 25.5, 0]])
    result = network_input(image, np.array([2, 3, 20, 30.0]), clicks, mask)
    assert result.shape == (32, 32, 8) and result.dtype == np.float32
    np.testing.assert_allclose(result[..., :3], image / 127.5 - 1, atol=1e-6)
    assert result[..., 3].sum() == 18 * 27 and result[2, 3, 3] == 1
    assert np.unravel_index(result[..., 4].argmax(), (32, 32)) == (10, 12)
    assert np.unravel_index(result[..., 5].argmax(), (32, 32)) == (20, 25)
    # Each kind of click in its own map.
    assert result[20, 25, 4] < 0.1 and result[10, 12, 5] < 0.1
    np.testing.assert_array_equal(result[..., 6], mask)


def test_colors_of_the_box_are_likely_and_those_around_it_are_not():
    image = np.full((32, 32, 3), 40, np.uint8)
    image[10:20, 10:20] = [200, 60, 50]
    nothing = np.zeros((32, 32), bool)
    box = np.array([8, 8, 22, 22.0])
    likely = network_input(image, box, np.zeros((0, 3)), nothing)[..., 7]
    assert likely[10:20, 10:20].min() > 0.95 and likely[0, 0] < 0.4


def test_colors_under_clicks_and_of_the_selection_count():
    image = np.full((96, 96, 3), 40, np.uint8)
    image[4:30, 50:90] = [200, 60, 50]
    image[60:90, 10:40] = [50, 60, 200]
    red, blue = (16, 70), (75, 25)
    nothing = np.zeros((96, 96), bool)

    def likely(box, clicks, mask=nothing):
        values = network_input(image, box, np.array(clicks, float), mask)[..., 7]
        return values[red], values[blue]

    at_red, at_blue = likely(None, [(*red, 1)])
    assert at_red > 0.9 > 0.5 > at_blue
    # A click beside the object takes its colour away from the box.
    everything = np.array([0, 0, 96, 96.0])
    before = likely(everything, np.zeros((0, 3)))
    after = likely(everything, [(*blue, 0)])
    assert after[1] < 0.9 * before[1] and after[0] > 0.9 * before[0]
    # The selection counts in place of the box.
    at_red, at_blue = likely(everything, np.zeros((0, 3)), image[..., 2] == 200)
    assert at_blue > 0.9 > 0.5 > at_red


def test_a_mask_stays_a_mask_when_it_is_resized():
    mask = np.zeros((64, 96), bool)
    mask[:, 48:] = True
    small = resized(mask)
    assert small.dtype == bool and small.shape == (192, 192)
    assert not small[:, :96].any() and small[:, 96:].all()

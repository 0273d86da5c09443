"""Windows of large pictures: halved for the network, and their masks brought back."""

import numpy as np
import pytest

from tf_btgmi.data.selection_windows import Window
from tf_btgmi.selection import network
from tf_btgmi.selection.network import Segmentation, halved


@pytest.mark.parametrize(
    "shape, expected",
    [
        ((199, 150, 3), (199, 150, 3)),
        ((200, 150, 3), (100, 75, 3)),
        ((801, 401, 3), (100, 50, 3)),
        # Nothing is halved away.
        ((1, 900), (1, 900)),
    ],
)
def test_halving_ends_below_twice_the_side(shape, expected):
    assert halved(np.zeros(shape, np.uint8), 100).shape == expected


def test_halving_averages_every_pixel():
    image = np.random.default_rng(0).integers(0, 256, (64, 48, 3), np.uint8)
    means = image.reshape(16, 4, 12, 4, 3).mean(axis=(1, 3))
    assert np.abs(halved(image, 10) - means).max() <= 1.5


def test_clicks_decide_the_pixels_under_them():
    rng = np.random.default_rng(0)
    seen = rng.integers(0, 256, (60, 90, 3), np.uint8)
    likely = np.where(np.arange(90) < 45, 0.6, 0.4) * np.ones((60, 1))
    divided = network._divided(seen, likely, [(10, 70, 1), (50, 20, 0)])
    assert (divided[8:13, 70] == 1).all() and (divided[10, 68:73] == 1).all()
    assert (divided[48:53, 20] == 0).all() and (divided[50, 18:23] == 0).all()


def disc(shape, centre, radius):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.hypot(y - centre[0], x - centre[1]) < radius


def test_a_mask_comes_back_from_a_quarter_of_the_size():
    shape, window = (1300, 1700), Window(100, 200, 1003, 1205)
    truth = disc(shape, (600, 800), 301)
    segmentation = Segmentation(window, np.zeros((250, 301), np.float32))
    back = segmentation.in_picture(segmentation.reduced(truth), shape)
    assert (back & truth).sum() / (back | truth).sum() > 0.98
    wrong = np.argwhere(back != truth)
    distance = np.abs(np.hypot(*(wrong - (600, 800)).T) - 301)
    assert distance.max() < 6


def test_specks_are_neither_selected_nor_left_out():
    truth = disc((200, 300), (100, 150), 70)
    likely = truth.astype(np.float32)
    likely[5, 5] = likely[30:32, 290] = 0.9
    likely[100, 140:143] = 0.2
    # Too large for specks: 16 of 15,000 pixels.
    truth[190:194, 10:14] = likely[190:194, 10:14] = 1
    truth[90:94, 150:154] = likely[90:94, 150:154] = 0
    segmentation = Segmentation(Window(0, 0, 200, 300), likely)
    np.testing.assert_array_equal(segmentation.selected(), truth)


@pytest.mark.parametrize("point", [(100, 200), (1102, 1404), (600, 800)])
def test_a_point_of_the_picture_has_a_place_in_the_smaller_mask(point):
    segmentation = Segmentation(
        Window(100, 200, 1003, 1205), np.zeros((250, 301), np.float32)
    )
    row, column = segmentation.place(*point)
    assert abs(row - (point[0] - 100) * 250 / 1003) < 1
    assert abs(column - (point[1] - 200) * 301 / 1205) < 1
    assert 0 <= row < 250 and 0 <= column < 301


@pytest.fixture
def seen(monkeypatch):
    """The inputs of a network that takes everything for the object."""
    inputs = []

    def predict(batch):
        inputs.append(batch[0])
        return np.full((1, 192, 192, 1), 5.0, np.float32)

    monkeypatch.setattr(network, "_network", lambda: predict)
    return inputs


def test_a_selection_ends_a_quarter_of_its_side_beyond_a_box(seen):
    image = np.full((300, 300, 3), 90, np.uint8)
    found = network.find(image, box=(100, 100, 160, 180))
    selected = found.in_picture(found.likely >= 0.5, (300, 300))
    np.testing.assert_array_equal(np.flatnonzero(selected.any(1)), np.arange(85, 175))


def test_the_network_sees_the_selection_so_far(seen):
    image, mask = np.full((300, 300, 3), 90, np.uint8), disc((300, 300), (150, 150), 40)
    found = network.find(image, mask=mask)
    window = found.window
    part = mask[window.slices]
    assert seen[0][..., 6].mean() == pytest.approx(part.mean(), abs=0.01)

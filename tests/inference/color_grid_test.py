"""A colour change is learnt from a small picture and carried to a large one."""

import cv2
import numpy as np
import pytest

from tf_btgmi.inference.color_grid import ColorGrid
from tf_btgmi.inference.harmonizing import _cut

MATRIX = np.array([[0.8, 0.1, 0.0], [0.05, 0.7, 0.1], [0.0, 0.1, 0.9]])
OFFSET = np.array([10.0, 20.0, 0.0])


def scene(side, seed=0):
    """A smooth picture with texture, the same scene at any side from 64."""
    rng = np.random.default_rng(seed)
    picture = rng.uniform(30, 220, (8, 8, 3)).astype(np.float32)
    picture = cv2.resize(picture, (64, 64), interpolation=cv2.INTER_CUBIC)
    picture += rng.normal(0, 12, (64, 64, 3))
    picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR)
    return picture.round().clip(0, 255).astype(np.uint8)


def uint8(values):
    return np.asarray(values).round().clip(0, 255).astype(np.uint8)


def whole(side=64):
    return np.ones((side, side))


def test_a_box_is_cut_out_of_the_networks_input_at_fractions_of_a_pixel():
    y, x = np.mgrid[:12, :20].astype(np.float32)
    found = _cut(np.dstack([y, x, y, x, y, x, y]), (3.25, 2.5, 7.75, 17.75))
    # 4.5 x 15.25 pixels become 5 x 16, whose centres lie half a step inside.
    rows = 3.25 + (np.arange(5) + 0.5) * 4.5 / 5 - 0.5
    columns = 2.5 + (np.arange(16) + 0.5) * 15.25 / 16 - 0.5
    assert found.shape == (5, 16, 7)
    # OpenCV rounds places to 1/32.
    np.testing.assert_allclose(found[..., 6], np.tile(rows, (16, 1)).T, atol=0.04)
    np.testing.assert_allclose(found[..., 5], np.tile(columns, (5, 1)), atol=0.04)


@pytest.mark.parametrize("side", [5, 64, 300])
def test_no_change_is_carried_as_no_change(side):
    small = scene(64)
    large = scene(300)[:side, :side]
    result = ColorGrid(small, small, whole()).apply(large)
    np.testing.assert_array_equal(result, large)


def test_an_affine_change_is_carried_exactly_but_for_rounding():
    small, large = scene(64), scene(300)
    change = ColorGrid(small, uint8(small @ MATRIX + OFFSET), whole())
    error = np.abs(change.apply(large) - (large @ MATRIX + OFFSET))
    assert error.mean() < 0.5 and error.max() < 4


def test_a_picture_wider_than_opencv_remaps_is_changed_like_its_parts():
    small, wide = scene(64), np.tile(scene(64), (1, 520, 1))
    change = ColorGrid(small, uint8(small @ MATRIX + OFFSET), whole())
    error = np.abs(change.apply(wide) - (wide @ MATRIX + OFFSET))
    assert wide.shape[1] > 2**15 and error.mean() < 0.5 and error.max() < 4


def test_a_shift_of_a_plain_picture_is_a_shift():
    small = np.full((20, 30, 3), (90, 120, 50), np.uint8)
    change = ColorGrid(small, small + np.uint8(40), np.ones((20, 30)))
    large = np.full((77, 55, 3), (90, 120, 50), np.uint8)
    np.testing.assert_allclose(change.apply(large), large + np.uint8(40), atol=1)


@pytest.mark.parametrize(
    "change",
    [
        lambda x, place: 255 * (x / 255) ** 1.8,
        lambda x, place: x * (0.5 + 0.5 * place[..., None]),
    ],
    ids=["gamma", "light_from_the_right"],
)
def test_smooth_changes_of_light_are_carried(change):
    small, large = scene(64), scene(320)
    places = [np.broadcast_to((np.arange(n) + 0.5) / n, (n, n)) for n in (64, 320)]
    grid = ColorGrid(small, uint8(change(small, places[0])), whole())
    error = np.abs(grid.apply(large) - change(large, places[1]))
    moved = np.abs(large - change(large, places[1]))
    assert error.mean() < 0.1 * moved.mean()


def test_what_is_not_the_object_does_not_count():
    small, weight = scene(64), whole()
    weight[:, 32:] = 0
    after = uint8(small @ MATRIX + OFFSET)
    after[:, 32:] = 0
    before = small.copy()
    before[:, 32:] = 255
    large = scene(320)[:, :140]
    # The left half alone, drawn to the places of the whole.
    result = ColorGrid(before, after, weight).apply(scene(320))[:, :140]
    assert np.abs(result - (large @ MATRIX + OFFSET)).mean() < 1


def test_a_loss_of_sharpness_is_not_carried():
    small, large = scene(64), scene(512)
    blurred = cv2.GaussianBlur(small, (0, 0), 1.2)
    result = ColorGrid(small, blurred, whole()).apply(large)
    before, after = (np.diff(x.astype(float), axis=1).ravel() for x in (large, result))
    assert np.corrcoef(before, after)[0, 1] > 0.97
    assert after.std() > 0.8 * before.std()


def test_strips_and_remapping_leave_no_steps():
    small = np.full((64, 64, 3), 100, np.uint8)
    ramp = np.linspace(60, 140, 64)[None, :, None]
    grid = ColorGrid(small, uint8(np.broadcast_to(ramp, small.shape)), whole())
    result = grid.apply(np.full((600, 3000, 3), 100, np.uint8)).astype(int)
    assert np.abs(np.diff(result, axis=1)).max() <= 1
    np.testing.assert_allclose(
        result, np.broadcast_to(result[:1], result.shape), atol=1
    )


def test_detail_of_an_object_that_is_plain_when_small_stays():
    small = np.full((32, 32, 3), 120, np.uint8)
    large = np.random.default_rng(0).integers(90, 151, (64, 64, 3)).astype(np.uint8)
    result = ColorGrid(small, small + np.uint8(40), whole(32)).apply(large)
    np.testing.assert_allclose(result, large + np.uint8(40), atol=2)


def test_a_mirrored_scene_has_the_mirrored_change():
    small, large = scene(16), scene(300)
    after = uint8(small * np.linspace(0.3, 1.1, 16)[None, :, None])
    result = ColorGrid(small, after, whole(16)).apply(large)
    mirrored = ColorGrid(small[:, ::-1], after[:, ::-1], whole(16)).apply(
        large[:, ::-1]
    )
    np.testing.assert_allclose(mirrored[:, ::-1].astype(float), result, atol=1)

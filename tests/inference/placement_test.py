"""Where an object comes to lie, and with which pixels: hand-computed."""

import numpy as np
import pytest

from tf_btgmi.inference.placement import Pose, place


def guide(height=12, width=16):
    """Every pixel has a colour of its own; the object is 3 rows by 5 columns."""
    rows, columns = np.mgrid[:height, :width]
    colors = np.stack([rows * 10, columns * 10, rows + columns], -1).astype(np.uint8)
    mask = np.zeros((height, width), bool)
    mask[4:7, 6:11] = True
    return colors, mask


def test_an_object_as_it_is_is_copied_pixel_by_pixel():
    colors, mask = guide()
    mask[4, 6] = False
    placed = place((40, 50), colors, mask, Pose((20.5, 30.5)))
    # 3 rows around 20.5 are 19 to 21, 5 columns around 30.5 are 28 to 32.
    assert placed.box == (19, 28, 22, 33)
    np.testing.assert_array_equal(placed.colors, colors[4:7, 6:11])
    np.testing.assert_array_equal(placed.alpha, mask[4:7, 6:11])


def test_a_mirrored_object_is_copied_the_other_way_round():
    colors, mask = guide()
    mask[4, 6] = False
    placed = place((40, 50), colors, mask, Pose((20.5, 30.5), flip=True))
    np.testing.assert_array_equal(placed.colors, colors[4:7, 6:11][:, ::-1])
    np.testing.assert_array_equal(placed.alpha, mask[4:7, 6:11][:, ::-1])


@pytest.mark.parametrize(
    "position, box, part",
    [
        ((1.5, 1.5), (0, 0, 3, 4), np.s_[0:3, 1:5]),
        ((0.5, 10.5), (0, 8, 2, 13), np.s_[1:3, 0:5]),
        ((39.5, 49.5), (38, 47, 40, 50), np.s_[0:2, 0:3]),
    ],
)
def test_what_lies_outside_the_picture_is_cut_off(position, box, part):
    colors, mask = guide()
    placed = place((40, 50), colors, mask, Pose(position))
    assert placed.box == box
    np.testing.assert_array_equal(placed.colors, colors[4:7, 6:11][part])


def test_an_object_larger_than_the_picture_is_cut_on_all_sides():
    colors, mask = guide()
    mask[:] = True
    placed = place((4, 6), colors, mask, Pose((2, 3)))
    assert placed.box == (0, 0, 4, 6)
    np.testing.assert_array_equal(placed.colors, colors[4:8, 5:11])


@pytest.mark.parametrize("degrees, turns", [(90, 1), (180, 2), (-90, 3), (450, 1)])
def test_a_quarter_turn_is_counter_clockwise_and_exact(degrees, turns):
    colors, mask = guide()
    mask[4, 6] = False
    placed = place((40, 50), colors, mask, Pose((20.5, 30.5), rotate=degrees))
    turned = np.rot90(mask[4:7, 6:11], turns)
    y0, x0, y1, x1 = placed.box
    assert (y1 - y0, x1 - x0) == turned.shape
    np.testing.assert_allclose(placed.alpha, turned, atol=1e-4)
    wanted = np.rot90(colors[4:7, 6:11], turns)
    np.testing.assert_array_equal(placed.colors[turned], wanted[turned])


@pytest.mark.parametrize("scale", [0.5, 2.0, 3.7])
def test_a_scaled_object_has_its_sides_times_the_scale(scale):
    colors = np.full((60, 80, 3), (200, 30, 90), np.uint8)
    mask = np.zeros((60, 80), bool)
    mask[10:40, 20:64] = True
    placed = place((300, 300), colors, mask, Pose((150, 150), scale))
    y0, x0, y1, x1 = placed.box
    assert (y1 - y0, x1 - x0) == (np.ceil(30 * scale), np.ceil(44 * scale))
    assert (placed.colors == (200, 30, 90)).all()
    assert placed.alpha.sum() == pytest.approx(30 * 44 * scale**2, rel=0.03)


def test_fine_detail_of_a_smaller_object_becomes_its_mean():
    colors = np.zeros((80, 80, 3), np.uint8)
    colors[:, ::4] = 240
    mask = np.zeros((80, 80), bool)
    mask[8:72, 8:72] = True
    placed = place((100, 100), colors, mask, Pose((50, 50), 0.25))
    np.testing.assert_allclose(placed.colors, 60, atol=1)


def test_no_colour_of_the_surroundings_comes_along():
    colors = np.zeros((40, 40, 3), np.uint8)
    rows, columns = np.mgrid[:40, :40]
    mask = (rows - 20) ** 2 + (columns - 20) ** 2 < 100
    colors[mask] = (250, 250, 250)
    for pose in (Pose((30, 30), 0.4), Pose((30, 30), 1.7, 33), Pose((30, 30), 1, 10)):
        placed = place((60, 60), colors, mask, pose)
        assert (placed.colors[placed.alpha > 0] == 250).all()
        assert ((placed.alpha > 0) & (placed.alpha < 1)).any()


def test_a_turned_object_keeps_its_area_and_the_box_is_tight():
    colors, mask = np.zeros((80, 80, 3), np.uint8), np.zeros((80, 80), bool)
    mask[20:60, 30:50] = True
    placed = place((200, 200), colors, mask, Pose((100, 100), rotate=45))
    # A rectangle of 20 by 40, turned by 45 degrees, is 60 / sqrt(2) = 42.4 either way.
    y0, x0, y1, x1 = placed.box
    assert (y1 - y0, x1 - x0) == (43, 43)
    assert placed.alpha.sum() == pytest.approx(800, rel=0.01)
    assert (y0 + y1) / 2 == pytest.approx(100, abs=1)
    assert (x0 + x1) / 2 == pytest.approx(100, abs=1)


@pytest.mark.parametrize(
    "pose, words",
    [
        (Pose((-2, 10)), "rows -3 to 0 and columns 8 to 13, and the picture is 50x40"),
        (Pose((20, 53)), "The object is outside the picture"),
        (Pose((1e300, 10)), r"rows 1e\+300 to 1e\+300 and columns 8 to 13, and"),
        (Pose((20, 20), scale=1e-9), "smaller than a pixel: scale is 1e-09"),
        (Pose((20, 20), scale=1e-300), "smaller than a pixel"),
        (Pose((20, 20), scale=0.0), "scale must be above 0"),
        (Pose((20, 20), scale=float("nan")), "finite numbers"),
        (Pose((20, float("inf"))), "finite numbers"),
        (Pose((20, 20), rotate=float("nan")), "finite numbers"),
        (Pose((20,)), r"position must be \(y, x\)"),
        (Pose((10**400, 1)), "finite numbers"),
        (Pose(5), r"position must be \(y, x\)"),
        (Pose(None), r"position must be \(y, x\)"),
        (Pose((20, 20), scale="1"), "finite numbers"),
    ],
)
def test_a_pose_that_leaves_nothing_is_said(pose, words):
    with pytest.raises(ValueError, match=words):
        place((40, 50), *guide(), pose)


def test_a_huge_scale_costs_no_more_than_the_picture():
    placed = place((40, 50), *guide(), Pose((20, 25), scale=1e5))
    assert placed.box == (0, 0, 40, 50)
    assert placed.foreground.all()


def test_an_empty_mask_is_said():
    colors, mask = guide()
    with pytest.raises(ValueError, match="The guide's mask is empty"):
        place((40, 50), colors, np.zeros_like(mask), Pose((20, 25)))

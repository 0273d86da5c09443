"""The windows in which holes of a picture are filled: scale, order, context, edge."""

import numpy as np
import pytest

from tests.inference.recorder import RED, Recorder, S, empty, masks, picture
from tf_btgmi.inference import crops, filling
from tf_btgmi.inference.holes import Holes
from tf_btgmi.inference.predictor import Predictor


def test_cost_follows_the_hole_and_not_the_picture():
    counts = []
    for side in (128, 4000):
        mask = empty(side, side)
        mask[60:76, 60:76] = 255
        network = Recorder()
        Predictor(network, S).inpaint(np.zeros((side, side, 3), np.uint8), mask)
        counts.append(network.num_windows)
    assert counts == [1, 1]


def test_a_scratch_is_seen_at_full_resolution_and_along_its_length_only():
    mask = masks()["scratch"]
    plan = crops.plan(Holes(mask), S)
    assert {crop.side for crop in plan} == {S}
    assert len(plan) <= 300 // (S * 3 // 4) * 2


def test_a_fat_hole_is_one_window_of_twice_its_length():
    mask = masks()["fat"]
    (crop,) = crops.plan(Holes(mask), S)
    assert crop.side == 220
    # The picture is 200 high: the window is mirrored by 10 rows on both sides.
    assert (crop.y, crop.x) == (-10, 35)


def test_a_scratch_that_meets_a_fat_hole_stays_at_full_resolution():
    mask = masks()["scratch"] | masks()["fat"]
    plan = crops.plan(Holes(mask), S)
    (fat,) = [crop for crop in plan if crop.side > S]
    assert fat.box[0] >= 45 and fat.box[2] <= 170
    assert fat.box[1] >= 80 and fat.box[3] <= 235


def test_corners_of_a_fat_hole_are_no_scratches():
    mask = empty(300, 300)
    mask[100:200, 100:200] = 255
    assert len(crops.plan(Holes(mask), S)) == 1


def test_a_long_bar_is_tiled_at_the_scale_of_its_thickness():
    mask = empty(400, 2000)
    mask[180:220, 100:1900] = 255
    plan = crops.plan(Holes(mask), S)
    assert {crop.side for crop in plan} == {int(2 * 1.5 * 40)}
    # Tiles of at most 85 % of the window: 102 pixels of 1,800.
    assert len(plan) == 18


def test_later_tiles_see_what_earlier_ones_filled():
    mask = empty(64, 400)
    mask[30:33, 20:370] = 255  # An odd number of tiles: the last has two neighbours.
    network = Recorder()
    Predictor(network, S, batch_size=1).inpaint(picture(64, 400), mask)
    last = network.inputs[-1][0]
    red = (last[..., :3] == RED).all(axis=-1) & (last[..., 3] == 0)
    assert red[:, : S // 4].any() and red[:, -S // 4 :].any()


@pytest.mark.parametrize("name", masks())
def test_no_window_is_filled_before_or_with_what_it_sees(name):
    plan = crops.plan(Holes(masks()[name]), S)
    found = list(crops.batches(plan, 4))
    place = {id(crop): number for number, batch in enumerate(found) for crop in batch}
    assert len(place) == len(plan)
    for later, crop in enumerate(plan):
        for earlier in plan[:later]:
            y0, x0, y1, x1 = earlier.box
            seen = y0 < crop.y + crop.side and y1 > crop.y
            if seen and x0 < crop.x + crop.side and x1 > crop.x:
                assert place[id(earlier)] < place[id(crop)]


def test_a_hole_at_the_pictures_edge_is_as_thick_as_it_may_go_on():
    mask = empty(90, 90)
    mask[:20, 30:70] = 255
    # 20 pixels from the nearest known pixel, twice; inside the picture, half of that.
    for turns in range(4):
        turned = Holes(np.rot90(mask, turns).copy())
        assert turned.thickness(1) == pytest.approx(40, abs=1)
    inside = Holes(np.pad(mask, 1))
    assert inside.thickness(1) == pytest.approx(20, abs=1)


def test_small_holes_near_each_other_share_a_window():
    mask = empty(200, 200)
    mask[50:53, 50:53] = mask[50:53, 60:63] = mask[60:63, 50:53] = 255
    mask[150:153, 150:153] = 255
    assert len(crops.plan(Holes(mask), S)) == 2


def test_other_holes_in_a_window_are_hole_to_the_network():
    mask = empty(100, 100)
    mask[40:44, 40:44] = 255
    mask[40:44, 52:68] = 255
    network = Recorder()
    Predictor(network, S, batch_size=1).inpaint(picture(100, 100), mask)
    assert network.num_windows == 2
    first = network.inputs[0][0]
    # Columns 26 to 57: all of the first hole and 6 columns of the second.
    assert first[..., 3].sum() == 4 * 4 + 6 * 4


def test_a_smaller_picture_is_mirrored_to_the_model_size():
    image, mask = picture(20, 24), empty(20, 24)
    mask[10, 12] = 255
    network = Recorder()
    Predictor(network, S).inpaint(image, mask)
    (inputs,) = network.inputs[0]
    expected = np.pad(image, ((6, 6), (4, 4), (0, 0)), mode="reflect") / 127.5 - 1
    known = inputs[..., 3] == 0
    np.testing.assert_allclose(inputs[known, :3], expected[known], atol=1e-6)


def test_scaling_down_averages_known_pixels_only():
    image = np.full((128, 128, 3), 200, np.uint8)
    mask = empty(128, 128)
    mask[31:97, 31:97] = 255
    image[mask > 0] = 0
    network = Recorder()
    Predictor(network, S).inpaint(image, mask)
    (inputs,) = network.inputs[0]
    known = inputs[..., 3] == 0
    np.testing.assert_allclose(inputs[known, :3], 200 / 127.5 - 1, atol=1.5 / 127.5)


def test_a_small_pixel_is_hole_if_less_than_half_of_it_is_known():
    image, gap = np.full((8, 8, 3), 200, np.uint8), empty(8, 8)
    # 4 of 16 pixels, 12, and all of them.
    gap[0, :4] = gap[1:4, 4:] = gap[4:, 4:] = 1
    small, hole = filling.shrunk(image, gap, 2)
    np.testing.assert_array_equal(hole, [[0, 1], [0, 1]])
    np.testing.assert_allclose(small[hole == 0], 200, atol=1)


def test_small_windows_are_filled_before_large_ones():
    mask = masks()["fat"]
    mask[10:14, 10:290] = 255
    sides = [crop.side for crop in crops.plan(Holes(mask), S)]
    assert len(set(sides)) == 2
    assert sides == sorted(sides)


def test_a_hole_beside_a_scratch_is_filled_though_it_lies_in_its_box():
    image, mask = picture(100, 100), empty(100, 100)
    for row in range(10, 90):
        mask[row, row : row + 3] = 255
    # Beside the line, in the box of a part of it.
    mask[46:49, 39:42] = 255
    result = Predictor(Recorder(), S).inpaint(image, mask)
    assert (result[mask > 0] == (255, 0, 0)).all()


def test_the_edge_of_a_picture_is_two_pixels_wide_and_mirrored():
    crop = crops.Crop(y=-5, x=0, side=30, hole=1, box=(0, 0, 1, 1))
    edge = crops.edge_of(crop, height=20, width=200)
    rows, columns = edge[:, 10], edge[8]
    # Row 5 of the window is the picture's first, row 24 its last.
    np.testing.assert_array_equal(np.flatnonzero(rows), [4, 5, 6, 23, 24, 25])
    np.testing.assert_array_equal(np.flatnonzero(columns), [0, 1])


def test_a_box_in_the_networks_input_holds_every_pixel_it_touches():
    crop = crops.Crop(y=10, x=-20, side=64, hole=1, box=(15, 30, 25, 50))
    seen = crops.seen_box(crop, S)
    np.testing.assert_array_equal(seen, [2.5, 25, 7.5, 35])
    assert crops.pixels_around(seen) == (2, 25, 8, 35)


def test_the_edge_of_a_large_picture_follows_its_shorter_side():
    crop = crops.Crop(y=400, x=0, side=30, hole=1, box=(400, 0, 401, 1))
    # 0.5 % of 800 pixels.
    edge = crops.edge_of(crop, height=800, width=4000)
    np.testing.assert_array_equal(np.flatnonzero(edge[8]), [0, 1, 2, 3])


def test_a_picture_of_one_row_is_all_edge():
    crop = crops.Crop(y=-3, x=0, side=8, hole=1, box=(0, 0, 1, 1))
    assert crops.edge_of(crop, height=1, width=40).all()


def test_a_dark_frame_at_the_edge_is_not_copied_into_a_hole():
    image = np.random.default_rng(0).integers(120, 240, (S, S, 3), np.uint8)
    # What lies below the hole is found again below the frame.
    image[20:26] = image[2:8]
    image[:2] = image[-2:] = image[:, :2] = image[:, -2:] = 0
    mask = empty(S, S)
    mask[12:20, 8:24] = 255

    def grey(inputs):
        return np.full(inputs.shape[:3] + (3,), 0.4, np.float32)

    result = Predictor(grey, S, retouched=True).inpaint(image, mask)
    assert result[mask > 0].min() > 100


def test_the_edge_gives_no_detail_to_fills_that_are_enlarged(monkeypatch):
    excluded = []

    def enlarge(fill, window, unknown, edge):
        excluded.append(edge)
        return window

    monkeypatch.setattr(filling, "enlarge", enlarge)
    mask = masks()["fat"]
    Predictor(Recorder(), S).inpaint(picture(*mask.shape), mask)
    (crop,) = crops.plan(Holes(mask), S)
    np.testing.assert_array_equal(excluded, [crops.edge_of(crop, *mask.shape)])

"""The predictor, with functions of known behaviour in the network's place."""

import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.inference import crops
from tf_btgmi.inference.holes import Holes, dilated
from tf_btgmi.inference.predictor import Predictor

S = 32
RED = np.array([1.0, -1.0, -1.0], np.float32)


class Recorder:
    """Predicts red everywhere and keeps its inputs."""

    def __init__(self):
        self.inputs = []

    def __call__(self, inputs):
        self.inputs.append(inputs.copy())
        return np.broadcast_to(RED, inputs.shape[:3] + (3,)).copy()

    @property
    def num_windows(self):
        return sum(len(inputs) for inputs in self.inputs)


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(
        0, 256, (height, width, 3), dtype=np.uint8
    )


def empty(height, width):
    return np.zeros((height, width), np.uint8)


def masks():
    """Name, mask: every kind of hole that the policy tells apart."""
    small = empty(90, 120)
    small[40:50, 50:60] = 255
    scratch = empty(200, 300)
    for column in range(300):
        scratch[20 + column // 2 : 24 + column // 2, column] = 255
    fat = empty(200, 300)
    fat[50:150, 90:200] = 255
    ring = empty(150, 150)
    ring[:] = 255
    ring[20:130, 20:130] = 0
    specks = empty(200, 200)
    specks[np.random.default_rng(1).random((200, 200)) < 0.01] = 255
    beside = scratch.copy()
    beside[110:200, 20:100] = 255
    beside[180:, 280:] = 255
    meeting = scratch | fat
    tiny = empty(5, 7)
    tiny[2, 3] = 255
    line = empty(1, 40)
    line[0, 10:20] = 255
    almost = np.full((100, 60), 255, np.uint8)
    almost[0, 0] = 0
    return {
        "small": small,
        "scratch": scratch,
        "fat": fat,
        "ring": ring,
        "specks": specks,
        "beside": beside,
        "meeting": meeting,
        "tiny": tiny,
        "line": line,
        "almost_all": almost,
    }


@pytest.mark.parametrize("name", masks())
def test_fills_every_hole_pixel_and_no_other(name):
    mask = masks()[name]
    image = picture(*mask.shape)
    before = image.copy()
    result = Predictor(Recorder(), S).inpaint(image, mask)
    assert result.dtype == np.uint8 and result.shape == image.shape
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(result[mask < 128], image[mask < 128])
    # An enlarged fill blends with the known pixels and takes detail from them.
    filled = result[mask >= 128]
    if name in ("fat", "beside", "meeting", "almost_all", "ring"):
        assert (filled != image[mask >= 128]).any(axis=1).mean() > 0.99
        assert (filled.mean(axis=0) - image.mean(axis=(0, 1)))[0] > 64
    else:
        np.testing.assert_array_equal(
            filled, np.broadcast_to([255, 0, 0], (len(filled), 3))
        )


@pytest.mark.parametrize("name", masks())
def test_the_network_sees_one_shape_and_two_batch_sizes(name):
    mask = masks()[name]
    network = Recorder()
    Predictor(network, S, batch_size=4).inpaint(picture(*mask.shape), mask)
    assert {inputs.shape[1:] for inputs in network.inputs} == {(S, S, 4)}
    assert {len(inputs) for inputs in network.inputs} <= {1, 4}


def test_hole_is_zero_and_known_pixels_are_in_minus_one_to_one():
    image, mask = picture(S, S), empty(S, S)
    mask[8:16, 8:16] = 255
    network = Recorder()
    Predictor(network, S).inpaint(image, mask)
    (inputs,) = network.inputs[0]
    np.testing.assert_array_equal(inputs[..., 3], mask / 255)
    assert (inputs[8:16, 8:16, :3] == 0).all()
    np.testing.assert_allclose(
        inputs[mask == 0, :3], image[mask == 0] / 127.5 - 1, atol=1e-6
    )


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


def test_dilation_grows_the_hole_by_that_many_pixels():
    mask = empty(40, 40)
    mask[20, 20] = 255
    grown = dilated(mask, 3)
    rows, columns = np.mgrid[:40, :40]
    np.testing.assert_array_equal(grown, (rows - 20) ** 2 + (columns - 20) ** 2 <= 3**2)
    image = picture(40, 40)
    result = Predictor(Recorder(), S).inpaint(image, mask, mask_dilation=3)
    np.testing.assert_array_equal((result != image).any(axis=-1), grown)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("method", ["inpaint", "remove"])
def test_with_an_alpha_channel_the_hole_becomes_opaque(method, dtype):
    opaque = np.iinfo(dtype).max
    image = picture(60, 80).astype(dtype) * (opaque // 255)
    alpha = np.random.default_rng(1).integers(0, opaque, (60, 80)).astype(dtype)
    mask = empty(60, 80)
    mask[20:30, 30:40] = 255
    fill = getattr(Predictor(Recorder(), S), method)
    result = fill(np.dstack([image, alpha]), mask, mask_dilation=2)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result[..., :3], fill(image, mask, mask_dilation=2))
    hole = dilated(mask, 2)
    assert (result[hole][:, 3] == opaque).all()
    np.testing.assert_array_equal(result[~hole][:, 3], alpha[~hole])


def test_bool_and_uint8_masks_mean_the_same():
    image, mask = picture(50, 50), empty(50, 50)
    mask[10:20, 10:20] = 128
    mask[30:40, 30:40] = 127
    predictor = Predictor(Recorder(), S)
    np.testing.assert_array_equal(
        predictor.inpaint(image, mask), predictor.inpaint(image, mask >= 128)
    )


def test_holes_on_a_reduced_map_are_filled_to_the_pixel():
    mask = empty(5000, 4500)
    mask[10, 11] = mask[4999, 4499] = mask[2500:2520, 2000:2030] = 255
    for row in range(100, 4900):
        mask[row, row - 90 : row - 87] = 255
    image = np.zeros((5000, 4500, 3), np.uint8)
    predictor = Predictor(lambda inputs: np.ones(inputs.shape[:3] + (3,)), 128)
    result = predictor.inpaint(image, mask)
    np.testing.assert_array_equal(result[..., 0], mask)


@pytest.mark.parametrize(
    "image, mask, words",
    [
        (picture(9, 8), empty(8, 9), "9x8 pixels, the image 8x9; .* Turn the mask"),
        (picture(9, 8), empty(8, 8), "must be of the same size.$"),
        (picture(8, 8), empty(8, 8), "The mask is empty"),
        (picture(8, 8), np.full((8, 8), 127, np.uint8), "empty: .* maximum is 127"),
        (picture(8, 8), np.ones((8, 8), np.uint8), "where it is 128 .* maximum is 1"),
        (picture(8, 8), np.full((8, 8), True), "covers the whole picture"),
        (
            picture(8, 8) / 255.0,
            empty(8, 8),
            "image must be .* of uint8 or uint16; it is",
        ),
        (picture(8, 8)[..., 0], empty(8, 8), r"image must be \[H, W, 3\]"),
        (picture(8, 8), empty(8, 8)[..., None], r"mask must be \[H, W\]"),
        (picture(8, 8), np.zeros((8, 8), int), "bool; it is an array of int64"),
        (
            picture(8, 8).tolist(),
            empty(8, 8),
            "image must be .* of uint8 or uint16; it is",
        ),
    ],
)
def test_what_cannot_be_inpainted_is_said(image, mask, words):
    with pytest.raises(ValueError, match=words):
        Predictor(Recorder(), S).inpaint(image, mask)


def test_a_tensor_is_not_called_what_is_wanted():
    words = "image must be a NumPy array of uint8 or uint16; it is of type EagerTensor."
    with pytest.raises(ValueError, match=words):
        Predictor(Recorder(), S).inpaint(tf.zeros((8, 8, 3), tf.uint8), empty(8, 8))


def test_a_network_that_gives_no_pictures_is_said():
    image, mask = picture(40, 40), empty(40, 40)
    mask[5, 5] = 255
    with pytest.raises(ValueError, match="NaN"):
        wrong = lambda inputs: np.full(inputs.shape[:3] + (3,), np.nan)  # noqa: E731
        Predictor(wrong, S).inpaint(image, mask)
    with pytest.raises(ValueError, match="predict_fn must return"):
        Predictor(lambda inputs: inputs, S).inpaint(image, mask)


def test_an_image_size_the_network_cannot_halve_is_said():
    with pytest.raises(ValueError, match="multiple of 8"):
        Predictor(Recorder(), 60)


def test_progress_is_reported_for_each_batch_of_windows():
    mask = masks()["scratch"]
    calls = []
    predictor = Predictor(Recorder(), S, batch_size=4)
    predictor.inpaint(picture(*mask.shape), mask, progress=lambda *c: calls.append(c))
    num_windows = len(crops.plan(Holes(mask), S))
    assert calls[0] == (0, num_windows) and calls[-1] == (num_windows, num_windows)
    steps = np.diff([done for done, _ in calls])
    assert set(steps.tolist()) <= {1, 4} and {total for _, total in calls} == {
        num_windows
    }


def test_an_exception_of_progress_ends_the_work():
    mask = masks()["scratch"]
    network = Recorder()

    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Predictor(network, S).inpaint(picture(*mask.shape), mask, progress=stop)
    assert 1 <= network.num_windows <= 8


def test_the_edge_of_a_picture_is_two_pixels_wide_and_mirrored():
    crop = crops.Crop(y=-5, x=0, side=30, hole=1, box=(0, 0, 1, 1))
    edge = crops.edge_of(crop, height=20, width=200)
    rows, columns = edge[:, 10], edge[8]
    # Row 5 of the window is the picture's first, row 24 its last.
    np.testing.assert_array_equal(np.flatnonzero(rows), [4, 5, 6, 23, 24, 25])
    np.testing.assert_array_equal(np.flatnonzero(columns), [0, 1])


def test_a_picture_of_one_row_is_all_edge():
    crop = crops.Crop(y=-3, x=0, side=8, hole=1, box=(0, 0, 1, 1))
    assert crops.edge_of(crop, height=1, width=40).all()


def test_a_dark_frame_at_the_edge_is_not_copied_into_a_hole():
    """A grey fill with dark dashes looks for the frame, which is no example."""
    image = np.full((S, S, 3), 180, np.uint8)
    image[0] = image[-1] = image[:, 0] = image[:, -1] = 0
    mask = empty(S, S)
    mask[12:20, 12:20] = 255

    def dashes(inputs):
        fill = np.full(inputs.shape[:3] + (3,), 0.4, np.float32)
        fill[:, 14:18, 12:20] = -1.0
        return fill

    result = Predictor(dashes, S, retouched=True).inpaint(image, mask)
    assert result[mask > 0].min() > 150

"""The predictor, with functions of known behaviour in the network's place."""

import numpy as np
import pytest
import tensorflow as tf

from tests.inference.recorder import Recorder, S, empty, masks, picture
from tf_btgmi.inference import crops
from tf_btgmi.inference.holes import Holes, dilated
from tf_btgmi.inference.predictor import Predictor


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
    alpha = np.random.default_rng(1).integers(1, opaque, (60, 80)).astype(dtype)
    mask = empty(60, 80)
    mask[20:30, 30:40] = 255
    fill = getattr(Predictor(Recorder(), S), method)
    result = fill(np.dstack([image, alpha]), mask, mask_dilation=2)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result[..., :3], fill(image, mask, mask_dilation=2))
    hole = dilated(mask, 2)
    assert (result[hole][:, 3] == opaque).all()
    np.testing.assert_array_equal(result[~hole][:, 3], alpha[~hole])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colours_below_full_transparency_do_not_enter_a_fill_and_stay(dtype):
    factor = np.iinfo(dtype).max // 255
    image = picture(60, 80).astype(dtype) * factor
    alpha = np.full((60, 80, 1), 255 * factor, dtype)
    alpha[:, 40:] = 0
    hidden = [image.copy(), image.copy()]
    hidden[0][:, 40:], hidden[1][:, 40:] = 0, 255 * factor
    mask = empty(60, 80)
    mask[20:30, 34:46] = 255
    seen = []
    for each in hidden:
        network = Recorder()
        rgba = np.concatenate([each, alpha], axis=-1)
        result = Predictor(network, S).inpaint(rgba, mask)
        np.testing.assert_array_equal(result[mask == 0], rgba[mask == 0])
        seen.append(network.inputs[0])
    np.testing.assert_array_equal(seen[0], seen[1])
    assert len(np.unique(seen[0][..., :3])) > 100


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


@pytest.mark.parametrize("dilation", [2.5, None, -1, "2"])
def test_a_dilation_is_a_whole_number(dilation):
    with pytest.raises(ValueError, match="mask_dilation must be a non-negative"):
        Predictor(Recorder(), S).inpaint(picture(8, 8), ~empty(8, 8), dilation)


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


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("method", ["inpaint", "remove"])
def test_progress_is_reported_for_each_batch_of_windows(method, dtype):
    mask = masks()["scratch"]
    calls = []
    fill = getattr(Predictor(Recorder(), S, batch_size=4), method)
    fill(picture(*mask.shape).astype(dtype), mask, 0, lambda *c: calls.append(c))
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

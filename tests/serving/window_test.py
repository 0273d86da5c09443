import cv2
import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.inference import crops, filling
from tf_btgmi.inference.holes import Holes
from tf_btgmi.inference.predictor import Predictor
from tf_btgmi.serving import window as windows

S = 32


def picture(rng, height, width):
    """Smooth and rough at once, so that wrong places and wrong weights both show."""
    rough = rng.integers(0, 256, [height, width, 3], dtype=np.uint8)
    return cv2.GaussianBlur(rough, (0, 0), 1.5)


def rectangle(height, width, box):
    mask = np.zeros([height, width], np.uint8)
    mask[box[0] : box[2], box[1] : box[3]] = 255
    return mask


def bicubic(filled, window, unknown, excluded=None):
    side = window.shape[0]
    return cv2.resize(filled, (side, side), interpolation=cv2.INTER_CUBIC)


# Sizes of pictures with the box of a compact hole: within, at edges and corners, larger
# than the model's size, in pictures smaller than it on one side and on both.
PLACES = [
    (90, 120, (40, 50, 50, 60)),
    (90, 120, (0, 0, 9, 14)),
    (90, 120, (80, 105, 90, 120)),
    (90, 120, (10, 20, 40, 52)),
    (200, 300, (50, 90, 150, 200)),
    (101, 77, (13, 7, 60, 55)),
    (20, 24, (8, 9, 13, 15)),
    (20, 90, (4, 30, 15, 42)),
    (5, 7, (2, 3, 3, 4)),
    (64, 40, (0, 0, 60, 40)),
]


@pytest.mark.parametrize("height, width, box", PLACES)
def test_the_window_of_one_compact_hole_is_that_of_the_predictor(height, width, box):
    mask = rectangle(height, width, box)
    (crop,) = crops.plan(Holes(mask), S)
    given = windows.window_of(tf.constant(mask > 0), S)
    assert tuple(map(int, given[:3])) == (crop.y, crop.x, crop.side)
    assert tuple(given.hole_box.numpy()) == box


@pytest.mark.parametrize("height, width, box", PLACES)
def test_cut_and_pasted_it_is_what_the_predictor_makes_of_it(
    rng, monkeypatch, height, width, box
):
    # The detail that the predictor takes from known parts is not in the graph.
    monkeypatch.setattr(filling, "enlarge", bicubic)
    image, mask = picture(rng, height, width), rectangle(height, width, box)
    seen = []

    def network(inputs):
        seen.append(inputs)
        return np.sin(7.0 * inputs[..., [1, 2, 0]] + inputs[..., 3:] * 5.0)

    wanted = Predictor(network, S).inpaint(image, mask)
    hole = tf.constant(mask > 0)
    window = windows.window_of(hole, S)
    cut_image, cut_hole = windows.cut(tf.constant(image), hole, window, S)
    masked = cut_image.numpy() / 127.5 - 1
    masked[cut_hole.numpy()] = 0.0
    known = ~cut_hole.numpy()
    np.testing.assert_array_equal(seen[0][0, ..., 3] == 0, known)
    # Means over areas are rounded twice by both, not always to the same side.
    np.testing.assert_allclose(masked, seen[0][0, ..., :3], atol=1.01 / 127.5)
    prediction = network(seen[0])[0]
    prediction = ((prediction + 1) * 127.5).round().astype(np.uint8)
    filled = np.where(known[..., None], cut_image, prediction)
    given = windows.paste(tf.constant(image), hole, window, tf.constant(filled))
    np.testing.assert_allclose(given.numpy().astype(int), wanted, atol=1)
    np.testing.assert_array_equal(given.numpy()[mask == 0], image[mask == 0])


def test_holes_far_apart_share_one_window():
    mask = rectangle(300, 400, (20, 30, 25, 35)) | rectangle(
        300, 400, (200, 9, 210, 20)
    )
    assert len(crops.plan(Holes(mask), S)) == 2
    window = windows.window_of(tf.constant(mask > 0), S)
    assert [int(part) for part in window[:3]] == [-40, 0, 380]


@pytest.mark.parametrize("side", [33, 45, 64, 200])
def test_enlarging_is_that_of_opencv(rng, side):
    small = picture(rng, S, S)
    everything = tf.range(side)
    given = windows._enlarged(tf.constant(small), side, everything, everything)
    wanted = cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_allclose(given.numpy().astype(int), wanted, atol=1)

import numpy as np
import pytest
import tensorflow as tf

from tests.pictures.mask_arrays_test import with_hole
from tf_btgmi.ops import mask_ops


@pytest.fixture
def images(rng):
    return rng.uniform(-1, 1, [2, 2, 5, 7, 3]).astype(np.float32)


def test_without_a_hole_the_composite_is_the_image_to_the_last_digit(images):
    mask = np.zeros([2, 5, 7, 1], np.float32)
    result = mask_ops.composite(mask, images[0], images[1])
    np.testing.assert_array_equal(result, images[1])


def test_where_all_is_hole_the_composite_is_the_prediction(images):
    mask = np.ones([2, 5, 7, 1], np.float32)
    result = mask_ops.composite(mask, images[0], images[1])
    np.testing.assert_array_equal(result, images[0])


def test_the_composite_takes_each_pixel_from_one_of_both(images, rng):
    mask = rng.integers(0, 2, [2, 5, 7, 1]).astype(np.float32)
    result = mask_ops.composite(mask, images[0], images[1])
    np.testing.assert_array_equal(result, np.where(mask > 0, images[0], images[1]))


def test_a_composite_of_a_composite_is_itself(images, rng):
    mask = rng.integers(0, 2, [2, 5, 7, 1]).astype(np.float32)
    once = mask_ops.composite(mask, images[0], images[1])
    np.testing.assert_array_equal(mask_ops.composite(mask, once, images[1]), once)


def test_masking_empties_the_hole_and_keeps_the_rest(images, rng):
    mask = rng.integers(0, 2, [2, 5, 7, 1]).astype(np.float32)
    result = mask_ops.mask_image(images[0], mask)
    np.testing.assert_array_equal(result, np.where(mask > 0, 0, images[0]))
    # So what is masked depends on nothing inside the hole.
    other = mask_ops.composite(mask, images[1], images[0])
    np.testing.assert_array_equal(mask_ops.mask_image(other, mask), result)


def test_hole_box_is_the_smallest_box_around_everything_with_an_exclusive_end():
    masks = np.stack(
        [
            with_hole(6, 9, (2, 3, 5, 8)),
            with_hole(6, 9, (0, 8, 1, 9), (5, 0, 6, 1)),
            with_hole(6, 9, (3, 4, 4, 5)),
            with_hole(6, 9),
        ]
    )
    np.testing.assert_array_equal(
        mask_ops.hole_box(masks[..., np.newaxis]),
        [[2, 3, 5, 8], [0, 0, 6, 9], [3, 4, 4, 5], [0, 0, 0, 0]],
    )


def test_the_context_box_grows_about_its_centre_and_stops_at_the_image():
    boxes = tf.constant([[[8.0, 10, 16, 30], [0, 0, 4, 4], [16, 28, 20, 40]]])
    np.testing.assert_array_equal(
        mask_ops.context_box(boxes, 1.5, 20, 40),
        [[[6, 5, 18, 35], [0, 0, 5, 5], [15, 25, 20, 40]]],
    )


def test_a_context_margin_of_one_is_the_box_itself():
    boxes = tf.constant([[2.0, 3, 9, 11]])
    np.testing.assert_array_equal(mask_ops.context_box(boxes, 1.0, 12, 12), boxes)


def test_the_context_of_an_absent_box_stays_absent():
    context = mask_ops.context_box(tf.zeros([1, 2, 4]), 1.5, 32, 32)
    np.testing.assert_array_equal(context, np.zeros([1, 2, 4]))

import numpy as np

from tf_btgmi.pictures import mask_arrays


def with_hole(height, width, *boxes):
    mask = np.zeros([height, width], np.float32)
    for y0, x0, y1, x1 in boxes:
        mask[y0:y1, x0:x1] = 1
    return mask


def test_every_hole_has_a_box_and_the_largest_hole_comes_first():
    mask = with_hole(20, 30, (1, 2, 4, 5), (10, 10, 20, 30), (6, 0, 8, 7))
    boxes = mask_arrays.hole_boxes(mask, 4)
    assert boxes.dtype == np.float32
    np.testing.assert_array_equal(
        boxes, [[10, 10, 20, 30], [6, 0, 8, 7], [1, 2, 4, 5], [0, 0, 0, 0]]
    )


def test_the_smallest_holes_share_the_last_box():
    mask = with_hole(20, 30, (1, 2, 4, 5), (10, 10, 20, 30), (6, 0, 8, 7))
    np.testing.assert_array_equal(
        mask_arrays.hole_boxes(mask, 2), [[10, 10, 20, 30], [1, 0, 8, 7]]
    )
    np.testing.assert_array_equal(mask_arrays.hole_boxes(mask, 1), [[1, 0, 20, 30]])


def test_a_brush_stroke_has_the_box_of_its_connected_whole():
    mask = np.zeros([12, 12], np.float32)
    for place in range(2, 9):  # One pixel wide, joined by corners only.
        mask[place, 11 - place] = 1
    mask[8, 3:5] = 1
    np.testing.assert_array_equal(
        mask_arrays.hole_boxes(mask, 2), [[2, 3, 9, 10], [0, 0, 0, 0]]
    )


def test_an_empty_mask_has_no_boxes():
    boxes = mask_arrays.hole_boxes(np.zeros([4, 4], np.float32), 2)
    np.testing.assert_array_equal(boxes, np.zeros([2, 4]))

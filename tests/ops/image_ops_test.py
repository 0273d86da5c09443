import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.ops import image_ops


def test_bfloat16_is_converted_in_float32():
    assert image_ops.to_uint8(tf.constant([1.0], tf.bfloat16)).numpy() == [255]


@pytest.mark.parametrize("multiple", [1, 4, 8, 16])
def test_cropping_undoes_padding_for_all_sides_from_1_to_20(multiple, rng):
    whole = rng.integers(0, 256, [2, 20, 20, 3], np.uint8)
    for height in range(1, 21):
        width = 21 - height
        image = whole[:, :height, :width]
        padded, size = image_ops.pad_to_multiple(image, multiple)
        assert padded.dtype == tf.uint8
        for side, before in zip(padded.shape[1:3], (height, width)):  # noqa: B905
            assert side % multiple == 0 and before <= side < before + multiple
        np.testing.assert_array_equal(image_ops.crop_to(padded, *size), image)


def test_padding_is_the_mirror_image_without_the_edge_twice(rng):
    image = rng.integers(0, 256, [1, 5, 6, 1], np.uint8)
    padded, _ = image_ops.pad_to_multiple(image, 8)
    expected = np.pad(image, [[0, 0], [0, 3], [0, 2], [0, 0]], "reflect")
    np.testing.assert_array_equal(padded, expected)


def test_padding_further_than_the_image_goes_to_and_fro():
    image = np.array([10, 20, 30], np.uint8).reshape(1, 1, 3, 1)
    padded, _ = image_ops.pad_to_multiple(image, 8)
    assert padded.shape == (1, 8, 8, 1)
    row = [10, 20, 30, 20, 10, 20, 30, 20]
    np.testing.assert_array_equal(padded[0, :, :, 0], [row] * 8)


def test_sizes_unknown_when_traced_are_padded_too(rng):
    image = rng.integers(0, 256, [1, 5, 9, 2], np.uint8)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 2], tf.uint8)])
    def there_and_back(image):
        padded, size = image_ops.pad_to_multiple(image, 8)
        return padded, image_ops.crop_to(padded, *size)

    padded, back = there_and_back(image)
    assert padded.shape == (1, 8, 16, 2)
    np.testing.assert_array_equal(back, image)


@pytest.fixture
def boxed(rng):
    """Two pictures of 9 x 12, three boxes of each, and factors of what is cut out."""
    image = tf.constant(rng.uniform(-1, 1, [2, 9, 12, 3]), tf.float32)
    boxes = tf.constant(
        [
            [[0, 0, 9, 12], [2, 3, 7, 8], [4, 5, 5, 6]],
            [[1, 0, 3, 12], [8, 11, 9, 12], [0.5, 2.25, 8, 11.5]],
        ],
        tf.float32,
    )
    factors = tf.constant(rng.normal(size=[2, 3, 5, 5, 3]), tf.float32)
    return image, boxes, factors


def boxes_and_gradient(cut, image, factors):
    with tf.GradientTape() as tape:
        tape.watch(image)
        patches = cut(image)
        loss = tf.reduce_sum(factors * patches)
    return patches, tape.gradient(loss, image)


@pytest.mark.parametrize("side", [3, 5, 16])
def test_boxes_and_their_gradient_are_those_of_an_antialiased_resize(boxed, side):
    image, boxes, _ = boxed
    boxes = tf.round(boxes)
    factors = tf.random.stateless_normal([2, 3, side, side, 3], [1, 2])

    def by_tensorflow(image):
        return tf.stack(
            [
                tf.stack([resized(image[b], box) for box in np.array(boxes[b], int)])
                for b in range(2)
            ]
        )

    def resized(picture, box):
        y0, x0, y1, x1 = box
        part = picture[y0:y1, x0:x1]
        return tf.image.resize(part, [side, side], antialias=True)

    expected = boxes_and_gradient(by_tensorflow, image, factors)
    actual = boxes_and_gradient(
        lambda image: image_ops.resize_boxes(image, boxes, side), image, factors
    )
    np.testing.assert_allclose(actual[0], expected[0], atol=2e-6)
    np.testing.assert_allclose(actual[1], expected[1], atol=5e-6)


@pytest.mark.parametrize("length", [256, 200, 131])
def test_every_row_of_a_reduced_box_has_the_same_weight(length):
    start, end = tf.constant(0.0), tf.constant(float(length))
    weights = image_ops._interpolation(start, end, length, 64)
    weights = tf.reduce_sum(weights, 0).numpy()[8:-8] * length / 64
    assert weights.max() < 1.1 * weights.min()


def test_beyond_the_image_a_box_is_0():
    image = tf.ones([1, 8, 8, 1])
    box = tf.constant([[[-8.0, 0, 8, 16]]])
    patch = image_ops.resize_boxes(image, box, 16)[0, 0, :, :, 0].numpy()
    expected = np.zeros([16, 16])
    expected[8:, :8] = 1
    np.testing.assert_allclose(patch, expected, atol=1e-6)


def test_boxes_are_cut_with_xla_too(boxed):
    image, boxes, factors = boxed
    cut = tf.function(
        lambda image: boxes_and_gradient(
            lambda image: image_ops.resize_boxes(image, boxes, 5), image, factors
        )
    )
    compiled = tf.function(cut, jit_compile=True)
    for found, wanted in zip(compiled(image), cut(image)):
        np.testing.assert_allclose(found, wanted, atol=5e-6)

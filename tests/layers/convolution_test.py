import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.layers.convolution import (
    NormalizedConvolution,
    ReflectedConvolution,
    Resampling,
    convolution,
    leaky_relu,
)


def num_kernel_weights(layer):
    return sum(int(np.prod(v.shape)) for v in layer.weights if len(v.shape) == 4)


@pytest.fixture
def inputs(rng):
    return tf.constant(rng.normal(size=[1, 8, 12, 2]), tf.float32)


def test_kernels_start_with_mean_0_and_deviation_0_02_and_no_bias():
    layer = convolution(128, 3)
    layer.build([None, 8, 8, 64])
    assert len(layer.weights) == 1
    kernel = layer.weights[0].numpy()
    assert kernel.mean() == pytest.approx(0, abs=3e-4)
    assert kernel.std() == pytest.approx(0.02, rel=0.02)


def test_reflected_edges_are_mirrored_without_the_edge_twice(inputs):
    layer = ReflectedConvolution(1)
    layer(inputs)
    corner = np.zeros([7, 7, 2, 1], np.float32)
    corner[0, 0, 0] = 1  # The pixel three up and three to the left.
    layer.inner.set_weights([corner])
    padded = np.pad(inputs[0, :, :, 0], 3, "reflect")
    np.testing.assert_array_equal(layer(inputs)[0, :, :, 0], padded[:8, :12])


@pytest.mark.parametrize("size", [(8, 12), (7, 12)])
def test_a_reflected_convolution_is_a_convolution_of_the_padded_at_any_size(rng, size):
    inputs = tf.constant(rng.normal(size=[2, *size, 2]), tf.float32)
    layer = ReflectedConvolution(3, use_bias=True)
    layer(inputs)
    kernel, bias = rng.normal(size=[7, 7, 2, 3]), np.array([1.0, -2.0, 3.0])
    layer.inner.set_weights([kernel, bias])
    padded = np.pad(inputs, [(0, 0), (3, 3), (3, 3), (0, 0)], "reflect")
    expected = tf.nn.conv2d(padded, kernel.astype(np.float32), 1, "VALID") + bias
    np.testing.assert_allclose(layer(inputs), expected, atol=1e-4)


def test_a_leaky_relu_scales_what_is_below_0():
    found = leaky_relu(tf.constant([-2.0, 0.0, 3.0]), 0.2)
    np.testing.assert_allclose(found, [-0.4, 0.0, 3.0], rtol=1e-6)


@pytest.mark.parametrize("method", ["strided", "interpolated"])
def test_resampling_halves_and_doubles_the_sides_with_nine_weights_a_pair(
    inputs, method
):
    for direction, shape in (("down", (1, 4, 6, 3)), ("up", (1, 16, 24, 3))):
        layer = Resampling(3, direction, method)
        assert layer(inputs).shape == shape
        assert num_kernel_weights(layer) == 9 * 2 * 3
        assert len(layer.weights) == 1


def test_interpolated_resampling_pools_after_and_blends_before_its_convolution():
    image = tf.reshape(tf.range(16.0), [1, 4, 4, 1])
    identity = np.zeros([3, 3, 1, 1], np.float32)
    identity[1, 1] = 1
    down = Resampling(1, "down", "interpolated")
    down(image)
    down.set_weights([identity])
    np.testing.assert_array_equal(down(image)[0, :, :, 0], [[5, 7], [13, 15]])
    up = Resampling(1, "up", "interpolated")
    up(image)
    up.set_weights([identity])
    row = up(tf.reshape([0.0, 4.0], [1, 1, 2, 1]))[0, 0, :, 0]
    np.testing.assert_allclose(row, [0, 1, 3, 4], atol=1e-6)


def test_interpolated_resampling_keeps_bfloat16(inputs):
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    layer = Resampling(3, "up", "interpolated")
    assert layer(inputs).dtype == tf.bfloat16


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="strided or interpolated; it is 'cubic'"):
        Resampling(3, "up", "cubic")


def test_a_normalized_convolution_ends_with_a_relu_of_the_normalized(inputs):
    layer = NormalizedConvolution(convolution(3, 3), "instance")
    result = layer(inputs, training=True).numpy()
    assert result.min() == 0.0
    hidden = layer.normalize(layer.inner(inputs)).numpy()
    np.testing.assert_array_equal(result, np.maximum(hidden, 0))

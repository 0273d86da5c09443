import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.layers.spectral import SpectralConvolution


@pytest.fixture
def layer(rng):
    keras.utils.set_random_seed(0)
    layer = SpectralConvolution(5, 4, strides=2, padding="valid", use_bias=True)
    layer(tf.constant(rng.normal(size=[1, 16, 16, 3]), tf.float32))
    layer.inner.kernel.assign(rng.normal(size=[4, 4, 3, 5]))
    layer.inner.bias.assign(rng.normal(size=[5]))
    return layer


def largest_singular_value(layer):
    matrix = np.reshape(layer.kernel.numpy(), [-1, 5])
    return np.linalg.svd(matrix, compute_uv=False)[0]


def converge(layer, image):
    for _ in range(60):
        layer(image, training=True)


def test_outputs_are_those_of_the_kernel_over_its_largest_singular_value(layer, rng):
    image = tf.constant(rng.normal(size=[2, 16, 16, 3]), tf.float32)
    converge(layer, image)
    kernel = layer.kernel.numpy() / largest_singular_value(layer)
    expected = tf.nn.conv2d(image, kernel, 2, "VALID") + layer.inner.bias.numpy()
    np.testing.assert_allclose(layer(image), expected, atol=1e-4)


def test_only_training_moves_the_vector_by_one_power_iteration(layer, rng):
    image = tf.constant(rng.normal(size=[1, 16, 16, 3]), tf.float32)
    matrix = np.reshape(layer.kernel.numpy(), [-1, 5])
    before = layer.vector.numpy()
    layer(image)
    layer(image, training=False)
    np.testing.assert_array_equal(layer.vector.numpy(), before)
    layer(image, training=True)
    expected = before @ matrix.T @ matrix
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(layer.vector.numpy(), expected, atol=1e-5)


def test_the_gradient_knows_the_singular_value_and_not_its_vectors(layer, rng):
    # The derivative of W / sigma along W is 0: its scale does not matter.
    image = tf.constant(rng.normal(size=[2, 16, 16, 3]), tf.float32)
    converge(layer, image)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sin(layer(image)))
    kernel = layer.trainable_weights[0]
    gradient = tf.convert_to_tensor(tape.gradient(loss, kernel)).numpy()
    assert np.abs(gradient).max() > 1e-2
    along = np.sum(gradient * layer.kernel.numpy())
    assert abs(along) < 1e-3 * np.abs(gradient * layer.kernel.numpy()).sum()


def test_far_from_convergence_too_the_vectors_are_constants_to_the_gradient(layer, rng):
    image = tf.constant(rng.normal(size=[2, 16, 16, 3]), tf.float32)
    kernel = tf.Variable(layer.kernel.numpy())
    left = layer.vector.numpy() @ np.reshape(kernel.numpy(), [-1, 5]).T
    left /= np.linalg.norm(left)
    with tf.GradientTape() as tape:
        value = tf.norm(left @ tf.reshape(kernel, [-1, 5]))
        outputs = tf.nn.conv2d(image, kernel / value, 2, "VALID")
        loss = tf.reduce_sum(tf.sin(outputs + layer.inner.bias.numpy()))
    expected = tape.gradient(loss, kernel).numpy()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sin(layer(image, training=True)))
    gradient = tape.gradient(loss, layer.trainable_weights[0])
    np.testing.assert_allclose(
        gradient, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max()
    )


def test_in_bfloat16_the_kernel_is_rounded_once(layer, rng):
    image = tf.constant(rng.normal(size=[1, 16, 16, 3]), tf.bfloat16)
    matrix = np.reshape(layer.kernel.numpy(), [-1, 5])
    left = layer.vector.numpy() @ matrix.T
    left /= np.linalg.norm(left)
    kernel = layer.kernel.numpy() / np.linalg.norm(left @ matrix)
    kernel = tf.cast(kernel, tf.bfloat16)
    bias = tf.cast(layer.inner.bias.numpy(), tf.bfloat16)
    expected = tf.nn.bias_add(tf.nn.conv2d(image, kernel, 2, "VALID"), bias)
    differing = layer.call(image) != expected
    # But for kernels that lie on the edge between two numbers.
    assert differing.numpy().mean() < 0.02


def test_the_vector_is_a_weight_that_is_not_trained(layer):
    assert len(layer.trainable_weights) == 2
    assert [tuple(v.shape) for v in layer.non_trainable_weights] == [(1, 5)]

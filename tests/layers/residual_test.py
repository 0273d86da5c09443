import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.layers.residual import DilatedResidualBlock, RefinementBlock


@pytest.fixture
def inputs(rng):
    return tf.constant(rng.normal(size=[2, 8, 8, 3]), tf.float32)


def test_a_block_of_512_filters_has_4718592_kernel_weights():
    block = RefinementBlock(512)
    block(tf.zeros([1, 4, 4, 512]))
    kernels = [v for v in block.weights if len(v.shape) == 4]
    assert sum(int(np.prod(v.shape)) for v in kernels) == 4_718_592
    # Besides them gamma, beta and two running statistics of two normalizations.
    assert len(block.weights) - len(kernels) == 2 * 4


@pytest.mark.parametrize("training", [True, False])
def test_alpha_0_changes_nothing_exactly(inputs, training):
    block = RefinementBlock(3)
    result = block(inputs, fade_in_alpha=tf.constant(0.0), training=training)
    np.testing.assert_array_equal(result, inputs)


def test_alpha_1_is_the_plain_residual_block_exactly(inputs):
    block, plain = RefinementBlock(3), DilatedResidualBlock(3)
    block(inputs)
    plain(inputs)
    plain.set_weights(block.get_weights())
    np.testing.assert_array_equal(block(inputs, fade_in_alpha=1.0), plain(inputs))
    np.testing.assert_array_equal(block(inputs), plain(inputs))


def test_alpha_between_blends_input_and_block(inputs):
    block = RefinementBlock(3)
    expected = 0.75 * inputs.numpy() + 0.25 * block(inputs, fade_in_alpha=1.0).numpy()
    np.testing.assert_allclose(block(inputs, fade_in_alpha=0.25), expected, atol=1e-6)


def test_at_alpha_0_the_block_has_no_gradient_but_its_input_has(inputs):
    block = RefinementBlock(3)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        result = block(inputs, fade_in_alpha=tf.constant(0.0), training=True)
        loss = tf.reduce_sum(result)
    at_input, *of_block = tape.gradient(loss, [inputs, *block.trainable_variables])
    np.testing.assert_array_equal(at_input, np.ones(inputs.shape))
    for gradient in of_block:
        np.testing.assert_array_equal(gradient, np.zeros(gradient.shape))


def test_no_relu_follows_the_sum():
    block = DilatedResidualBlock(3)
    result = block(tf.fill([1, 6, 6, 3], -5.0), training=False)
    assert result.numpy().max() < 0


@pytest.mark.parametrize(
    "dilated, dilation, reach",
    [("first", 2, 3), ("both", 2, 4), ("both", 1, 2), ("first", 4, 5)],
)
def test_dilation_of_one_or_both_convolutions_sets_how_far_a_block_sees(
    dilated, dilation, reach
):
    block = DilatedResidualBlock(1, dilation, dilated)
    image = tf.zeros([1, 21, 21, 1])
    block(image)
    for layer in (block.convolution_1, block.convolution_2):
        layer.set_weights([np.ones([3, 3, 1, 1], np.float32)])
    changed = tf.tensor_scatter_nd_add(image, [[0, 10, 10, 0]], [1.0])
    difference = (block.residual(changed) - block.residual(image))[0, :, :, 0]
    rows = np.flatnonzero(np.abs(difference.numpy()).sum(1) > 1e-9)
    assert (rows.min(), rows.max()) == (10 - reach, 10 + reach)


def test_a_block_that_starts_as_the_identity_changes_nothing_until_it_learns(inputs):
    block = RefinementBlock(3, start="identity")
    for training in (True, False):
        np.testing.assert_array_equal(block(inputs, training=training), inputs)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(block(inputs, training=True) * inputs**2)
    gradient = tape.gradient(loss, block.normalization_2.gamma)
    assert np.abs(gradient).min() > 0
    assert np.abs(RefinementBlock(3)(inputs, training=True) - inputs).max() > 0.1


def test_an_unknown_start_is_named():
    with pytest.raises(ValueError, match="random or identity; it is 'zero'"):
        RefinementBlock(3, start="zero")


def test_an_unknown_choice_of_convolutions_is_named():
    with pytest.raises(ValueError, match="first or both; it is 'second'"):
        DilatedResidualBlock(3, dilated_convolutions="second")

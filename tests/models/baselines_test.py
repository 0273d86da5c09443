import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.layers.normalization import BatchNormalization
from tf_btgmi.models.baselines import (
    ChannelwiseDense,
    CompletionNetwork,
    ContextEncoder,
    level_filters,
)
from tf_btgmi.models.naming import named_weights

TINY = {
    ContextEncoder: {"image_size": 32, "base_filters": 2, "num_downsamplings": 3},
    CompletionNetwork: {"base_filters": 4},
}


@pytest.fixture(params=list(TINY), ids=lambda kind: kind.__name__)
def network(request):
    network = request.param(**TINY[request.param])
    network.build()
    return network


def kernel_shapes(network):
    shapes = [tuple(v.shape) for v in network.weights]
    return [shape for shape in shapes if len(shape) == 4]


def test_the_context_encoder_has_the_widths_of_its_authors_code():
    network = ContextEncoder()
    network.build()
    shapes = kernel_shapes(network)
    down = [(4, 4, a, b) for a, b in ((4, 64), (64, 64), (64, 128), (128, 256))]
    up = [(4, 4, a, b) for a, b in ((256, 512), (128, 256), (64, 128), (64, 64))]
    assert shapes == [
        *down,
        (4, 4, 256, 512),
        (1, 1, 512, 512),
        *up,
        (4, 4, 3, 64),
    ]
    # m n^4 weights for m maps of n x n; over all channels there would be m times more.
    bottleneck = next(w for w in network.weights if len(w.shape) == 3)
    assert tuple(bottleneck.shape) == (512, 16, 16)


def test_the_context_encoder_is_normalized_but_for_its_ends_and_leaks_on_the_way_down():
    layers = ContextEncoder(**TINY[ContextEncoder]).layers_in_order
    down, (_, middle), up = layers[:3], layers[3:5], layers[5:-1]
    assert down[0].normalize is None
    assert all(isinstance(v.normalize, BatchNormalization) for v in down[1:])
    assert [layer.leak for layer in down] == [0.2] * 3
    for layer in (middle, *up):
        assert isinstance(layer.normalize, BatchNormalization)
        assert layer.leak == 0.0


def test_the_completion_network_ends_with_the_papers_sigmoid(rng):
    network = CompletionNetwork(**TINY[CompletionNetwork])
    network.build()
    last = network.layers_in_order[-1]
    last.bias.assign([-3.0, 0.0, 2.0])
    last.kernel.assign(tf.zeros(last.kernel.shape))
    found = network(tf.zeros([1, 16, 16, 4]))[0, 3, 5]
    sigmoid = 1 / (1 + np.exp([3.0, 0.0, -2.0]))
    np.testing.assert_allclose(found, 2 * sigmoid - 1, atol=1e-6)


def test_the_completion_network_has_the_17_convolutions_of_its_table():
    network = CompletionNetwork()
    network.build()
    assert kernel_shapes(network) == [
        (5, 5, 4, 64),
        (3, 3, 64, 128),
        (3, 3, 128, 128),
        (3, 3, 128, 256),
        *[(3, 3, 256, 256)] * 8,
        (4, 4, 128, 256),
        (3, 3, 128, 128),
        (4, 4, 64, 128),
        (3, 3, 64, 32),
        (3, 3, 32, 3),
    ]
    rates = [layer.inner.dilation_rate[0] for layer in network.layers_in_order[4:-6]]
    assert rates == [1, 1, 2, 4, 8, 16, 1]


def test_a_prediction_has_the_size_of_the_image_and_its_range(network, rng):
    inputs = tf.constant(10 * rng.uniform(-1, 1, [2, 32, 32, 4]), tf.float32)
    for training in (False, True):
        prediction = network(inputs, training=training).numpy()
        assert prediction.shape == (2, 32, 32, 3)
        assert prediction.dtype == np.float32
        assert -1 <= prediction.min() < prediction.max() <= 1


def test_every_weight_has_a_name_and_is_trained_and_averaged(network):
    assert len(named_weights(network)) == len(network.weights)
    assert network.active_trainable_variables == network.trainable_variables
    assert len(network.averaged_variables) == len(network.weights)


def test_a_network_made_from_its_config_is_the_same(network, rng):
    again = type(network).from_config(network.get_config())
    again.build()
    again.set_weights(network.get_weights())
    inputs = tf.constant(rng.uniform(-1, 1, [1, 32, 32, 4]), tf.float32)
    np.testing.assert_array_equal(again(inputs), network(inputs))


def test_bfloat16_reaches_the_layers_and_the_prediction_is_float32(network, rng):
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    half = type(network).from_config(TINY[type(network)])
    half.build()
    half.set_weights(network.get_weights())
    inputs = tf.constant(rng.uniform(-1, 1, [1, 32, 32, 4]), tf.float32)
    given = half(inputs)
    assert given.dtype == tf.float32
    difference = np.abs(given - network(inputs)).max()
    assert 0 < difference < 0.05


def test_the_context_encoder_takes_other_sizes_through_its_own(rng):
    network = ContextEncoder(**TINY[ContextEncoder])
    network.build()
    small = tf.constant(rng.uniform(-1, 1, [1, 32, 32, 4]), tf.float32)
    large = tf.repeat(tf.repeat(small, 2, axis=1), 2, axis=2)
    given = network(large)
    assert given.shape == (1, 64, 64, 3)
    expected = tf.image.resize(network(small), [64, 64])
    np.testing.assert_allclose(given, expected, atol=1e-6)


def test_every_place_of_the_bottleneck_reaches_every_place_of_its_channel_only():
    layer = ChannelwiseDense()
    layer.build([None, 2, 2, 3])
    layer.kernel.assign(tf.reshape(tf.range(48.0), [3, 4, 4]))
    inputs = np.zeros([1, 2, 2, 3], np.float32)
    inputs[0, 1, 0, 1] = 2.0  # Place 2 of channel 1.
    given = layer(tf.constant(inputs)).numpy()[0]
    np.testing.assert_array_equal(given[..., 1], [[48, 50], [52, 54]])
    assert not given[..., [0, 2]].any()


def test_the_last_four_levels_double():
    assert level_filters(64, 5) == [64, 64, 128, 256, 512]
    assert level_filters(64, 6) == [64, 64, 64, 128, 256, 512]
    assert level_filters(8, 3) == [8, 16, 32]

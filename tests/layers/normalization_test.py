import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.layers import normalization


@pytest.fixture
def inputs(rng):
    return tf.constant(rng.normal(3, 2, [2, 5, 6, 4]), tf.float32)


def by_hand(inputs, axes):
    value = inputs.numpy().astype(np.float64)
    mean = value.mean(axes, keepdims=True)
    return (value - mean) / np.sqrt(value.var(axes, keepdims=True) + 1e-5)


def test_instance_normalization_takes_each_example_and_channel_apart(inputs):
    layer = normalization.normalization("instance", affine=False)
    np.testing.assert_allclose(layer(inputs), by_hand(inputs, (1, 2)), atol=1e-5)
    assert layer.trainable_variables == []


def test_instance_normalization_of_an_even_map_is_0():
    layer = normalization.normalization("instance", affine=False)
    result = layer(tf.fill([1, 3, 3, 2], 5.0))
    np.testing.assert_allclose(result, np.zeros([1, 3, 3, 2]), atol=1e-4)


@pytest.mark.parametrize("affine", [True, False])
def test_addons_and_keras_give_the_same_instance_normalization(
    inputs, affine, monkeypatch
):
    results = []
    for addons in (pytest.importorskip("tensorflow_addons"), None):
        monkeypatch.setattr(normalization, "tensorflow_addons", addons)
        layer = normalization.normalization("instance", affine)
        layer.build(inputs.shape)
        for position, variable in enumerate(layer.trainable_variables):
            variable.assign(tf.range(1.0, 5.0) * (0.5 - position))
        assert len(layer.trainable_variables) == (2 if affine else 0)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            output = layer(inputs)
            loss = tf.reduce_sum(tf.sin(output))
        results.append((output, tape.gradient(loss, inputs)))
    np.testing.assert_allclose(results[0][0], results[1][0], atol=2e-6)
    np.testing.assert_allclose(results[0][1], results[1][1], atol=2e-6)


@pytest.mark.parametrize("kind", ["batch", "instance"])
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_statistics_are_of_float32_in_every_precision(rng, kind, precision):
    # With a mean far from 0, sums in 8 or 11 bits of mantissa lose the deviation.
    values = tf.constant(rng.normal(20, 1, [2, 32, 32, 4]), precision)
    full = normalization.normalization(kind)
    expected = tf.cast(full(tf.cast(values, "float32"), training=True), precision)
    keras.mixed_precision.set_global_policy(f"mixed_{precision}")
    half = normalization.normalization(kind)
    half.build(values.shape)
    half.set_weights(full.get_weights())
    found = half(values, training=True)
    assert found.dtype == tf.as_dtype(precision)
    assert {tf.as_dtype(w.dtype) for w in half.weights} == {tf.float32}
    np.testing.assert_array_equal(found, expected)


def test_addons_are_used_where_they_are_installed():
    layer = normalization.normalization("instance")
    addons = normalization.tensorflow_addons
    wanted = (
        keras.layers.GroupNormalization
        if addons is None
        else addons.layers.InstanceNormalization
    )
    assert isinstance(layer, wanted)
    assert (addons is None) == keras.__version__.startswith("3")


def test_batch_normalization_in_training_takes_each_channel_over_the_batch(inputs):
    layer = normalization.normalization("batch")
    layer.build(inputs.shape)
    layer.gamma.assign(tf.ones(4))
    result = layer(inputs, training=True)
    np.testing.assert_allclose(result, by_hand(inputs, (0, 1, 2)), atol=1e-5)


def test_running_statistics_keep_nine_tenths_of_what_they_were(inputs):
    layer = normalization.normalization("batch")
    layer(inputs, training=True)
    mean = inputs.numpy().mean((0, 1, 2))
    np.testing.assert_allclose(layer.moving_mean, 0.1 * mean, rtol=1e-5)
    # The fused kernel of one replica divides by n - 1, others by n = 60.
    variance = inputs.numpy().var((0, 1, 2))
    np.testing.assert_allclose(layer.moving_variance, 0.9 + 0.1 * variance, rtol=0.01)


def test_batch_normalization_at_rest_uses_the_running_statistics(inputs):
    layer = normalization.normalization("batch")
    layer.build(inputs.shape)
    layer.gamma.assign(tf.ones(4))
    layer.moving_mean.assign([1.0, 2, 3, 4])
    layer.moving_variance.assign([4.0] * 4)
    expected = (inputs.numpy() - [1, 2, 3, 4]) / np.sqrt(4 + 1e-5)
    np.testing.assert_allclose(layer(inputs, training=False), expected, atol=1e-5)


def test_gamma_starts_near_1_with_deviation_0_02():
    layer = normalization.normalization("batch")
    layer.build([None, 4, 4, 4096])
    gamma = layer.gamma.numpy()
    assert gamma.mean() == pytest.approx(1, abs=2e-3)
    assert gamma.std() == pytest.approx(0.02, rel=0.05)
    np.testing.assert_array_equal(layer.beta, np.zeros(4096))


def test_batch_normalization_is_synchronised_with_more_than_one_replica(
    two_replicas,
):
    with two_replicas.scope():
        layer = normalization.normalization("batch")
        layer.build([None, 1, 1, 1])
        layer.gamma.assign([1.0])
    parts = two_replicas.experimental_distribute_values_from_function(
        lambda context: tf.fill([2, 1, 1, 1], 2.0 * context.replica_id_in_sync_group)
    )
    # 0, 0 on one replica and 2, 2 on the other: mean 1, variance 1 over both.
    run = tf.function(
        lambda: two_replicas.run(lambda x: layer(x, training=True), [parts])
    )
    results = two_replicas.experimental_local_results(run())
    scale = 1 / np.sqrt(1 + 1e-5)
    np.testing.assert_allclose(tf.squeeze(results[0]), [-scale] * 2, atol=1e-6)
    np.testing.assert_allclose(tf.squeeze(results[1]), [scale] * 2, atol=1e-6)


def test_two_replicas_give_the_values_gradients_and_averages_of_one_batch(
    two_replicas, rng, monkeypatch
):
    values = tf.constant(rng.normal(3, 2, [4, 5, 6, 3]), tf.float32)
    weights = tf.constant(rng.normal(size=[4, 5, 6, 3]), tf.float32)
    whole = normalization.normalization("batch")
    whole.build(values.shape)
    with two_replicas.scope():
        split = normalization.normalization("batch")
        split.build(values.shape)
    split.gamma.assign(whole.gamma)
    sums = []
    all_reduce = tf.distribute.ReplicaContext.all_reduce
    monkeypatch.setattr(
        tf.distribute.ReplicaContext,
        "all_reduce",
        lambda self, *args, **kwargs: (
            sums.append(1) or all_reduce(self, *args, **kwargs)
        ),
    )

    def run(layer, inputs, factors):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, training=True)
            loss = tf.reduce_sum(factors * outputs)
        return outputs, tape.gradient(loss, inputs)

    expected = run(whole, values, weights)
    assert not sums

    def share(data):
        return two_replicas.experimental_distribute_values_from_function(
            lambda context: data[context.replica_id_in_sync_group :: 2]
        )

    found = tf.function(
        lambda: two_replicas.run(
            lambda inputs, factors: run(split, inputs, factors),
            [share(values), share(weights)],
        )
    )()
    for one, per_replica in zip(expected, found):
        for number, part in enumerate(
            two_replicas.experimental_local_results(per_replica)
        ):
            np.testing.assert_allclose(part, one[number::2], atol=2e-5)
    np.testing.assert_allclose(split.moving_mean, whole.moving_mean, rtol=1e-5)
    # The fused kernel of one replica divides by n - 1 = 119.
    np.testing.assert_allclose(split.moving_variance, whole.moving_variance, rtol=0.01)
    # One forward and one backward in each of both: a step waits for every one.
    assert len(sums) == 4


@pytest.mark.parametrize("kind", ["batch", "instance"])
def test_a_traced_function_may_begin_with_a_normalization(inputs, kind):
    layer = normalization.normalization(kind)
    traced = tf.function(lambda: layer(inputs, training=False))
    np.testing.assert_allclose(traced(), layer(inputs, training=False), atol=1e-6)


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match="must be batch or instance; it is 'layer'"):
        normalization.normalization("layer")

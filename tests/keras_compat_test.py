import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi import keras_compat


@pytest.mark.parametrize("bad_replica", [0, 1])
def test_one_replicas_gradient_skips_the_step_on_all(two_replicas, bad_replica):
    with two_replicas.scope():
        layer = keras.layers.Dense(1, use_bias=False)
        layer.build([None, 2])
        optimizer = keras.mixed_precision.LossScaleOptimizer(
            keras.optimizers.SGD(0.1), initial_scale=4.0
        )
        optimizer.build(layer.trainable_variables)
    start = layer.get_weights()[0]

    @tf.function
    def step(bad):
        def on_replica():
            variables = layer.trainable_variables
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group
            wrong = tf.logical_and(bad, tf.equal(replica, bad_replica))
            factor = tf.where(wrong, np.inf, 1.0)
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(layer(tf.ones([1, 2]))) * factor
                loss = keras_compat.scale_loss(optimizer, loss)
            gradients = tape.gradient(loss, variables)
            keras_compat.apply_gradients(optimizer, gradients, variables)

        two_replicas.run(on_replica)

    step(tf.constant(True))
    np.testing.assert_array_equal(layer.get_weights()[0], start)
    step(tf.constant(False))
    # The gradient of both replicas, unscaled.
    np.testing.assert_allclose(layer.get_weights()[0], start - 0.2, atol=1e-6)


def test_without_a_loss_scale_loss_and_step_are_as_they_are():
    variable = tf.Variable([1.0])
    optimizer = keras.optimizers.SGD(0.5)
    loss = tf.constant(2.0)
    assert keras_compat.scale_loss(optimizer, loss) is loss
    keras_compat.apply_gradients(optimizer, [tf.constant([1.0])], [variable])
    assert variable.numpy() == [0.5]

import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.losses.feature_matching import feature_matching_loss


def layers(*values):
    return [tf.constant(value, shape=[1, 1, len(value), 1]) for value in values]


REAL = [layers([1.0, 2.0], [0.0], [9.0]), layers([4.0], [5.0, 5.0], [9.0])]
FAKE = [layers([1.0, 4.0], [3.0], [0.0]), layers([5.0], [6.0, 2.0], [0.0])]


def test_it_is_the_mean_of_each_layer_summed_but_for_the_logits():
    # Means: 1 and 3; 1 and 2.
    assert float(feature_matching_loss(REAL, FAKE)) == pytest.approx(7.0)
    assert float(feature_matching_loss(REAL, REAL)) == 0.0


def test_its_gradient_reaches_the_composite_alone():
    with tf.GradientTape() as tape:
        watched = [REAL[0][0], FAKE[0][0], FAKE[0][2]]
        tape.watch(watched)
        loss = feature_matching_loss(REAL, FAKE)
    real, fake, logits = tape.gradient(loss, watched)
    assert real is None and logits is None
    np.testing.assert_allclose(tf.reshape(fake, [-1]), [0.0, 0.5])

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.layers.back_end import BackEnd


@pytest.mark.parametrize("resampling", ["strided", "interpolated"])
def test_every_filter_count_doubles_the_sides_and_the_result_is_a_picture(
    rng, resampling
):
    hidden = tf.constant(5 * rng.normal(size=[2, 3, 4, 6]), tf.float32)
    picture = BackEnd([4, 2], resampling=resampling)(hidden, training=True)
    assert picture.shape == (2, 12, 16, 3)
    assert picture.dtype == tf.float32
    assert np.abs(picture).max() <= 1.0


def test_in_bfloat16_the_picture_has_the_digits_of_float32(rng):
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    hidden = tf.constant(rng.normal(size=[1, 8, 8, 6]), tf.float32)
    picture = BackEnd([4])(hidden, training=True)
    rounded = tf.cast(tf.cast(picture, tf.bfloat16), tf.float32)
    assert (picture != rounded).numpy().mean() > 0.5

import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.models.generator import Generator
from tf_btgmi.models.naming import named_weights
from tf_btgmi.models.widening import widened


def generator(base_filters, resampling="strided"):
    network = Generator(
        base_filters,
        2 * base_filters,
        num_downsamplings=2,
        num_head_blocks=2,
        num_refinement_blocks=1,
        resampling=resampling,
    )
    network.build()
    return network


@pytest.mark.parametrize("resampling", ["strided", "interpolated"])
@pytest.mark.parametrize("training", [False, True])
def test_a_wider_generator_gives_the_same_picture(resampling, training, rng):
    narrow, wide = generator(6, resampling), generator(8, resampling)
    for variable in narrow.trainable_weights:
        variable.assign(variable + rng.normal(0, 0.05, variable.shape))
    inputs = tf.constant(rng.uniform(-1, 1, [2, 16, 16, 4]), tf.float32)
    for _ in range(30):
        # Moving statistics that fit.
        narrow(inputs, training=True)
    weights = {
        n: tf.convert_to_tensor(v).numpy() for n, v in named_weights(narrow).items()
    }
    targets = named_weights(wide)
    shapes = {name: variable.shape for name, variable in targets.items()}
    transposed = ("back_end",) if resampling == "strided" else ()
    for name, value in widened(weights, shapes, transposed).items():
        targets[name].assign(value)
    expected = narrow(inputs, training=training).numpy()
    assert expected.std() > 0.05
    np.testing.assert_allclose(wide(inputs, training=training), expected, atol=2e-5)


def test_copies_do_not_stay_equal(rng):
    # Copies that are read by equal weights, or by multiples of them, would get the same
    # gradient, or multiples of it, which Adam follows by equal steps.
    kernel = rng.normal(size=[1, 1, 4, 4]).astype(np.float32)
    wide = widened({"a": kernel}, {"a": (1, 1, 6, 4)})["a"][0, 0]
    sources = set()
    for copy in wide[4:]:
        apart = [np.abs(wide[i] + copy - kernel[0, 0, i]).max() for i in range(4)]
        source = int(np.argmin(apart))
        assert apart[source] < 1e-6
        sources.add(source)
        shares = copy / kernel[0, 0, source]
        assert 0.29 < shares.min() < shares.max() < 0.71
        assert np.ptp(shares) > 0.05
    assert len(sources) == 2


def test_a_narrower_layer_is_refused():
    with pytest.raises(ValueError, match="4 channels cannot be widened to 3"):
        widened({"a": np.zeros([4])}, {"a": (3,)})

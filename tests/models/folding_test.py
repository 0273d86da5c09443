import keras
import numpy as np
import pytest

from tf_btgmi.models.folding import fold
from tf_btgmi.models.generator import Generator


def make_generator(rng, **options):
    """Weights as after a training: every constant of every normalization matters."""
    sizes = {"base_filters": 8, "max_filters": 16, "num_downsamplings": 2}
    generator = Generator(**{**sizes, "num_head_blocks": 2, **options})
    generator.build()
    for variable in generator.weights:
        shape = tuple(variable.shape)
        if "kernel" in variable.name:
            value = rng.normal(0.0, 0.1, shape)
        elif "variance" in variable.name:
            value = rng.uniform(0.3, 3.0, shape)
        else:
            value = rng.normal(0.5, 0.5, shape)
        variable.assign(value.astype(np.float32))
    return generator


def pictures(rng):
    return rng.uniform(-1.0, 1.0, [2, 16, 24, 4]).astype(np.float32)


@pytest.mark.parametrize("stage, alpha", [(0, 0.4), (1, 0.4), (3, 0.0)])
def test_the_folded_generator_predicts_the_same(rng, stage, alpha):
    generator = make_generator(rng, stage=stage)
    generator.fade_in_alpha.assign(alpha)
    inputs = pictures(rng)
    wanted = generator(inputs).numpy()
    assert np.ptp(wanted) > 0.5
    np.testing.assert_allclose(fold(generator)(inputs).numpy(), wanted, atol=2e-5)


def test_a_generator_of_two_outputs_is_folded_too(rng):
    generator = make_generator(rng, stage=1, outputs=("inpainted", "harmonized"))
    inputs = rng.uniform(-1.0, 1.0, [1, 16, 16, 5]).astype(np.float32)
    inputs[..., 3:] = inputs[..., 3:] > 0.5
    wanted, found = generator(inputs), fold(generator)(inputs)
    assert set(found) == {"inpainted", "harmonized"}
    for name, prediction in found.items():
        assert np.ptp(wanted[name].numpy()) > 0.5
        np.testing.assert_allclose(prediction, wanted[name], atol=2e-5)


def test_nothing_is_left_of_normalization_and_of_blocks_that_do_not_run(rng):
    folded = fold(make_generator(rng, stage=1))
    layers = list(folded._flatten_layers())
    assert not [x for x in layers if isinstance(x, keras.layers.BatchNormalization)]
    # Stem, 2 down, 2 up: a kernel and an offset each; 3 blocks of two pairs; kernel
    # and bias of the last convolution; the fade-in.
    assert len(folded.weights) == 5 * 2 + 3 * 4 + 2 + 1


@pytest.mark.parametrize(
    "options", [{"normalization": "instance"}, {"resampling": "interpolated"}]
)
def test_where_folding_would_change_the_prediction_nothing_is_folded(rng, options):
    generator = make_generator(rng, **options)
    assert fold(generator) is generator


def test_the_generator_itself_is_not_changed(rng):
    generator = make_generator(rng)
    before = [np.array(variable) for variable in generator.weights]
    fold(generator)
    for old, new in zip(before, generator.weights):
        np.testing.assert_array_equal(old, np.array(new))

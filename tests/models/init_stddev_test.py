"""Initial weights follow `init_stddev` in every network."""

import numpy as np
import pytest

from tf_btgmi.config import Config
from tf_btgmi.models import build
from tf_btgmi.models.naming import named_weights

GENERATORS = {
    "residual": {},
    "interpolated": {"generator__resampling": "interpolated"},
    "context_encoder": {"generator__architecture": "context_encoder"},
    "globally_locally": {"generator__architecture": "globally_locally"},
}
DISCRIMINATORS = {
    "spectral": {},
    "batch": {"discriminator__normalization": "batch"},
    "global": {"discriminator__architecture": "global"},
    "global_local": {"discriminator__architecture": "global_local"},
}


def config_of(stddev, changes):
    config = Config()
    config.data.image_size = 32
    config.generator.base_filters = 8
    config.generator.num_head_blocks = 1
    config.procedure.num_refinement_blocks = 1
    config.discriminator.base_filters = 8
    config.discriminator.num_scales = 1
    config.generator.init_stddev = config.discriminator.init_stddev = stddev
    for name, value in changes.items():
        section, field = name.split("__")
        setattr(getattr(config, section), field, value)
    return config


def kernels_and_scales(network):
    """The kernels of at least 500 weights, and all of the scales in one array."""
    weights = {name: np.array(v) for name, v in named_weights(network).items()}
    kernels = [v for n, v in weights.items() if n.endswith("kernel") and v.size >= 500]
    scales = [v for n, v in weights.items() if n.endswith("gamma")]
    return kernels, np.concatenate([np.ones(0), *scales])


@pytest.mark.parametrize("stddev", [0.02, 0.1])
@pytest.mark.parametrize("system", list(GENERATORS))
def test_a_generator_starts_with_the_deviation_of_its_field(system, stddev):
    config = config_of(stddev, GENERATORS[system])
    kernels, scales = kernels_and_scales(build.build_generator(config))
    assert len(kernels) > 5 and len(scales) > 50
    for kernel in kernels:
        assert kernel.std() == pytest.approx(stddev, rel=0.15)
    assert scales.mean() == pytest.approx(1.0, abs=stddev / 2)
    assert scales.std() == pytest.approx(stddev, rel=0.25)


@pytest.mark.parametrize("stddev", [0.1, 0.0])
@pytest.mark.parametrize("system", list(DISCRIMINATORS))
def test_a_discriminator_starts_with_its_field_or_by_fan_in(system, stddev):
    config = config_of(stddev, DISCRIMINATORS[system])
    kernels, scales = kernels_and_scales(build.build_discriminator(config))
    assert len(kernels) >= 3
    for kernel in kernels:
        fan_in = np.prod(kernel.shape[:-1])
        expected = stddev or np.sqrt(2.0 / fan_in)
        assert kernel.std() == pytest.approx(expected, rel=0.15)
    if system != "spectral":
        assert len(scales) > 20
        assert scales.std() == pytest.approx(stddev, rel=0.25)

import numpy as np
import pytest

from tf_btgmi.models.discriminator import MultiScaleDiscriminator
from tf_btgmi.models.generator import Generator
from tf_btgmi.models.naming import named_weights


@pytest.fixture
def generator():
    generator = Generator(2, 4, 1, num_head_blocks=1, num_refinement_blocks=1)
    generator.build()
    return generator


def test_a_generators_weights_have_these_names_on_every_version_of_keras(generator):
    normalized = [
        "trainable_0_kernel",
        "trainable_1_gamma",
        "trainable_2_beta",
        "non_trainable_0_moving_mean",
        "non_trainable_1_moving_variance",
    ]
    block = [
        *normalized[:3],
        "trainable_3_kernel",
        "trainable_4_gamma",
        "trainable_5_beta",
        *normalized[3:],
        "non_trainable_2_moving_mean",
        "non_trainable_3_moving_variance",
    ]
    wanted = {"fade_in.non_trainable_0_fade_in_alpha"}
    wanted |= {f"to_image.trainable_{i}" for i in ("0_kernel", "1_bias")}
    for part in ("stem", "front_end_0", "back_end_0"):
        wanted |= {f"{part}.{name}" for name in normalized}
    for part in ("head_block_0", "refinement_block_0"):
        wanted |= {f"{part}.{name}" for name in block}
    assert set(named_weights(generator)) == wanted


def test_a_name_leads_to_the_weight_itself(generator):
    weights = named_weights(generator)
    weights["head_block_0.trainable_4_gamma"].assign([2.0, 3.0, 4.0, 5.0])
    gamma = generator.head_blocks[0].normalization_2.gamma
    np.testing.assert_array_equal(gamma.numpy(), [2.0, 3.0, 4.0, 5.0])


def test_every_weight_of_a_discriminator_has_a_name():
    discriminator = MultiScaleDiscriminator(base_filters=2, num_scales=2)
    discriminator.build()
    weights = named_weights(discriminator)
    # Five layers of a kernel, a bias and a singular vector each.
    assert len(weights) == len(discriminator.weights) == 2 * (5 * 3)
    assert {name.split(".")[0] for name in weights} == {"scale_0", "scale_1"}


def test_a_weight_outside_the_parts_is_an_error(generator):
    class Incomplete:
        name = "incomplete"
        parts = {"stem": generator.stem}
        weights = generator.weights

    with pytest.raises(ValueError, match="are in none of its parts"):
        named_weights(Incomplete())

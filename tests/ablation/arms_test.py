"""The arms: what they change, and nothing else."""

import pytest

from tf_btgmi import config as config_lib
from tf_btgmi.ablation.arms import ARMS, BASE, arm_config
from tf_btgmi.config import Config

WANTED = {
    "base": {},
    "all_blocks": {"procedure.block_wise": False},
    "identity_start": {"generator.refinement_start": "identity"},
    "constant_adversarial": {"procedure.adversarial_annealing": "constant"},
    "perceptual": {"losses.reconstruction": "perceptual"},
    "l1": {"losses.reconstruction": "l1"},
    "l2": {"losses.reconstruction": "l2"},
    "all_fake": {"discriminator.patch_labels": "all_fake"},
    "instance_norm": {"discriminator.normalization": "instance"},
    "all_patches": {"losses.discriminator_patches": "all"},
    "one_scale": {"discriminator.num_scales": 1},
    "interpolated": {"generator.resampling": "interpolated"},
    "dilation_1": {"generator.dilation": 1},
}


def base_config():
    """As `configs/ablation_64.py`, whose discriminators look at the hole's patches."""
    config = Config()
    config.losses.discriminator_patches = "hole"
    return config


def test_the_arms_are_those_of_the_study():
    assert list(ARMS) == list(WANTED)


@pytest.mark.parametrize("name", list(WANTED))
def test_an_arm_differs_from_the_base_in_its_fields_name_and_seed_alone(name):
    base = base_config()
    config = arm_config(base, name, seed=3)
    found = config_lib.differences(base, config)
    assert found.pop("name")[1] == f"{name}-seed3"
    assert found.pop("training.seed")[1] == 3
    assert {path: new for path, (_, new) in found.items()} == WANTED[name]
    assert base == base_config()


def test_an_unknown_arm_and_one_that_is_the_base_itself_are_refused():
    with pytest.raises(ValueError, match="no arm 'l3'; these are: base, all_blocks"):
        arm_config(Config(), "l3", 0)
    base = Config()
    base.generator.dilation = 1
    with pytest.raises(ValueError, match="dilation_1 is the base itself"):
        arm_config(base, "dilation_1", 0)
    assert arm_config(base, BASE, 0).generator.dilation == 1
    base.procedure.num_refinement_blocks = 0
    with pytest.raises(ValueError, match="all_blocks is .* no refinement blocks"):
        arm_config(base, "all_blocks", 0)


def test_an_arm_that_makes_no_sense_together_is_refused():
    base = Config()
    base.losses.reconstruction = "feature_matching"
    base.data.image_size = 36
    with pytest.raises(ValueError, match="image_size must be a multiple of 8"):
        arm_config(base, "l1", 0)

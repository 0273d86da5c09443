"""Arms of the ablation study: the base config with one or more fields changed.

All arms see the same pictures, crops and holes in the same order, since these depend on
the seed and the number of the example only, and train for the same number of steps.
"""

import copy
from typing import Any, NamedTuple

from tf_btgmi import config as config_lib
from tf_btgmi.config import Config
from tf_btgmi.schedules import Schedules

BASE = "base"


class Arm(NamedTuple):
    """One arm.

    Attributes:
        difference: its difference from the base, in words.
        changes: values by dotted path of the field.
    """

    difference: str
    changes: dict[str, Any]


ARMS = {
    BASE: Arm("the method", {}),
    "all_blocks": Arm(
        "all blocks from the first step, not one after the other",
        {"procedure.block_wise": False},
    ),
    "identity_start": Arm(
        "new blocks start as the identity, not as random functions",
        {"generator.refinement_start": "identity"},
    ),
    "constant_adversarial": Arm(
        "adversarial weight constant, not annealed",
        {"procedure.adversarial_annealing": "constant"},
    ),
    "perceptual": Arm(
        "LPIPS of the whole picture, not of patches",
        {"losses.reconstruction": "perceptual"},
    ),
    "l1": Arm("L1 in place of PPL", {"losses.reconstruction": "l1"}),
    "l2": Arm("L2 in place of PPL", {"losses.reconstruction": "l2"}),
    "all_fake": Arm(
        "all patches of a composite labelled fake, not only the hole's",
        {"discriminator.patch_labels": "all_fake"},
    ),
    "instance_norm": Arm(
        "instance normalization in the discriminators, not spectral",
        {"discriminator.normalization": "instance"},
    ),
    "all_patches": Arm(
        "the discriminators' loss over all patches, not only the hole's",
        {"losses.discriminator_patches": "all"},
    ),
    "one_scale": Arm(
        "one discriminator, not one per scale", {"discriminator.num_scales": 1}
    ),
    "interpolated": Arm(
        "interpolated resampling, not strided",
        {"generator.resampling": "interpolated"},
    ),
    "dilation_1": Arm("no dilation in the blocks", {"generator.dilation": 1}),
}


# Arms that change how refinement blocks are trained.
_OF_BLOCKS = ("all_blocks", "identity_start", "constant_adversarial")


def arm_config(base: Config, name: str, seed: int) -> Config:
    """Returns the config of an arm; `base` does not change.

    Raises:
        ValueError: the arm is unknown or changes nothing, or the config is invalid.
    """
    if name not in ARMS:
        raise ValueError(f"There is no arm {name!r}; these are: {', '.join(ARMS)}.")
    if name in _OF_BLOCKS and not base.procedure.num_refinement_blocks:
        raise ValueError(
            f"The arm {name} is the base itself, which has no refinement blocks. Leave "
            "it out of --arms, or change the base."
        )
    config = copy.deepcopy(base)
    for path, value in ARMS[name].changes.items():
        *sections, field = path.split(".")
        node = config
        for section in sections:
            node = getattr(node, section)
        if getattr(node, field) == value:
            raise ValueError(
                f"The arm {name} is the base itself: its config.{path} is {value!r} "
                "already. Leave it out of --arms, or change the base."
            )
        setattr(node, field, value)
    config.name = run_name(name, seed)
    config.training.seed = seed
    config_lib.validate_training(config)
    return config


def run_name(arm: str, seed: int) -> str:
    """Returns the name of one training, used in folders and reports."""
    return f"{arm}-seed{seed}"


def num_steps(config: Config) -> int:
    """Returns the number of steps of a training."""
    return Schedules(config.procedure).plan.total_steps

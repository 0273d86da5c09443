r"""A compact Globally-Locally (Iizuka et al. 2017), comparable with outdoor_128.

Command: python -m tf_btgmi.train --config=configs/globally_locally_outdoor_128.py \
    --workdir=runs/globally_locally_outdoor_128 --config.data.source=folder:PHOTOGRAPHS
Time: not yet measured for all steps; 8 minutes for 600 on two busy AMD cores.
To expect: after 600 steps LPIPS 0.197 with rectangles (docs/log.md, "Earlier systems").

globally_locally_256.py with 32 filters where it has 64, on the pictures and
holes of outdoor_128.py, for as many steps as that has in all: of these 18 % for the
completion network alone and 2 % for the discriminators alone, as there.
"""

from tf_btgmi.config import Config, beside


def get_config() -> Config:
    """The experiment."""
    outdoor = beside(__file__, "outdoor_128")
    config = beside(__file__, "globally_locally_256")
    config.name = "globally_locally_outdoor_128"
    config.data = outdoor.data
    config.masks = outdoor.masks
    config.training = outdoor.training
    config.generator.base_filters = 32
    config.discriminator.base_filters = 32
    config.procedure.head_steps = 75_900
    config.procedure.generator_only_steps = 13_660
    config.procedure.discriminator_only_steps = 1_520
    config.procedure.warmup_steps = 25_000
    config.procedure.warmup_image_size = 64
    return config

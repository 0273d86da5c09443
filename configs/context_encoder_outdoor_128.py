r"""A compact Context Encoder (Pathak et al. 2016), comparable with outdoor_128.

Command: python -m tf_btgmi.train --config=configs/context_encoder_outdoor_128.py \
    --workdir=runs/context_encoder_outdoor_128 --config.data.source=folder:PHOTOGRAPHS
Time: not yet measured for all steps; 2 minutes for 600 on two busy AMD cores.
To expect: after 600 steps LPIPS 0.219 with rectangles (docs/log.md, "Earlier systems").

context_encoder_128.py with 32 filters where it has 64, on the pictures and holes
of outdoor_128.py, for as many steps as that has in all.
"""

from tf_btgmi.config import Config, beside


def get_config() -> Config:
    """The experiment."""
    outdoor = beside(__file__, "outdoor_128")
    config = beside(__file__, "context_encoder_128")
    config.name = "context_encoder_outdoor_128"
    config.data = outdoor.data
    config.masks = outdoor.masks
    config.training = outdoor.training
    config.generator.base_filters = 32
    config.discriminator.base_filters = 32
    config.procedure.head_steps = 75_900
    return config

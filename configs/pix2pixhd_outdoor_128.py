r"""A compact pix2pixHD (Wang et al. 2018), comparable with outdoor_128.

Command: python -m tf_btgmi.train --config=configs/pix2pixhd_outdoor_128.py \
    --workdir=runs/pix2pixhd_outdoor_128 --config.data.source=folder:PHOTOGRAPHS
Time: not yet measured for all steps; 9 minutes for 600 on two busy AMD cores.
To expect: after 600 steps LPIPS 0.189 with rectangles (docs/log.md, "Earlier systems").

pix2pixhd_256.py with the head of outdoor_128.py, on its pictures and holes, for as many
steps as that has in all.
"""

from tf_btgmi.config import Config, beside


def get_config() -> Config:
    """The experiment."""
    outdoor = beside(__file__, "outdoor_128")
    config = beside(__file__, "pix2pixhd_256")
    config.name = "pix2pixhd_outdoor_128"
    config.data = outdoor.data
    config.masks = outdoor.masks
    config.training = outdoor.training
    config.generator.base_filters = 32
    config.generator.max_filters = 128
    config.generator.num_downsamplings = 2
    config.generator.num_head_blocks = 6
    config.discriminator.base_filters = 32
    config.procedure.head_steps = 75_900
    config.procedure.warmup_steps = 25_000
    config.procedure.warmup_image_size = 64
    config.procedure.learning_rate_decay_steps = 37_950
    return config

r"""A compact model for a CPU: outdoor photographs at 128x128, every kind of hole.

Command: python -m tf_btgmi.train --config=configs/outdoor_128.py \
    --workdir=runs/outdoor_128 --config.data.source=folder:PHOTOGRAPHS
Time: not yet measured for these 7,450 steps.
To expect: not yet measured. The bundled btgmi-outdoor-128 has this architecture, but
was trained for 9,758 steps (131 minutes on two busy CPU cores) and with object masks in
the mixture; its card has its numbers.
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="outdoor_128")
    config.data.image_size = 128
    config.data.min_crop = 0.5
    config.data.color_jitter = 0.1
    config.data.num_validation_images = 32
    config.masks.rectangles = 0.5
    config.masks.free_form = 0.35
    config.masks.borders = 0.15
    config.masks.max_hole_ratio = 0.5
    config.generator.base_filters = 24
    config.generator.max_filters = 192
    # 32x32 cells in the middle, as the paper's network has for 256x256.
    config.generator.num_downsamplings = 2
    config.generator.num_head_blocks = 6
    config.discriminator.base_filters = 32
    config.losses.pixel_weight = 10.0
    config.losses.ppl_patch_size = 96
    config.losses.ppl_max_holes = 1
    config.procedure.head_steps = 7_000
    config.procedure.refinement_steps = 150
    config.procedure.fade_in_steps = 100
    config.procedure.warmup_steps = 2_500
    config.procedure.warmup_image_size = 64
    config.training.checkpoint_every_steps = 500
    config.training.checkpoint_every_minutes = 5.0
    config.training.validate_every_steps = 500
    return config

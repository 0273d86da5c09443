r"""A compact pix2pixHD (Wang et al. 2018), comparable with outdoor_128.

Command: python -m tf_btgmi.train --config=configs/pix2pixhd_outdoor_128.py \
    --workdir=runs/pix2pixhd_outdoor_128 --config.data.source=folder:PHOTOGRAPHS
Time: not yet measured for all steps; 9 minutes for 600 on two busy AMD cores.
To expect: after 600 steps LPIPS 0.189 with rectangles (docs/log.md, "Earlier systems").

pix2pixhd_256.py with the head of outdoor_128.py, on its pictures and holes, for as many
steps as that has in all.
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="pix2pixhd_outdoor_128")
    config.data.image_size = 128
    config.data.min_crop = 0.5
    config.data.color_jitter = 0.1
    config.data.num_validation_images = 32
    config.masks.rectangles = 0.45
    config.masks.max_side = 0.6
    config.masks.free_form = 0.25
    config.masks.scratches = 0.03
    config.masks.broad_strokes = 0.07
    config.masks.borders = 0.1
    config.masks.large = 0.1
    config.masks.max_hole_ratio = 0.75
    config.generator.base_filters = 32
    config.generator.max_filters = 128
    config.generator.num_downsamplings = 2
    config.generator.num_head_blocks = 6
    config.generator.normalization = "instance"
    config.generator.dilation = 1
    config.discriminator.base_filters = 32
    config.discriminator.normalization = "instance"
    config.discriminator.patch_labels = "all_fake"
    config.losses.reconstruction = "feature_matching"
    config.procedure.head_steps = 75_900
    config.procedure.warmup_steps = 25_000
    config.procedure.warmup_image_size = 64
    config.procedure.num_refinement_blocks = 0
    config.procedure.learning_rate_decay_steps = 37_950
    config.training.checkpoint_every_steps = 500
    config.training.checkpoint_every_minutes = 5.0
    config.training.validate_every_steps = 500
    return config

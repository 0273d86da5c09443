r"""A compact Context Encoder (Pathak et al. 2016), comparable with outdoor_128.

Command: python -m tf_btgmi.train --config=configs/context_encoder_outdoor_128.py \
    --workdir=runs/context_encoder_outdoor_128 --config.data.source=folder:PHOTOGRAPHS
Time: not yet measured for all steps; 2 minutes for 600 on two busy AMD cores.
To expect: after 600 steps LPIPS 0.219 with rectangles (docs/log.md, "Earlier systems").

context_encoder_128.py with 32 filters where it has 64, on the pictures and holes
of outdoor_128.py, for as many steps as that has in all.
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="context_encoder_outdoor_128")
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
    config.generator.architecture = "context_encoder"
    config.generator.base_filters = 32
    config.generator.num_downsamplings = 5
    config.discriminator.architecture = "global"
    config.discriminator.base_filters = 32
    config.losses.reconstruction = "overlap_l2"
    config.losses.reconstruction_weight = 0.999
    config.losses.adversarial = "bce"
    config.procedure.head_steps = 75_900
    config.procedure.num_refinement_blocks = 0
    config.procedure.learning_rate = 2e-3
    config.procedure.discriminator_learning_rate_factor = 0.1
    config.procedure.adversarial_weight = 0.001
    config.training.checkpoint_every_steps = 500
    config.training.checkpoint_every_minutes = 5.0
    config.training.validate_every_steps = 500
    return config

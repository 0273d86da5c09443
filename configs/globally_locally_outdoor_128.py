r"""A compact Globally-Locally (Iizuka et al. 2017), comparable with outdoor_128.

Command: python -m tf_btgmi.train --config=configs/globally_locally_outdoor_128.py \
    --workdir=runs/globally_locally_outdoor_128 --config.data.source=folder:PHOTOGRAPHS
Time: not yet measured for all steps; 8 minutes for 600 on two busy AMD cores.
To expect: after 600 steps LPIPS 0.197 with rectangles (docs/log.md, "Earlier systems").

globally_locally_256.py with 32 filters where it has 64, on the pictures and
holes of outdoor_128.py, for as many steps as that has in all: of these 18 % for the
completion network alone and 2 % for the discriminators alone, as there.
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="globally_locally_outdoor_128")
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
    config.generator.architecture = "globally_locally"
    config.generator.base_filters = 32
    config.generator.num_downsamplings = 2
    config.discriminator.architecture = "global_local"
    config.discriminator.base_filters = 32
    config.losses.reconstruction = "l2"
    config.losses.reconstruction_weight = 0.25
    config.losses.adversarial = "bce"
    config.procedure.head_steps = 75_900
    config.procedure.generator_only_steps = 13_660
    config.procedure.discriminator_only_steps = 1_520
    config.procedure.warmup_steps = 25_000
    config.procedure.warmup_image_size = 64
    config.procedure.num_refinement_blocks = 0
    config.procedure.optimizer = "adadelta"
    config.procedure.learning_rate = 1.0
    config.procedure.adversarial_weight = 4e-4
    config.training.checkpoint_every_steps = 500
    config.training.checkpoint_every_minutes = 5.0
    config.training.validate_every_steps = 500
    return config

r"""A compact model for a CPU: outdoor photographs at 128x128, every kind of hole.

Command: python -m tf_btgmi.train --config=configs/outdoor_128.py \
    --workdir=runs/outdoor_128 --config.data.source=folder:PHOTOGRAPHS
Time: 12 hours for these 75,900 steps on two idle AMD cores, 8 in bfloat16, by the speed
of single steps (docs/performance.md). The PyTorch twin takes 2,400 images/s on one H200
with discriminators of 64 filters (docs/log.md, "The third filling model").
To expect: the head of the bundled btgmi-outdoor-192 is that of this network after 1.16
million images, with discriminators of 64 filters, batches of 32 and 64, and sizes up to
256 px; two blocks were added on a CPU. Its card has its numbers.
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="outdoor_128")
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
    config.generator.max_filters = 256
    # 32x32 cells in the middle, as the paper's network has for 256x256.
    config.generator.num_downsamplings = 2
    config.generator.num_head_blocks = 6
    config.discriminator.base_filters = 32
    # Measured on fills of a frozen generator and in joint training: docs/log.md.
    config.losses.adversarial = "hinge"
    config.losses.discriminator_patches = "hole"
    config.procedure.discriminator_learning_rate_factor = 3.0
    # Better than 10 by LPIPS-VGG in a run on a GPU: docs/log.md.
    config.losses.pixel_weight = 1.0
    config.losses.ppl_patch_size = 96
    config.losses.ppl_max_holes = 1
    # New blocks learn only so: docs/log.md, "Refinement blocks that can learn".
    config.generator.refinement_start = "identity"
    config.procedure.learning_rate_factor = 1.0
    config.procedure.head_steps = 75_000
    config.procedure.refinement_steps = 300
    config.procedure.fade_in_steps = 200
    config.procedure.warmup_steps = 25_000
    config.procedure.warmup_image_size = 64
    config.training.checkpoint_every_steps = 500
    config.training.checkpoint_every_minutes = 5.0
    config.training.validate_every_steps = 500
    return config

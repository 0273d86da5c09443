r"""The base of the ablation: the method at 64x64, small enough to train many times.

Command: python -m tf_btgmi.ablations --config=configs/ablation_64.py \
    --config.data.source=folder:PHOTOGRAPHS --test=OTHER_PHOTOGRAPHS \
    --output=runs/ablations
Time: 5.3 to 6.1 minutes per training and its evaluation by --lpips_vgg on one AMD core
in bfloat16.
To expect: docs/log.md, "Ablations".
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="ablation_64")
    config.data.image_size = 64
    config.data.min_crop = 0.5
    config.data.num_validation_images = 0
    config.generator.base_filters = 16
    config.generator.max_filters = 64
    # 16x16 cells in the middle; with a third halving dilation would have 8x8.
    config.generator.num_downsamplings = 2
    config.discriminator.base_filters = 16
    config.losses.adversarial = "hinge"
    config.losses.discriminator_patches = "hole"
    config.procedure.discriminator_learning_rate_factor = 3.0
    config.losses.ppl_patch_size = 48
    config.procedure.head_steps = 700
    config.procedure.refinement_steps = 200
    config.procedure.fade_in_steps = 120
    config.training.ema_decay = 0.99
    config.training.checkpoint_every_steps = 200
    config.training.keep_checkpoints = 1
    return config

"""Every part at toy size, to check an installation in a minute or two.

Command: python -m tf_btgmi.train --config=configs/smoke.py --workdir=runs/smoke
Time: a minute and a half on two CPU cores, start and validation included.
To expect: reconstruction falls from 0.74 to 0.36; LPIPS of the six validation
pictures about 0.12.
"""

from tf_btgmi.assets import samples_dir
from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="smoke")
    config.data.source = f"folder:{samples_dir() / 'train'}"
    config.data.validation_source = f"folder:{samples_dir() / 'test'}"
    config.data.num_validation_images = 6
    config.data.image_size = 64
    config.data.min_crop = 0.5
    config.generator.base_filters = 16
    config.generator.max_filters = 128
    config.generator.num_head_blocks = 4
    config.discriminator.base_filters = 16
    config.losses.ppl_patch_size = 48
    config.losses.ppl_max_holes = 1
    config.procedure.head_steps = 300
    config.procedure.refinement_steps = 40
    config.procedure.fade_in_steps = 20
    config.training.ema_decay = 0.99
    config.training.log_every_steps = 10
    config.training.validate_every_steps = 100
    return config

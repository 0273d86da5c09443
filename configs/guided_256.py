r"""Guided inpainting and harmonization at 256x256: one network, two outputs.

Command: python -m tf_btgmi.train --config=configs/guided_256.py \
    --workdir=runs/guided_256 --config.data.source=folder:OBJECTS
where OBJECTS holds `images/` and `masks/` (white = object) with files of the same
names.

Time: not yet measured.
To expect: not yet measured.
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="guided_256", task="guided")
    config.data.min_crop = 0.6
    config.masks.rectangles = 0.5
    config.masks.free_form = 0.5
    config.losses.ppl_max_holes = 1
    # Colours are what `harmonized` is about, and PPL hardly sees them drift.
    config.losses.pixel_region = "hole"
    config.losses.pixel_weight = 4.0
    return config

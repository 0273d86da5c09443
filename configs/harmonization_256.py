r"""Harmonization alone at 256x256: foregrounds of wrong colours, nothing to fill.

Command: python -m tf_btgmi.train --config=configs/harmonization_256.py \
    --workdir=runs/harmonization_256 --config.data.source=folder:OBJECTS
where OBJECTS holds `images/` and `masks/` (white = object) with files of the same
names.

Time: not yet measured.
To expect: not yet measured.
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="harmonization_256", task="harmonization")
    config.data.min_crop = 0.6
    config.losses.ppl_max_holes = 1
    # Colours are what `harmonized` is about, and PPL hardly sees them drift.
    config.losses.pixel_region = "hole"
    config.losses.pixel_weight = 4.0
    return config

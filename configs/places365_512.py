r"""Places365 at 512x512: a fourth down/up pair, filters capped at 1024.

Command: python -m tf_btgmi.train --config=configs/places365_512.py \
    --workdir=runs/places365_512 \
    --config.data.source=folder:PLACES365_LARGE
TensorFlow Datasets has these pictures at 256 pixels only: take a folder of the large
ones.

Time: not yet measured.
To expect: not yet measured.
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="places365_512")
    config.data.image_size = 512
    config.generator.num_downsamplings = 4
    config.generator.max_filters = 1024
    config.losses.ppl_patch_size = 256
    return config

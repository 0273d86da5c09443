r"""COCO at 256x256: the paper's model and procedure (Alg. 1).

Command: python -m tf_btgmi.train --config=configs/coco_256.py \
    --workdir=runs/coco_256
Time: not yet measured.
To expect: not yet measured.
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="coco_256")
    config.data.source = "tfds:coco/2017:train"
    config.data.validation_source = "tfds:coco/2017:validation"
    return config

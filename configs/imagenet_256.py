r"""ImageNet at 256x256: the paper's model and procedure (Alg. 1).

Command: python -m tf_btgmi.train --config=configs/imagenet_256.py \
    --workdir=runs/imagenet_256
Time: not yet measured.
To expect: not yet measured.
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="imagenet_256")
    config.data.source = "tfds:imagenet2012:train"
    config.data.validation_source = "tfds:imagenet2012:validation"
    return config

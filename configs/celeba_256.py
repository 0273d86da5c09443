r"""CelebA at 256x256: the paper's model and procedure (Alg. 1).

Command: python -m tf_btgmi.train --config=configs/celeba_256.py \
    --workdir=runs/celeba_256
Time: not yet measured.
To expect: not yet measured.
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="celeba_256")
    config.data.source = "tfds:celeb_a:train"
    config.data.validation_source = "tfds:celeb_a:validation"
    # The faces are aligned; a smaller crop would lose parts of them.
    config.data.min_crop = 1.0
    return config

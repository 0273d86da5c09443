r"""Places365 at 256x256: the paper's model and procedure (Alg. 1).

Command: python -m tf_btgmi.train --config=configs/places365_256.py \
    --workdir=runs/places365_256
Time: not yet measured.
To expect: not yet measured. The paper's discriminator loss over all patches is slow to
learn at this size; with --config.losses.adversarial=hinge and
--config.losses.discriminator_patches=hole it learns faster (docs/log.md).
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="places365_256")
    config.data.source = "tfds:places365_small:train"
    config.data.validation_source = "tfds:places365_small:validation"
    return config

r"""Globally-Locally (Iizuka et al. 2017) at 256x256, the paper's size.

Command: python -m tf_btgmi.train --config=configs/globally_locally_256.py \
    --workdir=runs/globally_locally_256 --config.data.source=folder:PHOTOGRAPHS
Time: not yet measured.
To expect: not yet measured.

From the paper: both networks, L2 in the hole (`l2` is of the composite, which differs
in the hole alone), 0.0004 as weight of the adversarial loss, 90,000 steps of the
completion network, 10,000 of the discriminators, 400,000 of both, batches of 96,
AdaDelta. It gives no rate for AdaDelta; here it is Zeiler's, 1. Its pictures are in
[0, 1], so that its squared differences are a quarter of those here: hence 0.25 as
weight of L2. The holes are those of all systems here.
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="globally_locally_256")
    config.data.global_batch_size = 96
    config.generator.architecture = "globally_locally"
    config.generator.num_downsamplings = 2
    config.discriminator.architecture = "global_local"
    config.losses.reconstruction = "l2"
    config.losses.reconstruction_weight = 0.25
    config.losses.adversarial = "bce"
    config.procedure.head_steps = 500_000
    config.procedure.generator_only_steps = 90_000
    config.procedure.discriminator_only_steps = 10_000
    config.procedure.num_refinement_blocks = 0
    config.procedure.optimizer = "adadelta"
    config.procedure.learning_rate = 1.0
    config.procedure.adversarial_weight = 4e-4
    return config

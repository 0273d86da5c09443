r"""The Context Encoder (Pathak et al. 2016) at 128x128, the size of its authors' code.

Command: python -m tf_btgmi.train --config=configs/context_encoder_128.py \
    --workdir=runs/context_encoder_128 --config.data.source=folder:PHOTOGRAPHS
Time: not yet measured.
To expect: not yet measured.

From the paper and its authors' code: the network and its widths, 0.999 and 0.001 as
weights of L2 and adversarial loss, ten times the L2 in a band of 7 pixels around the
hole, one discriminator of the whole picture with cross-entropy, Adam with 0.0002
for the discriminator and ten times that for the generator, batches of 64. Not from
them: the number of steps, which they do not state, and the holes, which are those of
all systems here. models/baselines.py lists other differences.
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="context_encoder_128")
    config.data.image_size = 128
    config.data.global_batch_size = 64
    config.generator.architecture = "context_encoder"
    config.generator.num_downsamplings = 5
    config.discriminator.architecture = "global"
    config.losses.reconstruction = "overlap_l2"
    config.losses.reconstruction_weight = 0.999
    config.losses.adversarial = "bce"
    config.procedure.head_steps = 100_000
    config.procedure.num_refinement_blocks = 0
    config.procedure.learning_rate = 2e-3
    config.procedure.discriminator_learning_rate_factor = 0.1
    config.procedure.adversarial_weight = 0.001
    return config

r"""pix2pixHD (Wang et al. 2018) at 256x256, as the paper compares with it.

Command: python -m tf_btgmi.train --config=configs/pix2pixhd_256.py \
    --workdir=runs/pix2pixhd_256 --config.data.source=folder:PHOTOGRAPHS
Time: not yet measured.
To expect: not yet measured.

From the paper: instance normalization and blocks without dilation, three PatchGANs that
label every patch of a composite fake, feature matching with weight 10, LSGAN, Adam with
0.0002 and momentum 0.5, a rate that falls to 0 over the second half. Not from it: three
halvings, not four, so that the network is the head of this project's; batches of 8, as
in all configs here; the number of steps. Its additional VGG term is left out.
"""

from tf_btgmi.config import Config


def get_config() -> Config:
    """The experiment."""
    config = Config(name="pix2pixhd_256")
    config.generator.normalization = "instance"
    config.generator.dilation = 1
    config.discriminator.normalization = "instance"
    config.discriminator.patch_labels = "all_fake"
    config.losses.reconstruction = "feature_matching"
    config.procedure.num_refinement_blocks = 0
    config.procedure.learning_rate_decay_steps = 75_000
    return config

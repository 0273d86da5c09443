"""Networks from a config: where its fields become constructor arguments."""

from tf_btgmi.config import Config
from tf_btgmi.models.discriminator import MultiScaleDiscriminator
from tf_btgmi.models.generator import Generator


def build_generator(config: Config) -> Generator:
    """The generator with all of its variables made; `stage` is the last one."""
    fields = config.generator
    generator = Generator(
        base_filters=fields.base_filters,
        max_filters=fields.max_filters,
        num_downsamplings=fields.num_downsamplings,
        num_head_blocks=fields.num_head_blocks,
        num_refinement_blocks=config.procedure.num_refinement_blocks,
        dilation=fields.dilation,
        dilated_convolutions=fields.dilated_convolutions,
        normalization=fields.normalization,
        resampling=fields.resampling,
    )
    generator.build()
    return generator


def build_discriminator(config: Config) -> MultiScaleDiscriminator:
    """The discriminator with all of its variables made."""
    discriminator = MultiScaleDiscriminator(
        base_filters=config.discriminator.base_filters,
        num_scales=config.discriminator.num_scales,
    )
    discriminator.build()
    return discriminator

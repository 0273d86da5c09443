"""Networks and stages from a config: where its fields become plain values."""

from tf_btgmi.config import Config
from tf_btgmi.models.discriminator import MultiScaleDiscriminator
from tf_btgmi.models.generator import HARMONIZED, INPAINTED, Generator
from tf_btgmi.schedules import StagePlan

OUTPUTS_OF_TASKS = {
    "inpainting": (INPAINTED,),
    "object_removal": (INPAINTED,),
    "harmonization": (HARMONIZED,),
    "guided": (INPAINTED, HARMONIZED),
}


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
        outputs=OUTPUTS_OF_TASKS[config.task],
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


def stage_plan(config: Config) -> StagePlan:
    """The stages that `config.procedure` describes."""
    return StagePlan(
        head_steps=config.procedure.head_steps,
        refinement_steps=config.procedure.refinement_steps,
        num_refinement_blocks=config.procedure.num_refinement_blocks,
    )


def num_active_blocks(config: Config, step: int) -> int:
    """Refinement blocks that run at `step`: the stage, or all where not block-wise."""
    if not config.procedure.block_wise:
        return config.procedure.num_refinement_blocks
    return stage_plan(config).stage(step)

"""Builds networks from a config, turning its fields into plain values."""

from tf_btgmi.config import OUTPUTS_OF_TASKS, Config
from tf_btgmi.models.baseline_discriminators import (
    GlobalDiscriminator,
    GlobalLocalDiscriminator,
)
from tf_btgmi.models.baselines import CompletionNetwork, ContextEncoder
from tf_btgmi.models.discriminator import MultiScaleDiscriminator
from tf_btgmi.models.generator import Generator


def build_generator(config: Config, calibrated: bool = True):
    """Builds the generator with all variables; its `stage` is the last one.

    Args:
        config: the experiment.
        calibrated: whether `change_share` and `mismatch_share` are the config's; in
            training they are 1 and 0.

    Returns:
        A `Generator`, or an earlier system's with the same properties.
    """
    generator = _generator(config, calibrated)
    generator.build()
    return generator


def build_discriminator(config: Config):
    """Builds the discriminator with all variables.

    Returns:
        A `MultiScaleDiscriminator`, or that of an earlier system.
    """
    discriminator = _discriminator(config)
    discriminator.build()
    return discriminator


def _generator(config, calibrated):
    fields = config.generator
    common = {
        "base_filters": fields.base_filters,
        "num_downsamplings": fields.num_downsamplings,
        "normalization": fields.normalization,
        "init_stddev": fields.init_stddev,
    }
    if fields.architecture == "context_encoder":
        return ContextEncoder(image_size=config.data.image_size, **common)
    if fields.architecture == "globally_locally":
        return CompletionNetwork(**common)
    return Generator(
        max_filters=fields.max_filters,
        num_head_blocks=fields.num_head_blocks,
        num_refinement_blocks=config.procedure.num_refinement_blocks,
        dilation=fields.dilation,
        dilated_convolutions=fields.dilated_convolutions,
        refinement_start=fields.refinement_start,
        resampling=fields.resampling,
        outputs=OUTPUTS_OF_TASKS[config.task],
        harmonized_change=fields.harmonized_change,
        change_share=fields.change_share if calibrated else 1.0,
        mismatch_share=fields.mismatch_share if calibrated else 0.0,
        **common,
    )


def _discriminator(config):
    fields = config.discriminator
    if fields.architecture == "multi_scale":
        return MultiScaleDiscriminator(
            fields.base_filters,
            fields.num_scales,
            fields.normalization,
            fields.init_stddev,
        )
    size = config.data.image_size
    if fields.architecture == "global":
        return GlobalDiscriminator(size, fields.base_filters, fields.init_stddev)
    return GlobalLocalDiscriminator(
        size,
        fields.base_filters,
        # 1024 for the paper's 64 filters.
        num_features=16 * fields.base_filters,
        init_stddev=fields.init_stddev,
    )

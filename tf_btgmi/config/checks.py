"""Validation of a config: the limits of each field, and relations between fields."""

import math

from tf_btgmi.config.fields import walk
from tf_btgmi.config.schema import (
    GUIDED_KINDS,
    MASK_KINDS,
    Config,
    GuidedConfig,
    MaskConfig,
)
from tf_btgmi.wording import did_you_mean

# Of a square of a decimal fraction.
_ROUNDING = 1e-9


def validate(config: Config) -> None:
    """Validates every field and the relations that a trained model depends on.

    Raises:
        ValueError: with the field, its valid values and its value.
    """
    for path, metadata, value in walk(config):
        _check_limits(path, metadata, value)
    _check_sides(config)
    _check_masks(config.masks)
    _check_guided(config.guided)
    _check_earlier_systems(config)
    if config.procedure.fade_in_steps >= config.procedure.refinement_steps:
        # fade_in_alpha would not be 1 in the last step of a stage.
        raise ValueError(
            "config.procedure.fade_in_steps must be below refinement_steps "
            f"({config.procedure.refinement_steps}); it is "
            f"{config.procedure.fade_in_steps}."
        )


def validate_training(config: Config) -> None:
    """Validates a config to be trained; a model trained earlier may fail these checks.

    Raises:
        ValueError: see `validate`; or no step to train, or no hole within the limits.
    """
    validate(config)
    _check_hole_ratios(config)
    if not config.procedure.head_steps and not config.procedure.num_refinement_blocks:
        raise ValueError(
            "config.procedure.head_steps or num_refinement_blocks must be above 0: "
            "there is no step to train."
        )


def _check_limits(path: str, metadata, value) -> None:
    choices = metadata.get("choices")
    if choices and value not in choices:
        hint = did_you_mean(str(value), choices, repr)
        raise ValueError(
            f"config.{path} must be one of {', '.join(choices)}; it is {value!r}{hint}"
        )
    low, high = metadata.get("range", (None, None))
    # Not a number is within no range.
    if low is not None and not low <= value <= high:
        limits = f"at least {low:g}" if high == math.inf else f"{low:g} to {high:g}"
        raise ValueError(f"config.{path} must be {limits}; it is {value}.")


def _check_sides(config: Config) -> None:
    sides = [("data.image_size", config.data.image_size, 32)]
    if config.procedure.warmup_steps:
        # Other losses than LPIPS of the whole picture need no more.
        least = 32 if config.losses.reconstruction == "perceptual" else 16
        side = config.procedure.warmup_image_size
        sides.append(("procedure.warmup_image_size", side, least))
    multiple = 2**config.generator.num_downsamplings
    for path, side, least in sides:
        if side % multiple or side < least:
            raise ValueError(
                f"config.{path} must be a multiple of {multiple} (2 to the power of "
                f"generator.num_downsamplings) and at least {least}; it is {side}."
            )
    if config.procedure.warmup_steps > config.procedure.head_steps:
        raise ValueError(
            "config.procedure.warmup_steps must not be more than head_steps "
            f"({config.procedure.head_steps}); it is {config.procedure.warmup_steps}."
        )


def _check_masks(masks: MaskConfig) -> None:
    if not sum(getattr(masks, kind) for kind in MASK_KINDS) > 0:
        raise ValueError(
            f"At least one of config.masks.{{{', '.join(MASK_KINDS)}}} must be above 0."
        )
    for low, high in (("min_side", "max_side"), ("min_hole_ratio", "max_hole_ratio")):
        if getattr(masks, low) > getattr(masks, high):
            raise ValueError(
                f"config.masks.{low} ({getattr(masks, low)}) must not be more than "
                f"{high} ({getattr(masks, high)})."
            )
    if masks.objects > 0 and not masks.objects_folder:
        raise ValueError(
            "config.masks.objects is above 0, so config.masks.objects_folder must "
            "name a folder of mask pictures (white = object)."
        )


def _check_hole_ratios(config: Config) -> None:
    drawn = {"inpainting": 1.0, "guided": config.guided.plain_holes}
    if not drawn.get(config.task):
        return
    masks = config.masks
    # Other holes would be drawn instead of these.
    for kind, fields, smallest, largest in (
        ("centre", "centre_side", masks.centre_side**2, masks.centre_side**2),
        (
            "rectangles",
            "min_side, max_side and max_num_rectangles",
            masks.min_side**2,
            masks.max_num_rectangles * masks.max_side**2,
        ),
    ):
        fits = (
            smallest <= masks.max_hole_ratio + _ROUNDING
            and largest >= masks.min_hole_ratio - _ROUNDING
        )
        if getattr(masks, kind) > 0 and not fits:
            raise ValueError(
                f"config.masks.{kind} is above 0, but by {fields} no such hole is "
                f"within min_hole_ratio ({masks.min_hole_ratio}) and max_hole_ratio "
                f"({masks.max_hole_ratio}). Change them, or set config.masks.{kind}=0."
            )


def _check_guided(guided: GuidedConfig) -> None:
    if not sum(getattr(guided, kind) for kind in GUIDED_KINDS) > 0:
        raise ValueError(
            f"At least one of config.guided.{{{', '.join(GUIDED_KINDS)}}} must be "
            "above 0."
        )
    if guided.min_object > guided.max_object:
        raise ValueError(
            f"config.guided.min_object ({guided.min_object}) must not be more than "
            f"max_object ({guided.max_object})."
        )


def _check_earlier_systems(config: Config) -> None:
    procedure = config.procedure
    architecture = config.generator.architecture
    if architecture != "residual" and config.task not in (
        "inpainting",
        "object_removal",
    ):
        raise ValueError(
            f"config.task={config.task} needs generator.architecture=residual; it is "
            f"{architecture}."
        )
    if architecture != "residual" and procedure.num_refinement_blocks:
        raise ValueError(
            "config.procedure.num_refinement_blocks must be 0 with "
            f"generator.architecture={architecture}, which has none; it is "
            f"{procedure.num_refinement_blocks}."
        )
    if (
        config.losses.reconstruction == "feature_matching"
        and config.discriminator.architecture != "multi_scale"
    ):
        raise ValueError(
            "config.losses.reconstruction=feature_matching needs "
            "discriminator.architecture=multi_scale; it is "
            f"{config.discriminator.architecture}."
        )
    if (
        config.losses.reconstruction == "feature_matching"
        and procedure.generator_only_steps
    ):
        raise ValueError(
            "config.procedure.generator_only_steps must be 0 with "
            "losses.reconstruction=feature_matching, which needs the discriminator; it "
            f"is {procedure.generator_only_steps}."
        )
    alone = procedure.generator_only_steps + procedure.discriminator_only_steps
    if alone > procedure.head_steps:
        raise ValueError(
            "config.procedure.generator_only_steps and discriminator_only_steps "
            f"together must not be more than head_steps ({procedure.head_steps}); they "
            f"are {alone}."
        )

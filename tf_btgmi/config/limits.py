"""Valid values of each field by itself."""

import difflib
import math

from tf_btgmi.config.fields import value_of
from tf_btgmi.config.schema import OUTPUTS_OF_TASKS, Config

CHOICES = {
    "task": tuple(OUTPUTS_OF_TASKS),
    "generator.architecture": ("residual", "context_encoder", "globally_locally"),
    "generator.dilated_convolutions": ("first", "both"),
    "generator.normalization": ("batch", "instance"),
    "generator.resampling": ("strided", "interpolated"),
    "discriminator.architecture": ("multi_scale", "global", "global_local"),
    "discriminator.normalization": ("spectral", "batch", "instance", "none"),
    "discriminator.patch_labels": ("hole", "all_fake"),
    "losses.reconstruction": (
        "ppl",
        "perceptual",
        "l1",
        "l2",
        "overlap_l2",
        "feature_matching",
    ),
    "losses.pixel_region": ("picture", "hole"),
    "losses.adversarial": ("lsgan", "bce", "hinge"),
    "losses.discriminator_patches": ("all", "hole"),
    "procedure.optimizer": ("adam", "adadelta"),
    "procedure.adversarial_annealing": ("stepwise", "linear", "constant"),
    "training.precision": ("float32", "mixed_bfloat16", "mixed_float16"),
}
# Smallest and largest valid value. Sizes of networks are limited, so that the config of
# somebody else's model cannot exhaust the memory.
RANGES = {
    "data.num_validation_images": (0, math.inf),
    "data.image_size": (16, 8_192),
    "data.global_batch_size": (1, math.inf),
    "data.min_crop": (0.05, 1.0),
    "data.color_jitter": (0.0, 0.9),
    "data.shuffle_buffer": (1, math.inf),
    "masks.rectangles": (0.0, math.inf),
    "masks.centre": (0.0, math.inf),
    "masks.free_form": (0.0, math.inf),
    "masks.objects": (0.0, math.inf),
    "masks.borders": (0.0, math.inf),
    "masks.scratches": (0.0, math.inf),
    "masks.broad_strokes": (0.0, math.inf),
    "masks.large": (0.0, math.inf),
    "masks.object_margin": (0.0, 0.25),
    "masks.max_num_rectangles": (1, 16),
    "masks.min_side": (0.01, 1.0),
    "masks.max_side": (0.01, 1.0),
    "masks.centre_side": (0.01, 1.0),
    "masks.min_hole_ratio": (0.0, 1.0),
    "masks.max_hole_ratio": (0.0, 1.0),
    "guided.box_gaps": (0.0, math.inf),
    "guided.band_gaps": (0.0, math.inf),
    "guided.empty_gaps": (0.0, math.inf),
    "guided.object_holes": (0.0, math.inf),
    "guided.plain_holes": (0.0, math.inf),
    "guided.max_box_margin": (0.0, 0.5),
    "guided.max_band": (0.01, 0.5),
    "guided.min_object": (0.001, 0.9),
    "guided.max_object": (0.001, 0.9),
    "guided.statistics": (0.0, 1.0),
    "guided.min_strength": (0.0, 1.0),
    "guided.harder_changes": (0.0, 1.0),
    "guided.max_gamma": (1.0, 4.0),
    "guided.max_contrast": (1.0, 4.0),
    "guided.max_hue": (0.0, 0.5),
    "guided.max_saturation": (1.0, 8.0),
    "guided.max_gradient": (0.0, 1.0),
    "guided.shifts": (0.0, 1.0),
    "guided.clashing": (0.0, 1.0),
    "guided.regions": (0.0, 1.0),
    "generator.base_filters": (1, 1_024),
    "generator.max_filters": (1, 4_096),
    "generator.num_downsamplings": (1, 6),
    "generator.num_head_blocks": (1, 64),
    "generator.dilation": (1, 64),
    "generator.init_stddev": (1e-6, 1.0),
    "discriminator.init_stddev": (0.0, 1.0),
    "discriminator.base_filters": (1, 1_024),
    "discriminator.num_scales": (1, 6),
    "losses.reconstruction_weight": (0.0, math.inf),
    "losses.pixel_weight": (0.0, math.inf),
    # AlexNet's last pooling has no output below 31 pixels.
    "losses.ppl_patch_size": (31, math.inf),
    "losses.ppl_context_margin": (1.0, math.inf),
    "losses.ppl_jitter": (0.0, 64.0),
    "losses.ppl_max_holes": (1, 16),
    "procedure.head_steps": (0, math.inf),
    "procedure.num_refinement_blocks": (0, 32),
    "procedure.refinement_steps": (1, math.inf),
    "procedure.fade_in_steps": (0, math.inf),
    "procedure.adam_beta_1": (0.0, 0.9999),
    "procedure.adam_beta_2": (0.0, 0.999999),
    "procedure.learning_rate": (1e-12, 1.0),
    "procedure.learning_rate_factor": (0.0, 1.0),
    "procedure.learning_rate_decay_steps": (0, math.inf),
    "procedure.discriminator_learning_rate_factor": (0.0, 1e3),
    "procedure.discriminator_steps": (1, 16),
    "procedure.adversarial_weight": (0.0, math.inf),
    "procedure.adversarial_weight_factor": (0.0, 1.0),
    "procedure.warmup_steps": (0, math.inf),
    "procedure.warmup_image_size": (0, math.inf),
    "procedure.generator_only_steps": (0, math.inf),
    "procedure.discriminator_only_steps": (0, math.inf),
    "training.seed": (0, 2**31 - 1),
    "training.ema_decay": (0.0, 1.0),
    "training.checkpoint_every_steps": (1, math.inf),
    "training.checkpoint_every_minutes": (0.0, math.inf),
    "training.keep_checkpoints": (1, math.inf),
    "training.log_every_steps": (1, math.inf),
    "training.validate_every_steps": (1, math.inf),
}


def check_limits(config: Config) -> None:
    """Validates every field that has choices or a range.

    Raises:
        ValueError: with the field, its valid values and its value.
    """
    for path, choices in CHOICES.items():
        value = value_of(config, path)
        if value not in choices:
            wanted = ", ".join(choices)
            raise ValueError(
                f"config.{path} must be one of {wanted}; it is {value!r}"
                f"{_near_miss(str(value), choices)}"
            )
    for path, (low, high) in RANGES.items():
        value = value_of(config, path)
        if not low <= value <= high:
            wanted = f"at least {low:g}" if high == math.inf else f"{low:g} to {high:g}"
            raise ValueError(f"config.{path} must be {wanted}; it is {value}.")


def _near_miss(value: str, choices) -> str:
    near = difflib.get_close_matches(value, choices, n=1)
    return f"; did you mean {near[0]!r}?" if near else "."

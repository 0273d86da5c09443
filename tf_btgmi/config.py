"""What an experiment is: a tree of dataclasses, its checks and its JSON form.

Every constant of the method (Secs. 3.1 to 3.3 and Alg. 1 of the paper) is a field
here with the paper's value as its default, so `Config()` is the paper's model at
256x256. A file in `configs/` changes what its experiment changes and nothing else.

`--config=FILE.py` calls that file's `get_config()`; `--config=FILE.json` reads what an
earlier run wrote, through `get_config` below.
"""

import dataclasses
import difflib
import json
import math
import os
from dataclasses import dataclass, field
from typing import Any, Dict


@dataclass
class DataConfig:
    """Where pictures come from and how a training example is cut from them.

    Attributes:
        source: `folder:PATH`, `tfds:NAME[:SPLIT]` or `tfrecord:GLOB`.
        validation_source: the same, for validation; empty holds out
            `num_validation_images` pictures of `source`, which are never trained on.
        num_validation_images: pictures that validation uses.
        image_size: side of a training example in pixels.
        global_batch_size: examples a step, over all replicas and workers.
        min_crop: smallest side of the random square crop, as a share of the
            picture's shorter side; the largest is 1.
        random_flip: whether half of the crops are mirrored left to right.
        color_jitter: largest relative change of brightness, contrast and saturation.
        shuffle_buffer: records that the streaming sources (TFDS, TFRecord) hold to
            shuffle; a folder is shuffled as a whole.
    """

    source: str = ""
    validation_source: str = ""
    num_validation_images: int = 16
    image_size: int = 256
    global_batch_size: int = 8
    min_crop: float = 0.8
    random_flip: bool = True
    color_jitter: float = 0.0
    shuffle_buffer: int = 2048


@dataclass
class MaskConfig:
    """Holes: a mixture of kinds by weight, within limits of the hole ratio.

    Attributes:
        rectangles: weight of one or more rectangles anywhere.
        centre: weight of one square in the middle.
        free_form: weight of brush strokes.
        objects: weight of object shapes out of `objects_folder`.
        borders: weight of outpainting borders.
        max_num_rectangles: rectangles are 1 to this many.
        min_side: shortest side of a rectangle, as a share of the picture's side.
        max_side: longest side of a rectangle, as a share of the picture's side.
        centre_side: side of the centre square, as a share of the picture's side.
        objects_folder: folder of mask pictures, white = object.
        min_hole_ratio: smallest share of the picture that is hole.
        max_hole_ratio: largest share of the picture that is hole.
    """

    rectangles: float = 1.0
    centre: float = 0.0
    free_form: float = 0.0
    objects: float = 0.0
    borders: float = 0.0
    max_num_rectangles: int = 2
    min_side: float = 0.25
    max_side: float = 0.5
    centre_side: float = 0.25
    objects_folder: str = ""
    min_hole_ratio: float = 0.0
    max_hole_ratio: float = 0.6


@dataclass
class GuidedConfig:
    """Examples with a foreground whose colours are wrong (Sec. 3.4).

    What an example of the task `guided` is, is drawn by the first five weights.
    `harmonization` has empty gaps only, `object_removal` object holes only.

    Attributes:
        box_gaps: weight of gaps that are all of the box around the foreground.
        band_gaps: weight of gaps that are a band around the foreground.
        empty_gaps: weight of foregrounds without a gap.
        object_holes: weight of holes in the shape of another picture's object, with
            no foreground.
        plain_holes: weight of the holes that `masks` describes, with no foreground.
        max_box_margin: the box is larger than the foreground's by at most this share
            of the picture's side, on every side.
        max_band: widest band around a foreground, as a share of the picture's side.
        min_object: smallest share of the picture that a foreground takes.
        max_object: largest share of the picture that a foreground takes.
        statistics: probability that a foreground is given the colour statistics of
            another picture.
        min_strength: that is done in full or in part, at least to this share.
        harder_changes: probability of each of the changes below; where nothing at all
            is drawn, the statistics are given.
        max_gamma: exponents are between 1 over this and this.
        max_contrast: factors of contrast are between 1 over this and this.
        max_hue: hues turn by at most this share of a full turn, either way.
        max_saturation: factors of saturation are between 1 over this and this.
        max_gradient: a gradient of light changes values by at most this share.
    """

    box_gaps: float = 1.0
    band_gaps: float = 1.0
    empty_gaps: float = 0.5
    object_holes: float = 0.25
    plain_holes: float = 0.75
    max_box_margin: float = 0.06
    max_band: float = 0.08
    min_object: float = 0.01
    max_object: float = 0.5
    statistics: float = 0.8
    min_strength: float = 0.4
    harder_changes: float = 0.3
    max_gamma: float = 1.8
    max_contrast: float = 1.5
    max_hue: float = 0.1
    max_saturation: float = 2.0
    max_gradient: float = 0.4


@dataclass
class GeneratorConfig:
    """The generator head (Sec. 3.1), or the generator of an earlier system.

    Attributes:
        architecture: `residual` (the paper's), `context_encoder` or
            `globally_locally`; the last two have neither head nor refinement blocks
            and take no more of these fields than `base_filters`, `num_downsamplings`
            and `normalization`.
        base_filters: filters of the first convolution.
        max_filters: cap on the filters of the later ones.
        num_downsamplings: stride-2 convolutions, and as many transposed ones.
        num_head_blocks: residual blocks of the head.
        dilation: dilation of the residual blocks.
        dilated_convolutions: which convolutions of a block are dilated: `first`
            (as in the authors' code) or `both`.
        normalization: `batch` (synchronised over replicas) or `instance`.
        resampling: `strided` or `interpolated` (the ablation of Sec. 3.1).
        harmonized_change: whether a `harmonized` picture is the one that comes in
            with its colours changed by an affine map at every pixel, which keeps its
            detail and takes in how they mismatch across the object's edge, or made
            from features alone.
    """

    architecture: str = "residual"
    base_filters: int = 64
    max_filters: int = 512
    num_downsamplings: int = 3
    num_head_blocks: int = 9
    dilation: int = 2
    dilated_convolutions: str = "first"
    normalization: str = "batch"
    resampling: str = "strided"
    harmonized_change: bool = True


@dataclass
class DiscriminatorConfig:
    """The improved multi-scale discriminator (Sec. 3.2), or an earlier system's.

    Attributes:
        architecture: `multi_scale` (the paper's), `global` (the Context Encoder's) or
            `global_local` (Globally-Locally's); the last two give one verdict a
            picture.
        base_filters: filters of the first convolution; doubled three times.
        num_scales: PatchGANs of `multi_scale`, at scales 1, 1/2, 1/4 and so on.
        patch_labels: `hole` labels exactly the patches that meet the hole fake;
            `all_fake` labels every patch of a composite fake (the ablation).
    """

    architecture: str = "multi_scale"
    base_filters: int = 64
    num_scales: int = 3
    patch_labels: str = "hole"


@dataclass
class LossConfig:
    """The objective (Sec. 3.2).

    Attributes:
        reconstruction: `ppl`, `perceptual` (LPIPS of the whole picture), `l1`, `l2`,
            and those of earlier systems: `overlap_l2` (in the hole and, ten times as
            heavy, in a band around it) and `feature_matching` (in a `multi_scale`
            discriminator).
        reconstruction_weight: weight of the reconstruction term.
        pixel_weight: weight of an L1 term beside it, against drifting colours. The
            paper has none.
        pixel_region: that term is the mean over the whole `picture`, or over the
            `hole` (or foreground), so that a small one counts as much as a large one.
        adversarial: `lsgan`, `bce` or `hinge`.
        ppl_patch_size: side in pixels that both patches of PPL are resized to.
        ppl_context_margin: side of the context box over that of the hole box.
        ppl_max_holes: boxes an example; with more holes than that, the smallest
            share the last box.
    """

    reconstruction: str = "ppl"
    reconstruction_weight: float = 10.0
    pixel_weight: float = 0.0
    pixel_region: str = "picture"
    adversarial: str = "lsgan"
    ppl_patch_size: int = 128
    ppl_context_margin: float = 1.5
    ppl_max_holes: int = 2


@dataclass
class ProcedureConfig:
    """Block-wise training with adversarial loss annealing (Sec. 3.3, Alg. 1).

    Attributes:
        head_steps: steps of stage 0, the head alone.
        num_refinement_blocks: stages after it, one refinement block each.
        refinement_steps: steps of each of those stages.
        fade_in_steps: steps in which a new block's `fade_in_alpha` goes from 0 to 1.
        block_wise: False trains all blocks from the first step (the ablation).
        restart_optimizer: whether a stage starts with a fresh generator optimizer;
            a new block's moments are biased otherwise.
        optimizer: `adam` or `adadelta`, of both networks.
        learning_rate: the optimizer's learning rate in stage 0.
        learning_rate_factor: stage i has this to the power i times that rate.
        learning_rate_decay_steps: last steps of the run, in which the rate falls
            linearly to 0.
        discriminator_learning_rate_factor: the discriminator has this times the
            generator's rate.
        adversarial_weight: the generator's adversarial weight in stage 0.
        adversarial_weight_factor: stage i has this to the power i times that weight.
        adversarial_annealing: `stepwise` (the paper), `linear` or `constant`.
        warmup_steps: first steps of the head stage, trained at `warmup_image_size`.
        warmup_image_size: side of the examples in those steps, in pixels.
        generator_only_steps: first steps of the head stage, which train the generator
            alone, by its reconstruction alone.
        discriminator_only_steps: steps after those, which train the discriminator
            alone.
    """

    head_steps: int = 150_000
    num_refinement_blocks: int = 3
    refinement_steps: int = 1_500
    fade_in_steps: int = 1_000
    block_wise: bool = True
    restart_optimizer: bool = True
    optimizer: str = "adam"
    learning_rate: float = 2e-4
    learning_rate_factor: float = 0.1
    learning_rate_decay_steps: int = 0
    discriminator_learning_rate_factor: float = 1.0
    adversarial_weight: float = 1.0
    adversarial_weight_factor: float = 0.1
    adversarial_annealing: str = "stepwise"
    warmup_steps: int = 0
    warmup_image_size: int = 0
    generator_only_steps: int = 0
    discriminator_only_steps: int = 0


@dataclass
class TrainingConfig:
    """How a run is carried out.

    Attributes:
        seed: seed of the initial weights, the order of pictures, crops and masks.
        precision: `float32` or `mixed_bfloat16`.
        ema_decay: decay a step of the average of the generator's weights, which is
            what is evaluated and exported.
        checkpoint_every_steps: steps between checkpoints.
        checkpoint_every_minutes: minutes between checkpoints, whichever comes first.
        keep_checkpoints: newest checkpoints kept.
        log_every_steps: steps between lines of the log and TensorBoard scalars.
        validate_every_steps: steps between validations and picture grids.
    """

    seed: int = 0
    precision: str = "float32"
    ema_decay: float = 0.999
    checkpoint_every_steps: int = 1_000
    checkpoint_every_minutes: float = 10.0
    keep_checkpoints: int = 3
    log_every_steps: int = 50
    validate_every_steps: int = 1_000


@dataclass
class Config:
    """One experiment. The defaults are the paper's model at 256x256.

    Attributes:
        name: of the experiment.
        task: `inpainting` (holes of `masks`), `object_removal` (holes in the shape of
            objects), `harmonization` (foregrounds of wrong colours) or `guided` (both
            outputs at once). All but the first want a `data.source` with objects.
    """

    name: str = "btgmi"
    task: str = "inpainting"
    data: DataConfig = field(default_factory=DataConfig)
    masks: MaskConfig = field(default_factory=MaskConfig)
    guided: GuidedConfig = field(default_factory=GuidedConfig)
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    losses: LossConfig = field(default_factory=LossConfig)
    procedure: ProcedureConfig = field(default_factory=ProcedureConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)


# The outputs of a task's network, as `models/generator.py` names them.
OUTPUTS_OF_TASKS = {
    "inpainting": ("inpainted",),
    "object_removal": ("inpainted",),
    "harmonization": ("harmonized",),
    "guided": ("inpainted", "harmonized"),
}
_CHOICES = {
    "task": tuple(OUTPUTS_OF_TASKS),
    "generator.architecture": ("residual", "context_encoder", "globally_locally"),
    "generator.dilated_convolutions": ("first", "both"),
    "generator.normalization": ("batch", "instance"),
    "generator.resampling": ("strided", "interpolated"),
    "discriminator.architecture": ("multi_scale", "global", "global_local"),
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
    "procedure.optimizer": ("adam", "adadelta"),
    "procedure.adversarial_annealing": ("stepwise", "linear", "constant"),
    "training.precision": ("float32", "mixed_bfloat16"),
}
# Smallest and largest value allowed, both included. Sizes of networks have an end, so
# that a config that came with a model cannot ask for all the memory there is.
_RANGES = {
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
    "generator.base_filters": (1, 1_024),
    "generator.max_filters": (1, 4_096),
    "generator.num_downsamplings": (1, 6),
    "generator.num_head_blocks": (1, 64),
    "generator.dilation": (1, 64),
    "discriminator.base_filters": (1, 1_024),
    "discriminator.num_scales": (1, 6),
    "losses.reconstruction_weight": (0.0, math.inf),
    "losses.pixel_weight": (0.0, math.inf),
    # Below 31 pixels the last pooling of AlexNet leaves nothing.
    "losses.ppl_patch_size": (31, math.inf),
    "losses.ppl_context_margin": (1.0, math.inf),
    "losses.ppl_max_holes": (1, 16),
    "procedure.head_steps": (0, math.inf),
    "procedure.num_refinement_blocks": (0, 32),
    "procedure.refinement_steps": (1, math.inf),
    "procedure.fade_in_steps": (0, math.inf),
    "procedure.learning_rate": (1e-12, 1.0),
    "procedure.learning_rate_factor": (0.0, 1.0),
    "procedure.learning_rate_decay_steps": (0, math.inf),
    "procedure.discriminator_learning_rate_factor": (0.0, 1e3),
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


def get_config(json_path: str) -> Config:
    """Reads a `config.json`: what `--config=RUN/config.json` comes down to.

    Raises:
        ValueError: no such file, no JSON, a field that does not exist, a wrong type.
    """
    # The flag loads this file under a name of its own. The package's own classes are
    # wanted, not copies of them.
    from tf_btgmi import config as package_config

    return package_config.load(json_path)


def load(json_path: str) -> Config:
    """Reads and checks a config written by `save`.

    Raises:
        ValueError: no such file, no JSON, a field that does not exist, a wrong type
            or a value out of range.
    """
    try:
        with open(json_path, encoding="utf-8") as file:
            tree = json.load(file)
    except FileNotFoundError:
        raise ValueError(f"There is no config file {json_path}.") from None
    except OSError as error:
        raise ValueError(f"{json_path} cannot be read: {error.strerror}.") from None
    # Of brackets within brackets without end, or of a number of thousands of digits.
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{json_path} is not a JSON file: {error}.") from None
    return from_dict(tree)


def save(config: Config, json_path: str) -> None:
    """Writes `config` as JSON, beside its place first and then moved into it."""
    temporary = f"{json_path}.tmp-{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(dataclasses.asdict(config), file, indent=2)
        file.write("\n")
    os.replace(temporary, json_path)


def from_dict(tree: Dict[str, Any]) -> Config:
    """Builds a checked `Config` from nested dictionaries; what is missing is default.

    Raises:
        ValueError: a field that does not exist, a wrong type or value.
    """
    config = _fill(Config(), tree, path="")
    validate(config)
    return config


def validate(config: Config) -> None:
    """Checks every field and what fields mean to each other.

    Raises:
        ValueError: naming the field, what it may be and what it is.
    """
    for path, choices in _CHOICES.items():
        value = _value(config, path)
        if value not in choices:
            wanted = ", ".join(choices)
            raise ValueError(
                f"config.{path} must be one of {wanted}; it is {value!r}"
                f"{_near_miss(str(value), choices)}"
            )
    for path, (low, high) in _RANGES.items():
        value = _value(config, path)
        if not low <= value <= high:
            wanted = f"at least {low:g}" if high == math.inf else f"{low:g} to {high:g}"
            raise ValueError(f"config.{path} must be {wanted}; it is {value}.")
    _validate_sides(config)
    _validate_masks(config.masks)
    _validate_guided(config.guided)
    _validate_earlier_systems(config)
    if config.procedure.fade_in_steps > config.procedure.refinement_steps:
        raise ValueError(
            "config.procedure.fade_in_steps must not be more than refinement_steps "
            f"({config.procedure.refinement_steps}); it is "
            f"{config.procedure.fade_in_steps}."
        )


def field_names(config: Config) -> list:
    """All fields as dotted paths, such as `data.image_size`, in order."""
    names = []
    for item in dataclasses.fields(config):
        value = getattr(config, item.name)
        if dataclasses.is_dataclass(value):
            names += [f"{item.name}.{name}" for name in field_names(value)]
        else:
            names.append(item.name)
    return names


def differences(first: Config, second: Config) -> Dict[str, tuple]:
    """Fields in which two configs differ: dotted path -> (first, second)."""
    return {
        path: (_value(first, path), _value(second, path))
        for path in field_names(first)
        if _value(first, path) != _value(second, path)
    }


def unknown_field(path: str) -> str:
    """The one line for a misspelt field, with the nearest that exists."""
    names = field_names(Config())
    leaves = {name.split(".")[-1]: name for name in names}
    near = difflib.get_close_matches(path, names, n=1, cutoff=0.6)
    near = near or [
        leaves[leaf]
        for leaf in difflib.get_close_matches(path.split(".")[-1], leaves, 1, 0.6)
    ]
    hint = f"; did you mean config.{near[0]}?" if near else "."
    return f"There is no field config.{path}{hint}"


def _validate_sides(config: Config) -> None:
    sides = {"data.image_size": config.data.image_size}
    if config.procedure.warmup_steps:
        sides["procedure.warmup_image_size"] = config.procedure.warmup_image_size
    multiple = 2**config.generator.num_downsamplings
    for path, side in sides.items():
        if side % multiple or side < 16:
            raise ValueError(
                f"config.{path} must be a multiple of {multiple} (2 to the power of "
                f"generator.num_downsamplings) and at least 16; it is {side}."
            )
    if config.procedure.warmup_steps > config.procedure.head_steps:
        raise ValueError(
            "config.procedure.warmup_steps must not be more than head_steps "
            f"({config.procedure.head_steps}); it is {config.procedure.warmup_steps}."
        )


def _validate_masks(masks: MaskConfig) -> None:
    kinds = ("rectangles", "centre", "free_form", "objects", "borders")
    if not sum(getattr(masks, kind) for kind in kinds) > 0:
        raise ValueError(
            f"At least one of config.masks.{{{', '.join(kinds)}}} must be above 0."
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


def _validate_guided(guided: GuidedConfig) -> None:
    kinds = ("box_gaps", "band_gaps", "empty_gaps", "object_holes", "plain_holes")
    if not sum(getattr(guided, kind) for kind in kinds) > 0:
        raise ValueError(
            f"At least one of config.guided.{{{', '.join(kinds)}}} must be above 0."
        )
    if guided.min_object > guided.max_object:
        raise ValueError(
            f"config.guided.min_object ({guided.min_object}) must not be more than "
            f"max_object ({guided.max_object})."
        )


def _validate_earlier_systems(config: Config) -> None:
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
    alone = procedure.generator_only_steps + procedure.discriminator_only_steps
    if alone > procedure.head_steps:
        raise ValueError(
            "config.procedure.generator_only_steps and discriminator_only_steps "
            f"together must not be more than head_steps ({procedure.head_steps}); they "
            f"are {alone}."
        )


def _fill(node: Any, tree: Any, path: str) -> Any:
    if not isinstance(tree, dict):
        raise ValueError(f"config{path and '.' + path} must be an object of fields.")
    known = {item.name: item for item in dataclasses.fields(node)}
    values = {}
    for name, value in tree.items():
        full = f"{path}.{name}" if path else name
        if name not in known:
            raise ValueError(unknown_field(full))
        default = getattr(node, name)
        if dataclasses.is_dataclass(default):
            values[name] = _fill(default, value, full)
        else:
            values[name] = _typed(value, type(default), full)
    return dataclasses.replace(node, **values)


def _typed(value: Any, wanted: type, path: str) -> Any:
    if wanted is float and type(value) is int and abs(value) < 2**53:
        return float(value)
    if type(value) is not wanted:
        raise ValueError(
            f"config.{path} must be of type {wanted.__name__}; it is {value!r}."
        )
    return value


def _value(config: Any, path: str) -> Any:
    for name in path.split("."):
        config = getattr(config, name)
    return config


def _near_miss(value: str, choices) -> str:
    near = difflib.get_close_matches(value, choices, n=1)
    return f"; did you mean {near[0]!r}?" if near else "."

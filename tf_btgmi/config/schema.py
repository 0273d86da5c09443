"""The fields of an experiment; `Config()` is the paper's model at 256x256.

Every constant of the method is a field. Where the paper gives a value (Secs. 3.1 to 3.3
and Alg. 1), it is the default in `generator`, `discriminator`, `losses` and
`procedure`; all other defaults are choices of this project. `limited` gives a field its
default, least and largest value, `choice` its values, the default first; `checks.py`
has the relations between fields. Sizes of networks are limited, so that the config of
somebody else's model cannot exhaust the memory.

Among these choices, where the paper is silent: the adversarial loss
(`losses.adversarial`, LSGAN), the moving average of the weights (`training.ema_decay`),
the restart of the optimizer at every stage (`procedure.restart_optimizer`), the linear
ramp that fades a block in (`procedure.fade_in_steps`), and the context box of the patch
perceptual loss (`losses.ppl_context_margin`, 1.5 times the hole box).
"""

import math
from dataclasses import dataclass, field

from tf_btgmi.outputs import HARMONIZED, INPAINTED

# The outputs of a task's network.
OUTPUTS_OF_TASKS = {
    "inpainting": (INPAINTED,),
    "object_removal": (INPAINTED,),
    "harmonization": (HARMONIZED,),
    "guided": (INPAINTED, HARMONIZED),
}


# Largest side of a network's pictures in pixels.
MAX_IMAGE_SIZE = 8_192
# AlexNet's last pooling, of LPIPS in validation, has no output below 31 pixels.
MIN_IMAGE_SIZE = 32


def limited(default, least, most=math.inf):
    """A field of numbers from `least` to `most`."""
    return field(default=default, metadata={"range": (least, most)})


def choice(default: str, *others: str):
    """A field of one of several texts."""
    return field(default=default, metadata={"choices": (default, *others)})


@dataclass
class DataConfig:
    """Sources of the pictures, and augmentation.

    Attributes:
        source: `folder:PATH`, `tfds:NAME[:SPLIT]` or `tfrecord:GLOB`.
        validation_source: the same for validation. If empty, `num_validation_images`
            pictures of `source` are held out of the training.
        num_validation_images: number of validation pictures.
        image_size: side of a training example in pixels.
        global_batch_size: examples per step, over all replicas and workers.
        min_crop: minimum side of the random square crop, as a fraction of the
            picture's shorter side; the maximum is 1.
        random_flip: whether half of the crops are mirrored left to right.
        color_jitter: maximum relative change of brightness, contrast and saturation.
        shuffle_buffer: size of the shuffle buffer of streaming sources (TFDS,
            TFRecord); folders are shuffled as a whole.
    """

    source: str = ""
    validation_source: str = ""
    num_validation_images: int = limited(16, 0)
    image_size: int = limited(256, MIN_IMAGE_SIZE, MAX_IMAGE_SIZE)
    global_batch_size: int = limited(8, 1)
    min_crop: float = limited(0.8, 0.05, 1.0)
    random_flip: bool = True
    color_jitter: float = limited(0.0, 0.0, 0.9)
    shuffle_buffer: int = limited(2048, 1)

    @property
    def num_held_out(self) -> int:
        """Number of pictures of `source` that are held out of the training."""
        return 0 if self.validation_source else self.num_validation_images


@dataclass
class MaskConfig:
    """Holes: a weighted mixture of kinds, within limits of the hole ratio.

    Attributes:
        rectangles: weight of one or more rectangles anywhere.
        centre: weight of one square in the middle.
        free_form: weight of brush strokes.
        objects: weight of object shapes from `objects_folder`.
        borders: weight of outpainting borders, frames among them.
        scratches: weight of long thin scratches.
        broad_strokes: weight of strokes with a brush of 9 to 20 % of the side.
        large: weight of rectangles and broad strokes together, 50 to 70 % of the
            picture.
        max_num_rectangles: maximum number of rectangles; the minimum is 1.
        min_side: minimum side of a rectangle, as a fraction of the picture's side.
        max_side: maximum side of a rectangle, as a fraction of the picture's side.
        centre_side: side of the centre square, as a fraction of the picture's side.
        objects_folder: folder of mask pictures, white = object.
        object_margin: largest margin around an object, as a share of the side; each
            object has its own, from 0 on.
        min_hole_ratio: minimum fraction of hole pixels.
        max_hole_ratio: maximum fraction of hole pixels.
    """

    rectangles: float = limited(1.0, 0.0)
    centre: float = limited(0.0, 0.0)
    free_form: float = limited(0.0, 0.0)
    objects: float = limited(0.0, 0.0)
    borders: float = limited(0.0, 0.0)
    scratches: float = limited(0.0, 0.0)
    broad_strokes: float = limited(0.0, 0.0)
    large: float = limited(0.0, 0.0)
    max_num_rectangles: int = limited(2, 1, 16)
    min_side: float = limited(0.25, 0.01, 1.0)
    max_side: float = limited(0.5, 0.01, 1.0)
    centre_side: float = limited(0.25, 0.01, 1.0)
    objects_folder: str = ""
    object_margin: float = limited(0.0, 0.0, 0.25)
    min_hole_ratio: float = limited(0.0, 0.0, 1.0)
    max_hole_ratio: float = limited(0.6, 0.0, 1.0)


@dataclass
class GuidedConfig:
    """Examples with a foreground of mismatched colours (Sec. 3.4).

    The first five weights choose the kind of an example of the task `guided`.
    `harmonization` has empty gaps only, `object_removal` object holes only.

    Attributes:
        box_gaps: weight of gaps that fill the box around the foreground.
        band_gaps: weight of gaps that are a band around the foreground.
        empty_gaps: weight of foregrounds without a gap.
        object_holes: weight of holes in the shape of another picture's object, with
            no foreground.
        plain_holes: weight of the holes that `masks` describes, with no foreground.
        max_box_margin: maximum margin between the foreground and its box, as a fraction
            of the picture's side.
        max_band: maximum width of a band, as a fraction of the picture's side.
        min_object: minimum area of a foreground, as a fraction of the picture.
        max_object: maximum area of a foreground, as a fraction of the picture.
        statistics: probability of a transfer of colour statistics from another
            picture.
        min_strength: minimum strength of the transfer, in [0, 1].
        harder_changes: probability of each of the changes below. If no change at all
            is drawn, the statistics are transferred.
        max_gamma: gamma exponents are in [1 / max_gamma, max_gamma].
        max_contrast: contrast factors are in [1 / max_contrast, max_contrast].
        max_hue: maximum hue rotation in either direction, as a fraction of a turn.
        max_saturation: saturation factors are in [1 / max_saturation, max_saturation].
        max_gradient: maximum relative change of values by a light gradient.
        shifts: probability that, in place of all these changes, the object's mean
            colour is moved and its spread scaled in CIE Lab.
        clashing: probability that the object's surroundings have other hues, in the
            truth as well.
        regions: probability that the object is a region of a photograph, found by
            segmentation, so that the network learns how neighbours differ by nature.
        regions_folder: folder of photographs for these regions; if empty, they are
            those of `data.source`.
    """

    box_gaps: float = limited(1.0, 0.0)
    band_gaps: float = limited(1.0, 0.0)
    empty_gaps: float = limited(0.5, 0.0)
    object_holes: float = limited(0.25, 0.0)
    plain_holes: float = limited(0.75, 0.0)
    max_box_margin: float = limited(0.06, 0.0, 0.5)
    max_band: float = limited(0.08, 0.01, 0.5)
    min_object: float = limited(0.01, 0.001, 0.9)
    max_object: float = limited(0.5, 0.001, 0.9)
    statistics: float = limited(0.8, 0.0, 1.0)
    min_strength: float = limited(0.4, 0.0, 1.0)
    harder_changes: float = limited(0.3, 0.0, 1.0)
    max_gamma: float = limited(1.8, 1.0, 4.0)
    max_contrast: float = limited(1.5, 1.0, 4.0)
    max_hue: float = limited(0.1, 0.0, 0.5)
    max_saturation: float = limited(2.0, 1.0, 8.0)
    max_gradient: float = limited(0.4, 0.0, 1.0)
    shifts: float = limited(0.0, 0.0, 1.0)
    clashing: float = limited(0.0, 0.0, 1.0)
    regions: float = limited(0.0, 0.0, 1.0)
    regions_folder: str = ""


@dataclass
class GeneratorConfig:
    """The generator head (Sec. 3.1), or the generator of an earlier system.

    Attributes:
        architecture: `residual` (the paper's), `context_encoder` or
            `globally_locally`; the last two have neither head nor refinement blocks
            and take no more of these fields than `base_filters`, `num_downsamplings`,
            `normalization` and `init_stddev`.
        base_filters: filters of the first convolution.
        max_filters: maximum number of filters of later convolutions.
        num_downsamplings: number of stride-2 convolutions, and of transposed ones.
        num_head_blocks: number of residual blocks of the head.
        dilation: dilation of the residual blocks.
        dilated_convolutions: which convolutions of a block are dilated: `first`
            (as in the authors' code) or `both`.
        refinement_start: `random`, or `identity`: a refinement block's last scales are
            0 at first, so that it changes nothing until it has learned to.
        normalization: `batch` (synchronised over replicas) or `instance`.
        resampling: `strided` or `interpolated` (the ablation of Sec. 3.1).
        harmonized_change: whether the `harmonized` output is an affine colour change
            of the input, predicted for every pixel, which keeps the detail; otherwise
            it is predicted from features alone.
        change_share: factor on that colour change; 1 in training. A release may apply
            less of it, since networks overestimate the change of unseen pictures.
        mismatch_share: constant that a release adds to the factor of the colour
            mismatch along the object's edge; 0 in training.
        init_stddev: standard deviation of initial kernels and of batch normalization's
            initial scales.
    """

    architecture: str = choice("residual", "context_encoder", "globally_locally")
    base_filters: int = limited(64, 1, 1_024)
    max_filters: int = limited(512, 1, 4_096)
    num_downsamplings: int = limited(3, 1, 6)
    num_head_blocks: int = limited(9, 1, 64)
    dilation: int = limited(2, 1, 64)
    dilated_convolutions: str = choice("first", "both")
    refinement_start: str = choice("random", "identity")
    normalization: str = choice("batch", "instance")
    resampling: str = choice("strided", "interpolated")
    harmonized_change: bool = True
    change_share: float = limited(1.0, 0.0, 1.0)
    mismatch_share: float = limited(0.0, 0.0, 1.0)
    init_stddev: float = limited(0.02, 1e-06, 1.0)


@dataclass
class DiscriminatorConfig:
    """The improved multi-scale discriminator (Sec. 3.2), or an earlier system's.

    Attributes:
        architecture: `multi_scale` (the paper's), `global` (the Context Encoder's) or
            `global_local` (Globally-Locally's); the last two give one score per
            picture.
        base_filters: filters of the first convolution; doubled three times.
        num_scales: PatchGANs of `multi_scale`, at scales 1, 1/2, 1/4 and so on.
        normalization: of `multi_scale`: `spectral`, `batch`, `instance` (the authors'
            code) or `none`. The paper does not name it; with instance normalization
            the discriminators stay at chance (docs/log.md).
        patch_labels: `hole` labels exactly the patches that meet the hole fake;
            `all_fake` labels every patch of a composite fake (the ablation).
        init_stddev: as of the generator; 0 initializes by fan-in (He et al. 2015).
    """

    architecture: str = choice("multi_scale", "global", "global_local")
    base_filters: int = limited(64, 1, 1_024)
    num_scales: int = limited(3, 1, 6)
    normalization: str = choice("spectral", "batch", "instance", "none")
    patch_labels: str = choice("hole", "all_fake")
    init_stddev: float = limited(0.02, 0.0, 1.0)


@dataclass
class LossConfig:
    """The objective (Sec. 3.2).

    Attributes:
        reconstruction: `ppl`, `perceptual` (LPIPS of the whole picture), `l1`, `l2`,
            and those of earlier systems: `overlap_l2` (in the hole and, ten times as
            heavy, in a band around it) and `feature_matching` (in a `multi_scale`
            discriminator).
        reconstruction_weight: weight of the reconstruction term.
        pixel_weight: weight of an additional L1 term against colour drift. The paper
            has none.
        pixel_region: region of the mean of that term: the whole `picture`, or the
            `hole` (or foreground), where small and large holes count alike.
        adversarial: `lsgan`, `bce` or `hinge`.
        discriminator_patches: patches that the discriminators' loss is the mean over:
            `all`, or those that meet the `hole`.
        ppl_patch_size: side in pixels that both patches of PPL are resized to.
        ppl_context_margin: side of the context box over that of the hole box; the
            value 1.5 is a choice of this project.
        ppl_jitter: largest move of an edge of PPL's boxes from step to step, in pixels
            of the resized patch.
        ppl_max_holes: maximum number of boxes per example, K; if there are more holes,
            the last box is around hole K, by size, and all smaller ones.
    """

    reconstruction: str = choice(
        "ppl", "perceptual", "l1", "l2", "overlap_l2", "feature_matching"
    )
    reconstruction_weight: float = limited(10.0, 0.0)
    pixel_weight: float = limited(0.0, 0.0)
    pixel_region: str = choice("picture", "hole")
    adversarial: str = choice("lsgan", "bce", "hinge")
    discriminator_patches: str = choice("all", "hole")
    # AlexNet's last pooling has no output below 31 pixels.
    ppl_patch_size: int = limited(128, 31)
    ppl_context_margin: float = limited(1.5, 1.0)
    ppl_jitter: float = limited(8.0, 0.0, 64.0)
    ppl_max_holes: int = limited(2, 1, 16)


@dataclass
class ProcedureConfig:
    """Block-wise training with adversarial loss annealing (Sec. 3.3, Alg. 1).

    Attributes:
        head_steps: steps of stage 0, which trains the head alone.
        num_refinement_blocks: number of further stages, which add one block each.
        refinement_steps: steps of each further stage.
        fade_in_steps: steps in which a new block's `fade_in_alpha` goes from 0 to 1;
            below `refinement_steps`.
        block_wise: whether blocks are added by stage; otherwise all are trained from
            the first step (the ablation).
        restart_optimizer: whether a stage starts with a fresh generator optimizer;
            a new block's moments are biased otherwise.
        optimizer: `adam` or `adadelta`, of both networks.
        adam_beta_1: decay of Adam's first moment, a mean of gradients.
        adam_beta_2: decay of Adam's second moment, a mean of their squares.
        learning_rate: the optimizer's learning rate in stage 0.
        learning_rate_factor: factor of the learning rate from stage to stage.
        learning_rate_decay_steps: number of last steps in which the learning rate
            decays linearly to 0.
        discriminator_learning_rate_factor: learning rate of the discriminator relative
            to the generator's.
        discriminator_steps: steps of the discriminators for each of the generator's.
        adversarial_weight: the generator's adversarial weight in stage 0.
        adversarial_weight_factor: factor of the weight from stage to stage.
        adversarial_annealing: `stepwise` (the paper), `linear` or `constant`.
        warmup_steps: number of first steps, on examples of `warmup_image_size`.
        warmup_image_size: side of the examples in those steps, in pixels.
        generator_only_steps: number of first steps that train the generator alone, on
            the reconstruction loss alone.
        discriminator_only_steps: number of steps after those that train the
            discriminator alone.
    """

    head_steps: int = limited(150_000, 0)
    num_refinement_blocks: int = limited(3, 0, 32)
    refinement_steps: int = limited(1_500, 1)
    fade_in_steps: int = limited(1_000, 0)
    block_wise: bool = True
    restart_optimizer: bool = True
    optimizer: str = choice("adam", "adadelta")
    adam_beta_1: float = limited(0.5, 0.0, 0.9999)
    adam_beta_2: float = limited(0.999, 0.0, 0.999999)
    learning_rate: float = limited(2e-4, 1e-12, 1.0)
    learning_rate_factor: float = limited(0.1, 0.0, 1.0)
    learning_rate_decay_steps: int = limited(0, 0)
    discriminator_learning_rate_factor: float = limited(1.0, 0.0, 1000.0)
    discriminator_steps: int = limited(1, 1, 16)
    adversarial_weight: float = limited(1.0, 0.0)
    adversarial_weight_factor: float = limited(0.1, 0.0, 1.0)
    adversarial_annealing: str = choice("stepwise", "linear", "constant")
    warmup_steps: int = limited(0, 0)
    warmup_image_size: int = limited(0, 0)
    generator_only_steps: int = limited(0, 0)
    discriminator_only_steps: int = limited(0, 0)


@dataclass
class TrainingConfig:
    """Execution of a run.

    Attributes:
        seed: seed of the initial weights, the order of pictures, crops and masks.
        precision: `float32`, `mixed_bfloat16`, or `mixed_float16` with a loss scale,
            for GPUs without bfloat16.
        ema_decay: decay per step of the moving average of the generator's weights,
            which is evaluated and exported.
        checkpoint_every_steps: steps between checkpoints.
        checkpoint_every_minutes: minutes between checkpoints, if that is earlier.
        keep_checkpoints: number of newest checkpoints that are kept.
        log_every_steps: steps between TensorBoard scalars. Lines of the log are at
            least 30 seconds apart.
        validate_every_steps: steps between validations and picture grids; the last
            step of a run has them as well.
    """

    seed: int = limited(0, 0, 2_147_483_647)
    precision: str = choice("float32", "mixed_bfloat16", "mixed_float16")
    ema_decay: float = limited(0.999, 0.0, 1.0)
    checkpoint_every_steps: int = limited(1_000, 1)
    checkpoint_every_minutes: float = limited(10.0, 0.0)
    keep_checkpoints: int = limited(3, 1)
    log_every_steps: int = limited(50, 1)
    validate_every_steps: int = limited(1_000, 1)


@dataclass
class Config:
    """One experiment. The defaults are the paper's model at 256x256.

    Attributes:
        name: name of the experiment.
        task: `inpainting` (holes of `masks`), `object_removal` (holes in the shape of
            objects), `harmonization` (foregrounds of wrong colours) or `guided` (both
            outputs at once). All but the first need a `data.source` with objects.

    Example:
        >>> config = Config(data=DataConfig(source="folder:photos", image_size=128))
        >>> config.data.image_size, config.losses.reconstruction
        (128, 'ppl')
    """

    name: str = "btgmi"
    task: str = choice(*OUTPUTS_OF_TASKS)
    data: DataConfig = field(default_factory=DataConfig)
    masks: MaskConfig = field(default_factory=MaskConfig)
    guided: GuidedConfig = field(default_factory=GuidedConfig)
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    losses: LossConfig = field(default_factory=LossConfig)
    procedure: ProcedureConfig = field(default_factory=ProcedureConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)


# Fields of `MaskConfig` that are weights, in the order in which kinds are drawn: a new
# one at the end leaves the draws of earlier configs as they are.
MASK_KINDS = (
    "rectangles",
    "centre",
    "free_form",
    "objects",
    "borders",
    "scratches",
    "broad_strokes",
    "large",
)
# Fields of `GuidedConfig` that are weights, in the order in which kinds are drawn.
GUIDED_KINDS = ("box_gaps", "band_gaps", "empty_gaps", "object_holes", "plain_holes")

"""The fields of an experiment, with the paper's values as defaults.

Every constant of the method (Secs. 3.1 to 3.3 and Alg. 1 of the paper) is a field, so
that `Config()` is the paper's model at 256x256. `limits.py` and `checks.py` have the
valid values.

Choices of this project where the paper is silent: the adversarial loss
(`losses.adversarial`, LSGAN), the moving average of the weights (`training.ema_decay`),
the restart of the optimizer at every stage (`procedure.restart_optimizer`), the linear
ramp that fades a block in (`procedure.fade_in_steps`), and the context box of the patch
perceptual loss (`losses.ppl_context_margin`, 1.5 times the hole box).
"""

from dataclasses import dataclass, field


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
        borders: weight of outpainting borders, frames among them.
        scratches: weight of long thin scratches.
        broad_strokes: weight of strokes with a brush of 9 to 20 % of the side.
        large: weight of rectangles and broad strokes together, 50 to 70 % of the
            picture.
        max_num_rectangles: rectangles are 1 to this many.
        min_side: shortest side of a rectangle, as a share of the picture's side.
        max_side: longest side of a rectangle, as a share of the picture's side.
        centre_side: side of the centre square, as a share of the picture's side.
        objects_folder: folder of mask pictures, white = object.
        object_margin: largest margin around an object, as a share of the side; each
            object has its own, from 0 on.
        min_hole_ratio: smallest share of the picture that is hole.
        max_hole_ratio: largest share of the picture that is hole.
    """

    rectangles: float = 1.0
    centre: float = 0.0
    free_form: float = 0.0
    objects: float = 0.0
    borders: float = 0.0
    scratches: float = 0.0
    broad_strokes: float = 0.0
    large: float = 0.0
    max_num_rectangles: int = 2
    min_side: float = 0.25
    max_side: float = 0.5
    centre_side: float = 0.25
    objects_folder: str = ""
    object_margin: float = 0.0
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
        init_stddev: standard deviation of initial kernels and of batch normalization's
            initial scales.
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
    init_stddev: float = 0.02


@dataclass
class DiscriminatorConfig:
    """The improved multi-scale discriminator (Sec. 3.2), or an earlier system's.

    Attributes:
        architecture: `multi_scale` (the paper's), `global` (the Context Encoder's) or
            `global_local` (Globally-Locally's); the last two give one verdict a
            picture.
        base_filters: filters of the first convolution; doubled three times.
        num_scales: PatchGANs of `multi_scale`, at scales 1, 1/2, 1/4 and so on.
        normalization: of `multi_scale`: `spectral`, `batch`, `instance` (the authors'
            code) or `none`. The paper does not name it; with instance normalization
            the discriminators stay at chance (docs/training_log.md).
        patch_labels: `hole` labels exactly the patches that meet the hole fake;
            `all_fake` labels every patch of a composite fake (the ablation).
        init_stddev: as of the generator; 0 initializes by fan-in (He et al. 2015).
    """

    architecture: str = "multi_scale"
    base_filters: int = 64
    num_scales: int = 3
    normalization: str = "spectral"
    patch_labels: str = "hole"
    init_stddev: float = 0.02


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
        discriminator_patches: patches that the discriminators' loss is the mean over:
            `all`, or those that meet the `hole`.
        ppl_patch_size: side in pixels that both patches of PPL are resized to.
        ppl_context_margin: side of the context box over that of the hole box; the
            value 1.5 is a choice of this project.
        ppl_jitter: largest move of an edge of PPL's boxes from step to step, in pixels
            of the resized patch.
        ppl_max_holes: boxes an example; with more holes than that, the smallest
            share the last box.
    """

    reconstruction: str = "ppl"
    reconstruction_weight: float = 10.0
    pixel_weight: float = 0.0
    pixel_region: str = "picture"
    adversarial: str = "lsgan"
    discriminator_patches: str = "all"
    ppl_patch_size: int = 128
    ppl_context_margin: float = 1.5
    ppl_jitter: float = 8.0
    ppl_max_holes: int = 2


@dataclass
class ProcedureConfig:
    """Block-wise training with adversarial loss annealing (Sec. 3.3, Alg. 1).

    Attributes:
        head_steps: steps of stage 0, the head alone.
        num_refinement_blocks: stages after it, one refinement block each.
        refinement_steps: steps of each of those stages.
        fade_in_steps: steps in which a new block's `fade_in_alpha` goes from 0 to 1;
            below `refinement_steps`.
        block_wise: False trains all blocks from the first step (the ablation).
        restart_optimizer: whether a stage starts with a fresh generator optimizer;
            a new block's moments are biased otherwise.
        optimizer: `adam` or `adadelta`, of both networks.
        adam_beta_1: decay of Adam's first moment, a mean of gradients.
        adam_beta_2: decay of Adam's second moment, a mean of their squares.
        learning_rate: the optimizer's learning rate in stage 0.
        learning_rate_factor: stage i has this to the power i times that rate.
        learning_rate_decay_steps: last steps of the run, in which the rate falls
            linearly to 0.
        discriminator_learning_rate_factor: the discriminator has this times the
            generator's rate.
        discriminator_steps: steps of the discriminators for each of the generator's.
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
    adam_beta_1: float = 0.5
    adam_beta_2: float = 0.999
    learning_rate: float = 2e-4
    learning_rate_factor: float = 0.1
    learning_rate_decay_steps: int = 0
    discriminator_learning_rate_factor: float = 1.0
    discriminator_steps: int = 1
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
        precision: `float32`, `mixed_bfloat16`, or `mixed_float16` with a loss scale,
            for GPUs without bfloat16.
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
# The outputs of a task's network, as `models/generator.py` names them.
OUTPUTS_OF_TASKS = {
    "inpainting": ("inpainted",),
    "object_removal": ("inpainted",),
    "harmonization": ("harmonized",),
    "guided": ("inpainted", "harmonized"),
}

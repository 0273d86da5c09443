r"""Both outputs at 128x128: the network of outdoor_128.py, from its weights.

Command: python -m tf_btgmi.train --config=configs/guided_outdoor_128.py \
    --workdir=runs/guided_outdoor_128 --init_from=btgmi-outdoor-192 \
    --config.data.source=folder:OBJECTS --config.procedure.block_wise=False \
    --config.procedure.num_refinement_blocks=2
where OBJECTS holds `images/` and `masks/` (white = object) with files of the same
names. Without --init_from it starts from random weights and needs some 7,000 head
steps.

Time: not yet measured for these steps. btgmi-guided-128 is this network after 4,823
steps of 32 at 128 px, four minutes of half an H200 by the PyTorch twin, with
discriminators of 64 filters and without harder changes, and 2,900 steps of 16 of
benchmarks/finetune_colors.py with them; a release before it, of 24 filters, took 35
minutes on two busy CPU cores.
To expect: not measured for these steps, which draw the harder changes from the start.
btgmi-guided-128 brings the object's fMSE from 1,283 to 243 on plain composites and from
1,409 to 576 on hard ones, with the shares of the change that its card names.
"""

from tf_btgmi.config import Config, MaskConfig, beside


def get_config() -> Config:
    """The experiment."""
    config = beside(__file__, "outdoor_128")
    config.name, config.task = "guided_outdoor_128", "guided"
    config.data.min_crop = 0.6
    config.masks = MaskConfig(
        rectangles=0.5, free_form=0.35, borders=0.15, max_hole_ratio=0.5
    )
    config.losses.ppl_patch_size = 64
    # Colours are what `harmonized` is about, and PPL hardly sees them drift.
    config.losses.pixel_region = "hole"
    config.losses.pixel_weight = 4.0
    # An edge without a gap tells most about an object's colours.
    config.guided.empty_gaps = 2.0
    config.guided.band_gaps = 1.25
    config.guided.box_gaps = 0.25
    config.guided.plain_holes = 0.5
    # Neighbours differ by nature: regions of photographs as objects.
    config.guided.regions = 0.5
    # Colours of objects in other light.
    config.guided.harder_changes = 0.6
    config.guided.clashing = 0.2
    config.guided.shifts = 0.45
    config.procedure.head_steps = 3_000
    config.procedure.refinement_steps = 150
    config.procedure.fade_in_steps = 100
    config.procedure.warmup_steps = 1_500
    config.training.checkpoint_every_steps = 250
    config.training.validate_every_steps = 250
    return config

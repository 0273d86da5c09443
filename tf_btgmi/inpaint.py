r"""Fills holes in pictures with a trained model.

    python -m tf_btgmi.inpaint --image=boat.jpg --mask=boat_hole.png \
        --output=filled.png
    python -m tf_btgmi.inpaint --image=photos --mask=masks --output=filled \
        --model=runs/places
    python -m tf_btgmi.inpaint --jobs=jobs.csv

The model is a bundled one by its name, the workdir of a training run, or an exported
SavedModel's folder.

White in a mask is hole (at least 128 of 255), upright, as the pictures are displayed.
In folders a mask goes with the picture of its name: boat.png with boat.jpg. A file of
jobs has the columns image, mask and output, perhaps mask_dilation; its paths are taken
from its folder. Results keep size, mode and metadata, and every known pixel where the
format is lossless.
Exit code: 0, all done; 1, some picture was not; 2, a mistake in the flags.
"""

from absl import flags

from tf_btgmi.cli import common_flags, mask_program, program
from tf_btgmi.inference import holes

FLAGS = flags.FLAGS


def define_flags():
    """The flags of this program; `program.run` calls it."""
    mask_program.define_flags("hole", "fill")
    common_flags.define_retouched()
    flags.DEFINE_integer(
        "mask_dilation", 0, "Pixels to grow the hole by.", lower_bound=0
    )


def main(argv):
    """Pairs the files and fills them one after another."""
    del argv
    columns, needed = ["mask_dilation"], ("inpainted", "fill holes")
    return mask_program.run("hole", columns, needed, fill, FLAGS.retouched)


def fill(predictor, image, mask, row):
    """Fills the hole, grown as the job says."""
    if mask.shape == image.shape[:2] and mask.any():
        mask = holes.dilated(mask, mask_program.dilation(row))
    return predictor.inpaint(image, mask), mask


if __name__ == "__main__":
    program.run(main, define_flags)

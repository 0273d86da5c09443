r"""Fills holes in pictures.

    python -m tf_btgmi.inpaint --image=boat.jpg --mask=boat_hole.png \
        --output=filled.png
    python -m tf_btgmi.inpaint --image=photos --mask=masks --output=filled \
        --model=runs/places
    python -m tf_btgmi.inpaint --jobs=jobs.csv

White in a mask (128 to 255) is the hole. A mask has the size of its picture as it is
displayed, upright. In folders, masks are found by name: boat.png or boat_mask.png for
boat.jpg.

A CSV file of jobs has the columns image, mask and output, and optionally mask_dilation;
its paths are relative to its folder.

Results keep size, mode and metadata of the pictures. Known pixels do not change where
the format is lossless. For folders and CSV jobs, results that exist already are
skipped, so that the same command resumes a stopped run; --overwrite replaces them.

Exit code: 0 success; 1 some pictures failed, or pictures or masks had no partner; 2 an
error in the command line.
"""

from absl import flags

from tf_btgmi.cli import common_flags, mask_program, program
from tf_btgmi.inference import holes
from tf_btgmi.outputs import INPAINTED

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    mask_program.define_flags("hole", "fill")
    common_flags.define_retouched()
    flags.DEFINE_integer(
        "mask_dilation", 0, "Dilation of the hole in pixels.", lower_bound=0
    )


def main(argv):
    """Fills the holes of all pictures."""
    del argv
    columns, needed = ["mask_dilation"], (INPAINTED, "fill holes")
    return mask_program.run("hole", columns, needed, fill, FLAGS.retouched)


def fill(predictor, image, mask, job):
    """Fills the hole of one picture."""
    dilation = mask_program.dilation(job)
    composite = predictor.inpaint(image, mask, dilation, mask_program.window_bar())
    return composite, holes.dilated(mask, dilation)


if __name__ == "__main__":
    program.run(main, define_flags)

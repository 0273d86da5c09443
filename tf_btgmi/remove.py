r"""Takes objects out of pictures: fills where they were from what is around them.

    python -m tf_btgmi.remove --image=beach.jpg --mask=stranger.png --output=empty.jpg
    python -m tf_btgmi.remove --image=photos --mask=masks --output=done
    python -m tf_btgmi.remove --jobs=jobs.csv

White in a mask is object (at least 128 of 255). The object is grown by 1.5 % of the
picture's shorter side before it is filled, since shadows and blended edges lie outside
most masks; --mask_dilation takes another number of pixels. Where a shadow or reflection
stays behind, paint it into the mask as well.
Files, folders, jobs, results and exit codes are those of tf_btgmi.inpaint.
"""

from absl import flags

from tf_btgmi.cli import common_flags, mask_program, program
from tf_btgmi.inference.predictor import removal_mask

FLAGS = flags.FLAGS


def define_flags():
    """The flags of this program; `program.run` calls it."""
    mask_program.define_flags("object", "take an object out of")
    common_flags.define_retouched()
    flags.DEFINE_integer(
        "mask_dilation",
        None,
        "Pixels to grow the object by; 1.5 % of the picture's shorter side by default.",
        lower_bound=0,
    )


def main(argv):
    """Pairs the files and takes the objects out, one picture after another."""
    del argv
    columns, needed = ["mask_dilation"], ("inpainted", "fill what an object leaves")
    return mask_program.run("object", columns, needed, remove, FLAGS.retouched)


def remove(predictor, image, mask, row):
    """Fills where the object is, grown as the job says."""
    if mask.shape == image.shape[:2] and mask.any():
        mask = removal_mask(mask, mask_program.dilation(row))
    return predictor.inpaint(image, mask), mask


if __name__ == "__main__":
    program.run(main, define_flags)

"""Removes objects from pictures and fills the holes they leave.

    python -m tf_btgmi.remove --image=beach.jpg --mask=stranger.png --output=empty.jpg
    python -m tf_btgmi.remove --image=photos --mask=masks --output=done
    python -m tf_btgmi.remove --image=beach.jpg --box=80,120,410,260 --output=empty.jpg
    python -m tf_btgmi.remove --jobs=jobs.csv

White in a mask (128 to 255) is the object. It is first dilated by 1.5 % of the
picture's shorter side, because shadows and blended edges lie outside most masks;
--mask_dilation sets the number of pixels. If a shadow or a reflection remains, include
it in the mask.

--box=y0,x0,y1,x1 selects the object in one picture instead of a mask.

Files, folders, CSV jobs, results and exit codes are those of tf_btgmi.inpaint.
"""

from absl import flags

from tf_btgmi.cli import common_flags, mask_program, program
from tf_btgmi.inference.predictor import removal_mask
from tf_btgmi.outputs import INPAINTED

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    mask_program.define_flags("object", "remove an object from", takes_box=True)
    common_flags.define_retouched()
    flags.DEFINE_integer(
        "mask_dilation",
        None,
        "Dilation of the object in pixels. Default: 1.5 % of the picture's shorter "
        "side.",
        lower_bound=0,
    )


def main(argv):
    """Removes the objects from all pictures."""
    del argv
    columns, needed = ["mask_dilation"], (INPAINTED, "remove objects")
    return mask_program.run("object", columns, needed, remove, FLAGS.retouched)


def remove(predictor, image, mask, job):
    """Removes the object from one picture."""
    dilation = mask_program.dilation(job)
    composite = predictor.remove(image, mask, dilation, mask_program.window_bar())
    return composite, removal_mask(mask, dilation)


if __name__ == "__main__":
    program.run(main, define_flags)

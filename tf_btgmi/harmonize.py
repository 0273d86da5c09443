r"""Matches the colours of pasted objects to their surroundings.

    python -m tf_btgmi.harmonize --image=pasted.png --mask=object.png --output=fits.png
    python -m tf_btgmi.harmonize --image=photos --mask=masks --output=done \
        --model=runs/guided
    python -m tf_btgmi.harmonize --jobs=jobs.csv

White in a mask (128 to 255) is the object. Its colours change smoothly, so that it
keeps its detail at any size; all other pixels stay as they are. The model needs the
output `harmonized`.

--box=y0,x0,y1,x1 selects the object in one picture instead of a mask.

Files, folders, CSV jobs, results and exit codes are those of tf_btgmi.inpaint.
"""

from absl import flags

from tf_btgmi.cli import mask_program, program
from tf_btgmi.outputs import HARMONIZED

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    mask_program.define_flags("object", "recolour an object of", takes_box=True)
    flags.DEFINE_bool(
        "direct",
        False,
        "Use the network's own pixels, enlarged for large objects, instead of applying "
        "its colour change to the pixels of the object.",
    )


def main(argv):
    """Harmonizes the objects of all pictures."""
    del argv
    needed = (HARMONIZED, "harmonize")
    # Recolouring leaves soft edges as transparent as they are.
    return mask_program.run("object", [], needed, harmonize, opaque=False)


def harmonize(predictor, image, mask, job):
    """Harmonizes the object of one picture."""
    del job
    return predictor.harmonize(image, mask, FLAGS.direct), mask


if __name__ == "__main__":
    program.run(main, define_flags)

r"""Recolours objects that were pasted into pictures, so that they fit in.

    python -m tf_btgmi.harmonize --image=pasted.png --mask=object.png --output=fits.png
    python -m tf_btgmi.harmonize --image=photos --mask=masks --output=done \
        --model=runs/guided
    python -m tf_btgmi.harmonize --jobs=jobs.csv

White in a mask is object (at least 128 of 255). The object keeps its detail at any
size: its colours are changed smoothly, its pixels stay its own. Everything else stays
as it is. The model has to have the output `harmonized`.
Files, folders, jobs, results and exit codes are those of tf_btgmi.inpaint.
"""

from absl import flags

from tf_btgmi.cli import mask_program, program

FLAGS = flags.FLAGS


def define_flags():
    """The flags of this program; `program.run` calls it."""
    mask_program.define_flags("object", "recolour an object of")
    flags.DEFINE_bool(
        "direct",
        False,
        "Take the network's own pixels, enlarged where it sees less, instead of "
        "carrying its colour change to the object's own.",
    )


def main(argv):
    """Pairs the files and recolours the objects, one picture after another."""
    del argv
    needed = ("harmonized", "harmonize")
    # Recolouring leaves soft edges as transparent as they are.
    return mask_program.run("object", [], needed, harmonize, opaque=False)


def harmonize(predictor, image, mask, row):
    """Recolours the object."""
    del row
    return predictor.harmonize(image, mask, FLAGS.direct), mask


if __name__ == "__main__":
    program.run(main, define_flags)

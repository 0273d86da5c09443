r"""Puts an object of one picture into another, as if it had been there.

    python -m tf_btgmi.compose --image=meadow.jpg --guide=farm.jpg \
        --guide_box=100,80,420,510 --position=600,900 --scale=1.5 \
        --output=horse.jpg
    python -m tf_btgmi.compose --jobs=jobs.csv

The object is what is white in --guide_mask, or what stands out in --guide_box
(y0,x0,y1,x1 in pixels; GrabCut cuts it out). The centre of its box goes to --position
(y,x in pixels of the picture); what lies outside the picture is cut off. A narrow band
around it is filled, and the object recoloured; nothing else changes.
A file of jobs has the columns image, guide, position and output, guide_mask or
guide_box, and if wanted scale, rotate, flip and gap; its paths are taken from its
folder. Results keep size, mode and metadata of --image.
Exit code: 0, all done; 1, some picture was not; 2, a mistake in the flags.
"""

from typing import Optional

import numpy as np
from absl import flags

from tf_btgmi import loading
from tf_btgmi.cli import batches, job_files, mask_program, program
from tf_btgmi.inference.composing import BOX
from tf_btgmi.pictures.color_profiles import rgb_as_in
from tf_btgmi.pictures.masks import read_mask
from tf_btgmi.pictures.reader import read_picture
from tf_btgmi.selection import select

FLAGS = flags.FLAGS
_REQUIRED = ("image", "guide", "position", "output")
_OBJECT = ("guide_mask", "guide_box")
_POSE = ("scale", "rotate", "flip", "gap")


def define_flags():
    """The flags of this program; `program.run` calls it."""
    flags.DEFINE_string("image", None, "Picture that the object goes into.")
    flags.DEFINE_string("guide", None, "Picture that the object is in.")
    flags.DEFINE_string("guide_mask", None, "Mask of the guide, white = object.")
    flags.DEFINE_string("guide_box", None, "Box y0,x0,y1,x1 around the object.")
    flags.DEFINE_string("position", None, "y,x where the object's centre goes.")
    flags.DEFINE_float("scale", 1.0, "Factor of the object's size.")
    flags.DEFINE_float("rotate", 0.0, "Degrees counter-clockwise.")
    flags.DEFINE_bool("flip", False, "Mirror the object left to right first.")
    flags.DEFINE_string(
        "gap",
        None,
        "Width in pixels of the band around the object that is filled, 0 for none, or "
        "box for all of its box; by default 2 % of its box's longer side, at least 2.",
    )
    flags.DEFINE_bool("harmonize", True, "Recolour the object.")
    mask_program.define_batch_flags(f"{', '.join(_REQUIRED)} and guide_mask or _box")


def main(argv):
    """Makes the composites, one after another."""
    del argv
    mask_program.check_flags(
        (
            ("image", "the picture that the object goes into"),
            ("guide", "the picture that the object is in"),
            ("position", "the row and column of the picture for the object's centre"),
            ("output", "where the result goes"),
        )
    )
    output = "harmonized" if FLAGS.harmonize else "inpainted"
    loading.describe(FLAGS.model, output)
    if FLAGS.jobs:
        rows = job_files.read_rows(FLAGS.jobs, _REQUIRED, (*_OBJECT, *_POSE))
    else:
        rows = [_row_of_flags()]
    predictor = loading.load(FLAGS.model, output)
    if FLAGS.harmonize:
        predictor.need("harmonized", "harmonize", "; --noharmonize keeps the colours")
    inputs = job_files.paths_of(rows, ("image", "guide", "guide_mask"))
    outputs = batches.Outputs(FLAGS.overwrite, bool(FLAGS.jobs), inputs)

    def task(row):
        return batches.Task(row.label, lambda: compose_file(predictor, row, outputs))

    counts = batches.run([task(row) for row in rows])
    print(f"{counts}.")
    return program.FAILURE_EXIT_CODE if counts.failed else 0


def compose_file(predictor, row: job_files.Row, outputs) -> Optional[batches.Written]:
    """Makes one composite.

    Raises:
        ValueError: a cell, a picture or the mask cannot be used.
        OSError: a file cannot be read or written.
    """
    output = row.path("output")
    pose = {
        "position": row.value("position", job_files.pair_of_numbers),
        "scale": row.value("scale", job_files.number, FLAGS.scale),
        "rotate": row.value("rotate", job_files.number, FLAGS.rotate),
        "flip": row.value("flip", job_files.yes_or_no, FLAGS.flip),
        "gap": row.value("gap", _gap, None if FLAGS.gap is None else _gap(FLAGS.gap)),
    }
    if outputs.exists(output):
        return None
    picture = read_picture(row.path("image"))
    image = picture.rgb()
    guide = rgb_as_in(read_picture(row.path("guide")), picture)
    mask = _guide_mask(row, guide)
    composite = predictor.compose(image, guide, mask, harmonize=FLAGS.harmonize, **pose)
    changed = (composite != image).any(axis=-1)
    return outputs.write(picture, composite, changed, output)


def _row_of_flags() -> job_files.Row:
    """The one job that the flags name."""
    values = {name: FLAGS[name].value for name in (*_REQUIRED, *_OBJECT)}
    values = {name: value for name, value in values.items() if value}
    row = job_files.Row("", "", values)
    # What is wrong with a flag is told before anything is loaded.
    job_files.pair_of_numbers(row.text("position"))
    _one_of_two(row)
    row.value("guide_box", job_files.box)
    if FLAGS.gap is not None:
        _gap(FLAGS.gap)
    return row


def _guide_mask(row: job_files.Row, guide: np.ndarray) -> np.ndarray:
    _one_of_two(row)
    if "guide_mask" in row.values:
        return read_mask(row.path("guide_mask"))
    return select(guide, job_files.box(row.values["guide_box"]))


def _one_of_two(row: job_files.Row) -> None:
    if len([name for name in _OBJECT if name in row.values]) != 1:
        raise ValueError("Give either guide_mask or guide_box: where the object is.")


def _gap(text: str):
    return BOX if text.strip() == BOX else job_files.whole_number(text)


if __name__ == "__main__":
    program.run(main, define_flags)

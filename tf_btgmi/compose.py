r"""Puts an object of one picture into another picture.

    python -m tf_btgmi.compose --image=meadow.jpg --guide=farm.jpg \
        --guide_box=100,80,420,510 --position=600,900 --scale=1.5 \
        --output=horse.jpg
    python -m tf_btgmi.compose --jobs=jobs.csv

The object is the white part of --guide_mask, or is selected in --guide_box
(y0,x0,y1,x1 in pixels). The centre of its bounding box is placed at --position (y,x in
pixels of the picture); parts outside the picture are cut off. A narrow band around the
object is filled, and its colours are matched to the picture; all other pixels stay as
they are.

A CSV file of jobs has the columns image, guide, position and output, either guide_mask
or guide_box, and optionally scale, rotate, flip and gap; its paths are relative to its
folder. Results keep size, mode and metadata of --image. Results that exist already are
skipped when there are jobs; --overwrite replaces them.

Exit code: 0 success; 1 some composites failed; 2 an error in the command line.
"""

import os
from typing import Optional

import numpy as np
from absl import flags

from tf_btgmi import loading
from tf_btgmi.cli import batches, job_files, mask_program, program
from tf_btgmi.cli.jobs import Job, output_of
from tf_btgmi.inference.composing import BOX
from tf_btgmi.inference.placement import Pose
from tf_btgmi.outputs import HARMONIZED, INPAINTED
from tf_btgmi.pictures.color_profiles import rgb_as_in
from tf_btgmi.pictures.masks import read_mask
from tf_btgmi.pictures.picture import with_alpha
from tf_btgmi.pictures.reader import decode_picture, read_picture
from tf_btgmi.selection import select

FLAGS = flags.FLAGS
_REQUIRED = ("image", "guide", "position", "output")
_OBJECT = ("guide_mask", "guide_box")
_POSE = ("scale", "rotate", "flip", "gap")


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    flags.DEFINE_string("image", None, "Picture that the object is put into.")
    flags.DEFINE_string("guide", None, "Picture with the object.")
    flags.DEFINE_string(
        "guide_mask",
        None,
        "Mask of the object in the guide, white = object; for a cut-out on a "
        "transparent background, the file of --guide.",
    )
    flags.DEFINE_string(
        "guide_box", None, "Box around the object in the guide: y0,x0,y1,x1."
    )
    flags.DEFINE_string(
        "position",
        None,
        "Row and column of --image for the centre of the object's bounding box: y,x.",
    )
    flags.DEFINE_float("scale", 1.0, "Factor by which the object is scaled.")
    flags.DEFINE_float(
        "rotate", 0.0, "Degrees by which the object is rotated counter-clockwise."
    )
    flags.DEFINE_bool(
        "flip", False, "Flip the object horizontally, before it is rotated."
    )
    flags.DEFINE_string(
        "gap",
        None,
        "Width in pixels of the filled band around the object; 0 fills nothing, box "
        "fills the rest of its bounding box. Default: 2 % of the box's longer side, at "
        "least 2.",
    )
    flags.DEFINE_bool("harmonize", True, "Match the object's colours to the picture.")
    mask_program.define_batch_flags(
        f"{', '.join(_REQUIRED)} and guide_mask or guide_box"
    )


def main(argv):
    """Makes all composites."""
    del argv
    mask_program.check_flags(
        (
            ("image", "the picture that the object is put into"),
            ("guide", "the picture with the object"),
            ("position", "the row and column of the picture for the object's centre"),
            ("output", "the file of the result"),
        ),
        _OBJECT,
    )
    output = HARMONIZED if FLAGS.harmonize else INPAINTED
    loading.check(FLAGS.model, output)
    if FLAGS.jobs:
        _check_pose((0.0, 0.0))
        jobs = job_files.read_jobs(FLAGS.jobs, _REQUIRED, (*_OBJECT, *_POSE))
    else:
        jobs = [_job_of_flags()]
    predictor = loading.load(FLAGS.model, output)
    if FLAGS.harmonize:
        predictor.need(HARMONIZED, "harmonize", "; --noharmonize keeps the colours")
    inputs = job_files.paths_of(jobs, ("image", "guide", "guide_mask"))
    outputs = batches.Outputs(FLAGS.overwrite, bool(FLAGS.jobs), inputs)
    counts = batches.run(jobs, lambda job: compose_file(predictor, job, outputs))
    print(f"{counts}.{counts.results_in(FLAGS.output)}")
    return program.FAILURE_EXIT_CODE if counts.failed else 0


def compose_file(predictor, job: Job, outputs) -> Optional[batches.Written]:
    """Makes one composite.

    Raises:
        ValueError: a value, a picture or the mask is invalid.
        OSError: a file cannot be read or written.
    """
    output = job.output
    pose = {
        "position": _position(job),
        "scale": job.value("scale", job_files.number, FLAGS.scale),
        "rotate": job.value("rotate", job_files.number, FLAGS.rotate),
        "flip": job.value("flip", job_files.yes_or_no, FLAGS.flip),
        "gap": job.value("gap", _gap, None if FLAGS.gap is None else _gap(FLAGS.gap)),
    }
    if outputs.skips(output):
        return None
    picture = read_picture(job.image)
    # Transparent pixels become opaque, even where their colour stays.
    image = with_alpha(picture.stored_rgb(sixteen_bits=True), picture.alpha())
    with open(job.path("guide"), "rb") as file:
        guide_data = file.read()
    guide = rgb_as_in(decode_picture(guide_data, job.path("guide")), picture)
    mask = _guide_mask(job, guide, guide_data)
    composite = predictor.compose(image, guide, mask, harmonize=FLAGS.harmonize, **pose)
    changed = (composite != image).any(axis=-1)
    return outputs.write(picture, composite[..., :3], changed, output)


def _job_of_flags() -> Job:
    """The job in the flags."""
    values = {name: FLAGS[name].value for name in (*_REQUIRED, *_OBJECT)}
    values = {name: value for name, value in values.items() if value}
    values["output"] = output_of(FLAGS.image, FLAGS.output)
    job = Job(values)
    # Wrong flags are reported before a model is loaded.
    for name in ("image", "guide", "guide_mask"):
        if name in values and not os.path.isfile(values[name]):
            raise ValueError(f"--{name}: there is no file {values[name]}.")
    _check_pose(_position(job))
    job_files.check_exactly_one(job, _OBJECT)
    job.value("guide_box", job_files.box)
    return job


def _check_pose(position: tuple) -> None:
    """Reports wrong flags of the pose before a model is loaded."""
    Pose(position, FLAGS.scale, FLAGS.rotate).check()
    if FLAGS.gap is not None:
        Job({"--gap": FLAGS.gap}).value("--gap", _gap)


def _guide_mask(job: Job, guide: np.ndarray, guide_data: bytes) -> np.ndarray:
    job_files.check_exactly_one(job, _OBJECT)
    if "guide_mask" in job.values:
        return read_mask(job.path("guide_mask"), picture=guide_data, is_object=True)
    return select(guide, job_files.box(job.values["guide_box"]))


def _position(job: Job) -> tuple:
    """The required position; an empty cell of a CSV file has none."""
    job.text("position")
    return job.value("position", job_files.pair_of_numbers)


def _gap(text: str):
    if text.strip() == BOX:
        return BOX
    try:
        return job_files.whole_number(text)
    except ValueError as error:
        raise ValueError(f"{str(error)[:-1]}, nor {BOX!r}.") from None


if __name__ == "__main__":
    program.run(main, define_flags)

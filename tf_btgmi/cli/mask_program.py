"""What `inpaint`, `remove` and `harmonize` share: a picture, a mask, a result.

They differ in what they do to the picture where the mask is white. Jobs come as one
picture, as folders or as a CSV file; errors are told one by one and the rest is done.
"""

import sys
from typing import Callable, List, Optional, Sequence, Tuple

import numpy as np
from absl import flags
from PIL import Image

from tf_btgmi import loading
from tf_btgmi.cli import batches, common_flags, job_files, program
from tf_btgmi.inference.predictor import Predictor
from tf_btgmi.pictures.masks import read_mask
from tf_btgmi.pictures.pairs import find_jobs
from tf_btgmi.pictures.reader import read_picture

FLAGS = flags.FLAGS
# A photograph of this size is no attack on the person who named it.
_MAX_PIXELS = 1 << 30

# (predictor, image, mask, the job's row) -> composite, pixels to take from it; masks
# are bool and not checked yet.
Change = Callable[
    [Predictor, np.ndarray, np.ndarray, job_files.Row], Tuple[np.ndarray, np.ndarray]
]


def define_flags(what: str, meaning: str) -> None:
    """Defines the flags of a picture and its mask.

    Args:
        what: what the mask shows: "hole" or "object".
        meaning: what the program does with the picture: "fill".
    """
    flags.DEFINE_string(
        "image", None, f"Picture to {meaning}: a file, a folder or a glob."
    )
    flags.DEFINE_string(
        "mask", None, f"Mask, white = {what}: a file for all, or a folder."
    )
    flags.DEFINE_bool("mask_invert", False, f"Black is {what}.")
    define_batch_flags("image, mask, output")


def define_batch_flags(columns: str) -> None:
    """Defines `--output`, `--jobs`, `--overwrite` and `--model`.

    Args:
        columns: what a file of jobs must have.
    """
    flags.DEFINE_string(
        "output", None, "Result: a file, or a folder for several pictures."
    )
    flags.DEFINE_string(
        "jobs", None, f"CSV file, a row a picture, with the columns {columns}."
    )
    flags.DEFINE_bool("overwrite", False, "Replace results that are already there.")
    common_flags.define_model()


def check_flags(wanted: Sequence[Tuple[str, str]]) -> None:
    """Wants either `--jobs` or each of the named flags, with what it is for.

    Raises:
        UsageError: one is missing, or is given beside `--jobs`.
    """
    Image.MAX_IMAGE_PIXELS = _MAX_PIXELS
    for name, what in wanted:
        given = FLAGS[name].value
        if FLAGS.jobs and given:
            raise program.UsageError(f"--{name} goes into the file of --jobs.")
        if not FLAGS.jobs and not given:
            raise program.UsageError(f"Give --{name}=PATH: {what}.")


def run(
    what: str,
    columns: Sequence[str],
    needed: Tuple[str, str],
    change: Change,
    retouched: bool = True,
) -> int:
    """Does the jobs that the flags name and tells how many were done.

    Args:
        what: what the mask shows.
        columns: what a file of jobs may have beside image, mask and output.
        needed: the output that the model must have, and what for.
        change: what to do with a picture.
        retouched: whether fills are redrawn near the hole's edge.

    Returns:
        The exit code.

    Raises:
        ValueError: a flag is missing or wrong, or there is no such model.
    """
    check_flags(
        (
            ("image", "the picture, a folder or a glob"),
            ("mask", f"the mask, white = {what}"),
            ("output", "where the result goes"),
        )
    )
    # A wrong place is told before anything else is looked for.
    loading.describe(FLAGS.model, needed[0])
    rows, unmatched = _find_rows(columns)
    predictor = loading.load(FLAGS.model, needed[0], retouched) if rows else None
    if predictor:
        predictor.need(*needed)
    outputs = batches.Outputs(FLAGS.overwrite)

    def task(row):
        return batches.Task(row.label, lambda: _one(predictor, row, change, outputs))

    num_failed = batches.run([task(row) for row in rows])
    for line in unmatched:
        print(line, file=sys.stderr)
    num_done = len(rows) - num_failed
    print(f"{num_done} done, {num_failed} failed, {len(unmatched)} without a partner.")
    return program.FAILURE_EXIT_CODE if num_failed or unmatched else 0


def dilation(row: job_files.Row) -> Optional[int]:
    """Pixels to grow the mask by: the job's own, or else those of `--mask_dilation`."""
    return row.value("mask_dilation", job_files.whole_number, FLAGS.mask_dilation)


def _find_rows(columns: Sequence[str]) -> Tuple[List[job_files.Row], List[str]]:
    """The jobs, and a line for each file without a partner."""
    if FLAGS.jobs:
        required = ("image", "mask", "output")
        return job_files.read_rows(FLAGS.jobs, required, columns), []
    found, unmatched = find_jobs(FLAGS.image, FLAGS.mask, FLAGS.output)
    return [job_files.Row("", "", job._asdict()) for job in found], unmatched


def _one(predictor, row: job_files.Row, change: Change, outputs) -> batches.Written:
    output, image_path, mask_path = map(row.path, ("output", "image", "mask"))
    outputs.check(output)
    picture = read_picture(image_path)
    mask = read_mask(mask_path, FLAGS.mask_invert)
    try:
        composite, changed = change(predictor, picture.rgb(), mask, row)
    except ValueError as error:
        raise ValueError(f"{image_path} with {mask_path}: {error}") from None
    return outputs.write(picture, composite, changed, output)

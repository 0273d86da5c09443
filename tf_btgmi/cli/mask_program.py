"""Command-line code shared by `inpaint`, `remove` and `harmonize`.

Each changes pictures where a mask is white. Jobs come from the flags, as one picture or
as folders, or from a CSV file; a failed job is reported and the others are done.
"""

import glob
import os
import sys
from typing import Callable, Optional, Sequence

import numpy as np
from absl import flags

from tf_btgmi import loading
from tf_btgmi.cli import batches, common_flags, job_files, program
from tf_btgmi.cli.jobs import Job, find_jobs, output_of
from tf_btgmi.inference.filling import Progress
from tf_btgmi.inference.predictor import Predictor
from tf_btgmi.pictures.masks import read_mask
from tf_btgmi.pictures.reader import decode_picture
from tf_btgmi.progress_bar import progress_bar
from tf_btgmi.selection import select

FLAGS = flags.FLAGS
# Columns that say where the object is.
_OBJECT = ("mask", "box")

# (predictor, image, mask, job) -> composite and the bool [H, W] of its pixels that go
# into the result. The mask is bool and not validated yet.
Change = Callable[
    [Predictor, np.ndarray, np.ndarray, Job], tuple[np.ndarray, np.ndarray]
]


def define_flags(what: str, meaning: str, takes_box: bool = False) -> None:
    """Defines the flags for pictures and masks.

    Args:
        what: what is white in a mask: "hole" or "object".
        meaning: verb for the work on a picture, such as "fill".
        takes_box: whether a box around the object can stand in for a mask.
    """
    flags.DEFINE_string(
        "image", None, f"Pictures to {meaning}: a file, a folder or a glob pattern."
    )
    flags.DEFINE_string(
        "mask",
        None,
        f"Masks, white = {what}: one file for all pictures, or a folder or glob "
        "pattern of files named like the pictures or NAME_mask*.",
    )
    flags.DEFINE_bool(
        "mask_invert", False, f"Treat black as the {what} instead of white."
    )
    if takes_box:
        flags.DEFINE_string(
            "box",
            None,
            "Box around the object in one picture, y0,x0,y1,x1, instead of a mask.",
        )
    define_batch_flags(f"image, mask{' or box' if takes_box else ''}, output")


def define_batch_flags(columns: str) -> None:
    """Defines `--output`, `--jobs`, `--overwrite` and `--model`.

    Args:
        columns: the required columns of a CSV file of jobs.
    """
    flags.DEFINE_string(
        "output", None, "Result: a file for one picture, a folder for several."
    )
    flags.DEFINE_string(
        "jobs",
        None,
        f"CSV file of jobs, one row per picture, with the columns {columns}; replaces "
        "the flags of those names.",
    )
    flags.DEFINE_bool(
        "overwrite", False, "Replace existing results, which are skipped otherwise."
    )
    common_flags.define_model()


def check_flags(
    required: Sequence[tuple[str, str]], optional: Sequence[str] = ()
) -> None:
    """Checks that either `--jobs` or all other flags of a job are there.

    Args:
        required: the names of those flags and their meanings.
        optional: names of flags of a job that may be missing.

    Raises:
        UsageError: a flag is missing, or was used together with `--jobs`.
    """
    for name in (*(name for name, _ in required), *optional):
        if FLAGS.jobs and FLAGS[name].value:
            raise program.UsageError(
                f"--{name} and --jobs cannot be used together; the CSV file has "
                f"a column {name}."
            )
    for name, meaning in required:
        if not FLAGS.jobs and not FLAGS[name].value:
            placeholder = "Y,X" if name == "position" else "PATH"
            raise program.UsageError(f"--{name}={placeholder} is missing: {meaning}.")


def run(
    what: str,
    columns: Sequence[str],
    needed: tuple[str, str],
    change: Change,
    retouched: bool = True,
    opaque: bool = True,
) -> int:
    """Does the jobs of the flags and prints how many were done.

    Args:
        what: what is white in a mask.
        columns: optional columns of a CSV file of jobs.
        needed: the required output of the model, and its purpose for error messages.
        change: changes one picture.
        retouched: see `Predictor`.
        opaque: whether changed pixels become opaque.

    Returns:
        The exit code.

    Raises:
        ValueError: a flag is missing or wrong, or the model does not exist.
    """
    required = [
        ("image", "the picture, a folder or a glob pattern"),
        ("output", "the file or folder of the result"),
    ]
    if not _box():
        required.insert(1, ("mask", f"the mask, white = {what}"))
    elif FLAGS.jobs or FLAGS.mask or _names_several(FLAGS.image or ""):
        raise program.UsageError(
            "--box goes with one picture, --image=FILE, and with neither --mask nor "
            "--jobs."
        )
    check_flags(required)
    # Fails on a wrong --model before the pictures are looked for.
    loading.check(FLAGS.model, needed[0])
    jobs, unmatched, notes = _find_jobs(columns)
    for line in notes:
        print(line, file=sys.stderr)
    predictor = loading.load(FLAGS.model, needed[0], retouched) if jobs else None
    if predictor:
        predictor.need(*needed)
    inputs = job_files.paths_of(jobs, ("image", "mask"))
    outputs = batches.Outputs(FLAGS.overwrite, _is_batch(), inputs)
    counts = batches.run(
        jobs, lambda job: _one(predictor, job, change, outputs, opaque)
    )
    for line in unmatched:
        print(line, file=sys.stderr)
    where = counts.results_in(FLAGS.output)
    print(f"{counts}, {len(unmatched)} unmatched.{where}")
    return program.FAILURE_EXIT_CODE if counts.failed or unmatched else 0


def dilation(job: Job) -> Optional[int]:
    """The dilation of a job's mask in pixels: its own, or that of the flag."""
    return job.value("mask_dilation", job_files.whole_number, FLAGS.mask_dilation)


def _box() -> Optional[str]:
    return FLAGS.box if "box" in FLAGS else None


def window_bar() -> Optional[Progress]:
    """Returns the `progress` of a single picture's windows: a bar if it has several.

    Several pictures have a bar of their own, and none for windows.
    """
    if _is_batch():
        return None
    bar = None

    def show(done: int, total: int) -> None:
        nonlocal bar
        if not done:
            bar = progress_bar(total=total, unit="window", disable=total < 2)
        bar.update(done - bar.n)
        if done == total:
            bar.close()

    return show


def _names_several(place: str) -> bool:
    is_pattern = glob.has_magic(place) and not os.path.isfile(place)
    return os.path.isdir(place) or is_pattern


def _is_batch() -> bool:
    return bool(FLAGS.jobs) or not os.path.isfile(FLAGS.image)


def _find_jobs(columns: Sequence[str]) -> tuple[list[Job], list[str], list[str]]:
    """The jobs, one line per unmatched file, and notes."""
    if FLAGS.jobs and "box" in FLAGS:
        optional = [*_OBJECT, *columns]
        return job_files.read_jobs(FLAGS.jobs, ("image", "output"), optional), [], []
    if FLAGS.jobs:
        required = ("image", "mask", "output")
        return job_files.read_jobs(FLAGS.jobs, required, columns), [], []
    if _box():
        if FLAGS.mask_invert:
            raise program.UsageError("--mask_invert is for --mask, not for --box.")
        if not os.path.isfile(FLAGS.image):
            raise ValueError(f"--image: there is no {FLAGS.image}.")
        output = output_of(FLAGS.image, FLAGS.output)
        values = {"image": FLAGS.image, "box": _box(), "output": output}
        job = Job(values)
        job.value("box", job_files.box)
        return [job], [], []
    return find_jobs(FLAGS.image, FLAGS.mask, FLAGS.output)


def _one(
    predictor, job: Job, change: Change, outputs, opaque: bool
) -> Optional[batches.Written]:
    if "box" in FLAGS:
        job_files.check_exactly_one(job, _OBJECT)
    output, image_path = job.output, job.image
    box = job.value("box", job_files.box)
    where = f"the box {job.values['box']}" if box else job.mask
    if box and FLAGS.mask_invert:
        raise ValueError("--mask_invert is for a mask, not for a box.")
    if outputs.skips(output):
        return None
    with open(image_path, "rb") as file:
        data = file.read()
    picture = decode_picture(data, image_path)
    if not box:
        # What is recoloured is visible, also in a cut-out that is its own mask.
        mask = read_mask(job.mask, FLAGS.mask_invert, data, is_object=not opaque)
    try:
        if box:
            mask = select(picture.rgb(), box) > 0
        composite, changed = change(
            predictor, picture.rgb(sixteen_bits=True), mask, job
        )
    except ValueError as error:
        raise ValueError(f"{image_path} with {where}: {error}") from None
    return outputs.write(picture, composite, changed, output, opaque)

"""One job of a batch of millions: done, skipped or failed, but never an exception.

`batch_pipeline.py` distributes these over machines. This module knows neither Beam nor
TensorFlow; files are accessed through an object with `exists`, `read` and `write`.
"""

import os
from typing import Iterable, Iterator, NamedTuple, Union

from tf_btgmi.cli.jobs import Job
from tf_btgmi.files import identity, one_line
from tf_btgmi.inference import holes
from tf_btgmi.pictures.formats import TooLargeError
from tf_btgmi.pictures.masks import decode_mask
from tf_btgmi.pictures.pairs import match, result_path
from tf_btgmi.pictures.reader import decode_picture
from tf_btgmi.pictures.writer import encode_picture, format_of

DONE, SKIPPED, FAILED = "done", "skipped", "failed"
STATES = (DONE, SKIPPED, FAILED)


class Outcome(NamedTuple):
    """Outcome of a job: one of `STATES`, and the reason of a failure."""

    state: str
    picture: str
    reason: str = ""


class Options(NamedTuple):
    """Options of all jobs.

    Attributes:
        mask_invert: whether black is the hole.
        overwrite: whether existing results are replaced.
        max_pixels: size limit of a picture or mask, checked before it is decoded.
    """

    mask_invert: bool = False
    overwrite: bool = False
    max_pixels: int = 200_000_000


def fill(job: Job, predictor, files, options: Options) -> Outcome:
    """Fills the hole of one picture and writes the result.

    Args:
        job: the job.
        predictor: a `Predictor`.
        files: object with `exists(path)`, `read(path)` -> bytes and an atomic
            `write(path, parts)`.
        options: options of the batch.
    """
    try:
        for name, path in (("picture", job.image), ("mask", job.mask)):
            if identity(job.output) == identity(path):
                raise ValueError(f"The result would replace the {name}.")
        target = format_of(job.output)
        if not options.overwrite and files.exists(job.output):
            return Outcome(SKIPPED, job.image)
        data, limit = files.read(job.image), options.max_pixels
        picture = decode_picture(data, job.image, limit)
        mask_data = files.read(job.mask)
        mask = decode_mask(mask_data, job.mask, options.mask_invert, data, limit)
        image = picture.rgb(sixteen_bits=True)
        dilation = job.value("mask_dilation", int, 0)
        composite = predictor.inpaint(image, mask, dilation)
        picture = picture.filled(composite, holes.dilated(mask, dilation))
        data, _ = encode_picture(picture, target, job.output)
        files.write(job.output, [data])
    # Decoders raise nearly any exception for a damaged file, and cloud file systems
    # have exceptions of their own. None may stop the other pictures.
    except Exception as error:
        return Outcome(FAILED, job.image, reason(error))
    return Outcome(DONE, job.image)


def job_of(name: str, path: str, mask: str, output: str, dilation: int) -> Job:
    """A job; the folder of `name` is that of the result below `output`."""
    result = result_path(output, os.path.dirname(name), path)
    return Job.of(path, mask, result, mask_dilation=str(dilation))


def pair(
    images: Iterable[tuple[str, str]],
    masks: Iterable[tuple[str, str]],
    output: str,
    dilation: int,
    all_masks: bool = True,
) -> Iterator[Union[Job, Outcome]]:
    """Pairs pictures and masks; yields jobs, or outcomes where that fails.

    Args:
        images: (name, path) of the pictures; a name is a path without its ending, see
            `job_of`.
        masks: (name, path) of the masks.
        output: folder of the results.
        dilation: dilation of the holes in pixels.
        all_masks: whether a mask without a picture is a failure.
    """
    pairs, strangers = match(sorted(images), sorted(masks), identity=str)
    for name, path, mine in pairs:
        if len(mine) == 1:
            yield job_of(name, path, mine[0], output, dilation)
        elif mine:
            both = " and ".join(mine[:2])
            yield Outcome(FAILED, path, f"{both} go with the same picture.")
        else:
            reason = f"no mask named {name}.* or {name}_mask* goes with it."
            yield Outcome(FAILED, path, reason)
    for name, path in strangers * all_masks:
        yield Outcome(FAILED, path, f"no picture named {name}.* goes with it.")


def one_job_an_output(output: str, jobs: Iterable[Job]) -> list:
    """Returns the only job that writes to `output`, or one failure per job."""
    jobs = sorted(jobs, key=lambda job: (job.image, job.mask))
    if len(jobs) == 1:
        return jobs
    text = f"{len(jobs)} pictures would be written to {output}."
    return [Outcome(FAILED, job.image, text) for job in jobs]


def reason(error: Exception) -> str:
    """The message of an error in one line, with its type unless it is a ValueError."""
    kind, text = type(error).__name__, one_line(error)
    if isinstance(error, TooLargeError):
        text += " --max_megapixels sets it."
    return text if isinstance(error, ValueError) or text == kind else f"{kind}: {text}"

"""One picture of a batch of millions: filled, skipped or failed, never an exception.

This is what `batch_pipeline.py` spreads over machines. Nothing here knows Beam or
TensorFlow; where files lie is told by an object with `exists`, `read` and `write`.
"""

import io
import os
from typing import Iterable, Iterator, List, NamedTuple, Tuple, Union

from tf_btgmi.inference import holes
from tf_btgmi.pictures.formats import open_picture
from tf_btgmi.pictures.masks import decode_mask
from tf_btgmi.pictures.pairs import match, result_name
from tf_btgmi.pictures.reader import decode_picture
from tf_btgmi.pictures.writer import encode_picture, format_of

DONE, SKIPPED, FAILED = "done", "skipped", "failed"
STATES = (DONE, SKIPPED, FAILED)


class Job(NamedTuple):
    """One picture: paths of the picture, its mask and its result.

    `mask_dilation` is in pixels.
    """

    image: str
    mask: str
    output: str
    mask_dilation: int = 0


class Outcome(NamedTuple):
    """What became of a picture: one of `STATES`, and the reason where it failed."""

    state: str
    picture: str
    reason: str = ""


class Options(NamedTuple):
    """What holds for all pictures.

    Attributes:
        mask_invert: whether black is hole.
        overwrite: whether a result that is there is made again.
        max_pixels: of a picture or mask, read from its header before it is decoded.
    """

    mask_invert: bool = False
    overwrite: bool = False
    max_pixels: int = 200_000_000


def fill(job: Job, predictor, files, options: Options) -> Outcome:
    """Fills the hole of one picture and writes the result.

    Args:
        job: what to do.
        predictor: a `Predictor`.
        files: `exists(path)`, `read(path)` -> bytes, and `write(path, data)`, after
            which the file is there whole or not at all.
        options: of the batch.
    """
    try:
        if job.output == job.image:
            raise ValueError("its result would replace it.")
        target = format_of(job.output)
        if not options.overwrite and files.exists(job.output):
            return Outcome(SKIPPED, job.image)
        data = _read(files, job.image, options)
        picture = decode_picture(data, job.image)
        mask_data = _read(files, job.mask, options)
        mask = decode_mask(mask_data, job.mask, options.mask_invert, data)
        image = picture.rgb()
        # Other sizes and an empty mask are for the predictor to refuse.
        if mask.shape == image.shape[:2] and mask.any():
            mask = holes.dilated(mask, job.mask_dilation)
        composite = predictor.inpaint(image, mask)
        picture = picture.filled(composite, mask)
        data, _ = encode_picture(picture, target, job.output)
        files.write(job.output, data)
    # Decoders raise nearly anything for a damaged file, and a file system of a cloud
    # has errors of its own: whatever it is, the next picture is not to suffer from it.
    except Exception as error:
        return Outcome(FAILED, job.image, reason(error))
    return Outcome(DONE, job.image)


def pair(
    images: Iterable[Tuple[str, str]],
    masks: Iterable[Tuple[str, str]],
    output: str,
    dilation: int,
    all_masks: bool = True,
) -> Iterator[Union[Job, Outcome]]:
    """The jobs of pictures and masks that may go together, or what is wrong with them.

    Args:
        images: (name, path) of the pictures; a name is a path without its ending, and
            its folder is that of the result below `output`.
        masks: (name, path) of the masks.
        output: folder of the results.
        dilation: pixels by which holes are grown.
        all_masks: whether a mask without a picture is a failure.
    """
    pairs, strangers = match(sorted(images), sorted(masks), identity=str)
    for name, path, mine in pairs:
        if len(mine) == 1:
            result = os.path.join(output, os.path.dirname(name), result_name(path))
            yield Job(path, mine[0], result, dilation)
        elif mine:
            both = " and ".join(mine[:2])
            yield Outcome(FAILED, path, f"{both} go with the same picture.")
        else:
            reason = f"no mask named {name}.* or {name}_mask* goes with it."
            yield Outcome(FAILED, path, reason)
    for name, path in strangers * all_masks:
        yield Outcome(FAILED, path, f"no picture named {name}.* goes with it.")


def one_job_an_output(
    output: str, found: Iterable[Job]
) -> Tuple[List[Job], List[Outcome]]:
    """The job that writes to `output`, or a failure for each of those that would."""
    found = sorted(found)
    if len(found) == 1:
        return found, []
    text = f"{len(found)} pictures would be written to {output}."
    return [], [Outcome(FAILED, job.image, text) for job in found]


def reason(error: Exception) -> str:
    """An error in one line, with its kind where the text alone may not tell it."""
    text = " ".join(str(error).split())
    if isinstance(error, ValueError) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _read(files, path: str, options: Options) -> bytes:
    data = files.read(path)
    try:
        with open_picture(io.BytesIO(data)) as stored:
            width, height = stored.size
    except (OSError, SyntaxError):
        # What is wrong with it is told where it is decoded.
        return data
    if width * height > options.max_pixels:
        raise ValueError(
            f"{path} has {width}x{height} pixels, more than the {options.max_pixels} "
            "of --max_megapixels."
        )
    return data

r"""Fills holes in pictures with a trained model.

    python -m tf_btgmi.inpaint --image=boat.jpg --mask=boat_hole.png \
        --output=filled.png
    python -m tf_btgmi.inpaint --image=photos --mask=masks --output=filled \
        --model=runs/places

The model is a bundled one by its name, the workdir of a training run, or an exported
SavedModel's folder.

White in a mask is hole (at least 128 of 255), upright, as the pictures are displayed.
In folders a mask goes with the picture of its name: boat.png with boat.jpg. Results
keep size, mode and metadata, and every known pixel where the format is lossless.
Exit code: 0, all done; 1, some picture was not; 2, a mistake in the flags.
"""

import os
import sys

import tqdm
from absl import flags
from PIL import Image

from tf_btgmi import loading, program
from tf_btgmi.inference import holes, jobs, mask_files, picture_writer, pictures
from tf_btgmi.inference.predictor import Predictor

FLAGS = flags.FLAGS
# A photograph of this size is no attack on the person who named it.
_MAX_PIXELS = 1 << 30


def define_flags():
    """The flags of this program; `program.run` calls it."""
    flags.DEFINE_string("image", None, "Picture to fill: a file, a folder or a glob.")
    flags.DEFINE_string(
        "mask", None, "Mask, white = hole: a file for all, or a folder."
    )
    flags.DEFINE_string(
        "output", None, "Result: a file, or a folder for several pictures."
    )
    program.define_model_flag()
    flags.DEFINE_integer(
        "mask_dilation", 0, "Pixels to grow the hole by.", lower_bound=0
    )
    flags.DEFINE_bool("mask_invert", False, "Black is hole.")
    flags.DEFINE_bool("overwrite", False, "Replace results that are already there.")


def main(argv):
    """Pairs the files and fills them one after another."""
    del argv
    for name, what in (
        ("image", "the picture, a folder or a glob"),
        ("mask", "the mask, white = hole"),
        ("output", "where the result goes"),
    ):
        if not FLAGS[name].value:
            raise program.UsageError(f"Give --{name}=PATH: {what}.")
    Image.MAX_IMAGE_PIXELS = _MAX_PIXELS
    loading.describe(FLAGS.model)
    found, unmatched = jobs.find_jobs(FLAGS.image, FLAGS.mask, FLAGS.output)
    predictor = loading.load(FLAGS.model) if found else None
    num_failed = _inpaint_all(predictor, found)
    for line in unmatched:
        print(line, file=sys.stderr)
    num_done = len(found) - num_failed
    print(f"{num_done} done, {num_failed} failed, {len(unmatched)} without a partner.")
    return program.FAILURE_EXIT_CODE if num_failed or unmatched else 0


def inpaint_file(predictor: Predictor, job: jobs.Job) -> list:
    """Fills one picture as the flags say; returns what its format could not hold.

    Raises:
        ValueError: the picture, the mask or the output cannot be used.
        OSError: a file cannot be read or written.
    """
    if os.path.exists(job.output) and not FLAGS.overwrite:
        raise ValueError(f"{job.output} is already there; --overwrite replaces it.")
    picture_writer.format_of(job.output)
    picture = pictures.read_picture(job.image)
    mask = mask_files.read_mask(job.mask, FLAGS.mask_invert)
    image = picture.rgb()
    if mask.shape == image.shape[:2] and mask.any():
        mask = holes.dilated(mask, FLAGS.mask_dilation)
    try:
        composite = predictor.inpaint(image, mask)
    except ValueError as error:
        raise ValueError(f"{job.image} with {job.mask}: {error}") from None
    folder = os.path.dirname(job.output)
    if folder:
        os.makedirs(folder, exist_ok=True)
    return picture_writer.write_picture(picture.filled(composite, mask), job.output)


def _inpaint_all(predictor, found) -> int:
    num_failed = 0
    progress = tqdm.tqdm(found, unit="picture", disable=len(found) < 2)
    for job in progress:
        try:
            notes = inpaint_file(predictor, job)
        except (ValueError, OSError) as error:
            num_failed += 1
            progress.write(str(error), file=sys.stderr)
            continue
        if notes:
            progress.write(f"{job.output}: {'; '.join(notes)}.", file=sys.stderr)
    return num_failed


if __name__ == "__main__":
    program.run(main, define_flags)

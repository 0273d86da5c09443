r"""Fills holes in millions of pictures with Apache Beam, on one machine or many.

    python -m export.batch_inpaint --image=photos --mask=masks --output=filled
    python -m export.batch_inpaint --jobs=jobs.csv --report=reports
    python -m export.batch_inpaint --image='gs://b/photos/*.jpg' --mask=gs://b/masks \
        --output=gs://b/filled --runner=DataflowRunner -- --project=p --region=r \
        --temp_location=gs://b/tmp --sdk_container_image=...

Pictures, masks and jobs are those of `tf_btgmi.inpaint`. Arguments after `--` go to
Beam. The same command resumes: existing results are skipped. Pictures that fail are
listed in failed.jsonl with the reasons; counts.json has the numbers of pictures
`done`, `skipped` and `failed`, of which those above 0. See docs/scaling.md.

Exit code: 0 success; 1 some pictures or the runner failed; 2 an error in the command
line.
"""

import glob
import logging
import os

from absl import flags

from tf_btgmi import loading
from tf_btgmi.cli import common_flags, mask_program, program
from tf_btgmi.files import identity
from tf_btgmi.pictures.listing import is_picture

FLAGS = flags.FLAGS
# Part of Beam, unlike DirectRunner, which may download a program first.
_LOCAL_RUNNER = "FnApiRunner"


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    mask_program.define_flags("hole", "fill")
    common_flags.define_retouched()
    flags.DEFINE_integer(
        "mask_dilation", 0, "Dilation of the hole in pixels.", lower_bound=0
    )
    flags.DEFINE_string(
        "report",
        None,
        "Folder of counts.json and failed.jsonl. Default: that of the results.",
    )
    flags.DEFINE_string(
        "runner",
        _LOCAL_RUNNER,
        "Beam runner, such as DataflowRunner, FlinkRunner or SparkRunner.",
    )
    flags.DEFINE_integer(
        "max_megapixels",
        200,
        "Size of the largest picture in millions of pixels.",
        1,
        1000,
    )


def main(argv):
    """Runs the pipeline and prints the counts."""
    mask_program.check_flags(
        (
            ("image", "the picture, a folder or a glob pattern"),
            ("mask", "the mask, or a folder of masks"),
            ("output", "the folder of the results"),
        )
    )
    if FLAGS.jobs and not FLAGS.report:
        raise program.UsageError(
            "--report=FOLDER is missing: the folder of the counts."
        )
    logging.getLogger("apache_beam").setLevel(logging.WARNING)
    # Tracebacks of errors that `_run` reports.
    logging.getLogger("apache_beam.runners.common").setLevel(logging.CRITICAL)
    # Beam warns of every cloud whose packages are not installed.
    logging.disable(logging.WARNING)
    try:
        from export import batch_pipeline
    except ImportError as error:
        if (error.name or "").split(".")[0] != "apache_beam":
            raise
        raise program.UsageError(
            "Apache Beam is not installed: pip install -r requirements.txt "
            "-r requirements-beam.txt, in one command, since Beam alone replaces "
            "protobuf (requirements-keras3.txt instead, where you installed that)."
        ) from None
    finally:
        logging.disable(logging.NOTSET)
    # Wrong paths are reported before anything is started.
    loading.check(FLAGS.model)
    batch = _batch(batch_pipeline)
    folders = batch_pipeline.check_jobs(batch.jobs) if batch.jobs else [batch.output]
    batch_pipeline.remove_unfinished([*folders, batch.report])
    _run(batch_pipeline, batch, argv[1:])
    counts = batch_pipeline.read_counts(batch.report)
    print(", ".join(f"{number} {state}" for state, number in counts.items()) + ".")
    if counts["failed"]:
        print(f"Reasons: {os.path.join(batch.report, batch_pipeline.FAILURES)}")
    return program.FAILURE_EXIT_CODE if counts["failed"] else 0


def _batch(batch_pipeline):
    from export.batch_filling import Options

    images, masks = _pattern(FLAGS.image), _pattern(FLAGS.mask)
    if not FLAGS.jobs:
        for name, pattern in (("image", images), ("mask", masks)):
            if not batch_pipeline.matches(pattern):
                raise program.UsageError(f"--{name}: no file matches {pattern}.")
        if is_picture(FLAGS.output):
            raise program.UsageError(f"--output={FLAGS.output} must name a folder.")
        if identity(FLAGS.output) == identity(os.path.dirname(images)):
            raise program.UsageError("--output must not be the folder of --image.")
    options = Options(
        FLAGS.mask_invert, FLAGS.overwrite, FLAGS.max_megapixels * 1_000_000
    )
    return batch_pipeline.Batch(
        images=images,
        masks=masks,
        one_mask=bool(masks) and masks == FLAGS.mask and not glob.has_magic(masks),
        output=FLAGS.output or "",
        jobs=FLAGS.jobs or "",
        report=FLAGS.report or FLAGS.output,
        model=FLAGS.model,
        retouched=FLAGS.retouched,
        dilation=FLAGS.mask_dilation,
        options=options,
    )


def _run(batch_pipeline, batch, beam_arguments) -> None:
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

    # Of two equal options the last one counts.
    quiet = "--default_sdk_harness_log_level=WARNING"
    options = PipelineOptions([f"--runner={FLAGS.runner}", quiet, *beam_arguments])
    try:
        pipeline = beam.Pipeline(options=options)
        batch_pipeline.build(pipeline, batch)
        result = pipeline.run()
        state = result.wait_until_finish()
    # Runners raise errors of their own: missing extras, refused jobs, lost workers.
    except Exception as error:
        raise program.ProgramFailure(
            f"--runner={FLAGS.runner} failed: {_last_line(error)} The results so far "
            "are complete; the same command resumes."
        ) from error
    if state != "DONE":
        raise program.ProgramFailure(
            f"--runner={FLAGS.runner} ended as {state}. The results so far are "
            "complete; the same command resumes."
        )


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _pattern(place):
    """The glob pattern of the files below a folder; a file or a pattern as it is."""
    if os.path.isdir(place or ""):
        if glob.has_magic(place):
            raise program.UsageError(
                f"{place} would be taken for a pattern: rename the folder."
            )
    elif not place or glob.has_magic(place) or is_picture(place):
        return place or ""
    return place.rstrip("/") + "/**"


if __name__ == "__main__":
    program.run(main, define_flags, takes_rest=True)

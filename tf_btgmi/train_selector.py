r"""Trains the network of `selection.select`; the same command resumes.

    python -m tf_btgmi.train_selector --workdir=runs/select \
        --sources=objects=4,bsds=2,regions=1

A source is a folder with `images/` and `masks/` (white = object) or `segments/` (index
maps of regions). More --steps continue a finished run. Ctrl-C and SIGTERM save first.
WORKDIR/best is a release of the averaged weights with the best validation.
"""

import math

from absl import flags, logging

from tf_btgmi.cli import common_flags, program

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    flags.DEFINE_string("workdir", None, "Folder of the run.")
    flags.DEFINE_list(
        "sources",
        None,
        "Folders of pictures as FOLDER=WEIGHT; validation is on the first one.",
    )
    flags.DEFINE_integer("steps", 4000, "Number of steps.", lower_bound=1)
    flags.DEFINE_integer(
        "batch_size", 15, "Windows per step, rounded down to a multiple of 3.", 3
    )
    flags.DEFINE_integer("base_filters", 16, "Filters at half of the window's size.", 1)
    flags.DEFINE_float(
        "learning_rate", 1e-3, "Learning rate; decays to 0 by a cosine.", 0, 1
    )
    flags.DEFINE_float(
        "ema_decay", 0.998, "Decay of the moving average of weights.", 0, 1
    )
    flags.DEFINE_float(
        "held_out", 0.1, "Share of each source held out for validation.", 0, 0.9
    )
    flags.DEFINE_integer("seed", 0, "Seed of examples and initial weights.", 0)
    flags.DEFINE_integer("validate_every", 300, "Steps between validations.", 1)


def main(argv):
    """Checks the flags and makes one library call."""
    del argv
    common_flags.require(
        ("workdir", "FOLDER", "the folder of the run"),
        ("sources", "FOLDER=WEIGHT,...", "folders of pictures"),
    )
    sources = []
    for text in FLAGS.sources:
        folder, _, weight = text.partition("=")
        try:
            sources.append((folder, float(weight or 1)))
        except ValueError:
            raise program.UsageError(
                f"--sources: the weight of {folder} must be a number, not {weight!r}."
            ) from None
        if not 0.0 < sources[-1][1] < math.inf:
            raise program.UsageError(
                f"--sources: the weight of {folder} must be above 0, not {weight}. "
                "Leave a folder out to train without it."
            )
    # Only now, so that a wrong flag is answered at once.
    from tf_btgmi.training import selector_run
    from tf_btgmi.training.guards import exit_code
    from tf_btgmi.training.progress import without_chatter

    settings = {
        name: FLAGS[name].value
        for name in (
            "steps",
            "batch_size",
            "base_filters",
            "learning_rate",
            "ema_decay",
            "held_out",
            "seed",
            "validate_every",
        )
    }
    with without_chatter():
        result = selector_run.train(FLAGS.workdir, sources, **settings)
    if result.step < FLAGS.steps:
        logging.info("Stopped and saved. The same command resumes.")
    return exit_code(result.signal_number)


if __name__ == "__main__":
    program.run(main, define_flags)

"""Trains a model, or goes on with a training that was stopped.

    python -m tf_btgmi.train --config=configs/places365_256.py --workdir=runs/places

The same command again resumes. SIGTERM and Ctrl-C save first.
"""

import os

from absl import flags, logging

from tf_btgmi import assets
from tf_btgmi.cli import config_flag, program

FLAGS = flags.FLAGS


def define_flags():
    """The flags of this program; `program.run` calls it."""
    config_flag.define()
    flags.DEFINE_string(
        "workdir",
        None,
        "Folder of the run: config.json, checkpoints, logs (TensorBoard) and pictures.",
    )
    flags.DEFINE_enum(
        "strategy",
        "mirrored",
        ["mirrored", "one_device", "multi_worker"],
        "mirrored: every visible GPU, or the CPU. one_device: the first of them. "
        "multi_worker: the machines that TF_CONFIG names.",
    )
    flags.DEFINE_string(
        "resume_from",
        "",
        "Workdir or checkpoint of another run that a new one starts from, with its "
        "step.",
    )
    flags.DEFINE_string(
        "init_from",
        "",
        "Workdir of another run, a release's folder or a bundled model's name, whose "
        "weights a new run starts from, at step 0; a guided run may start from one of "
        "inpainting.",
    )


def main(argv):
    """Checks the flags and makes one library call."""
    del argv
    if FLAGS.config is None:
        raise program.UsageError("Give --config=FILE, for instance configs/smoke.py.")
    if not FLAGS.workdir:
        raise program.UsageError("Give --workdir=FOLDER, where the run is kept.")
    if FLAGS.resume_from and FLAGS.init_from:
        raise program.UsageError(
            "Give --resume_from (goes on at its step) or --init_from (its weights, "
            "from step 0), not both."
        )
    if FLAGS.strategy == "multi_worker" and not os.environ.get("TF_CONFIG"):
        # TensorFlow would take it for a cluster of this machine alone.
        raise program.UsageError(
            "--strategy=multi_worker needs the environment variable TF_CONFIG, which "
            "names the machines; see docs/scaling.md."
        )
    # Only now, so that a wrong flag is answered at once.
    from tf_btgmi.training.strategy import make_strategy
    from tf_btgmi.training.trainer import exit_code, train

    strategy = make_strategy(FLAGS.strategy)
    init_from = assets.model_folder(FLAGS.init_from)
    result = train(FLAGS.config, FLAGS.workdir, strategy, FLAGS.resume_from, init_from)
    if result.finished:
        logging.info("Finished: %d steps. Model: %s", result.step, FLAGS.workdir)
    else:
        logging.info(
            "Stopped and saved at step %d: %s. The same command goes on from there.",
            result.step,
            result.checkpoint,
        )
    return exit_code(result)


if __name__ == "__main__":
    program.run(main, define_flags)

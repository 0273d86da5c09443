"""Trains a model; the same command resumes a stopped training.

    python -m tf_btgmi.train --config=configs/places365_256.py --workdir=runs/places

Ctrl-C and SIGTERM save a checkpoint first.
"""

import os

from absl import flags, logging

from tf_btgmi import assets, loading
from tf_btgmi import config as config_lib
from tf_btgmi.cli import common_flags, config_flag, program
from tf_btgmi.wording import number_of

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    config_flag.define()
    flags.DEFINE_string(
        "workdir",
        None,
        "Folder of the run, for config.json, checkpoints, TensorBoard logs and "
        "validation pictures.",
    )
    flags.DEFINE_enum(
        "strategy",
        "mirrored",
        ["mirrored", "one_device", "multi_worker"],
        "mirrored: all visible GPUs, or the CPU. one_device: the first of them. "
        "multi_worker: the machines in the environment variable TF_CONFIG.",
    )
    flags.DEFINE_string(
        "resume_from",
        "",
        "Workdir or checkpoint of another run; a new run continues it at its step.",
    )
    flags.DEFINE_string(
        "init_from",
        "",
        "Workdir of another run, folder of a release or name of a bundled model; a new "
        "run starts from its weights, at step 0. A guided run can start from an "
        "inpainting model.",
    )


def main(argv):
    """Checks the flags and trains."""
    del argv
    common_flags.require(
        ("config", "FILE", "the experiment, for instance configs/smoke.py"),
        ("workdir", "FOLDER", "the folder of the run"),
    )
    if FLAGS.resume_from and FLAGS.init_from:
        raise program.UsageError(
            "--resume_from (continues a run at its step) and --init_from (starts from "
            "its weights, at step 0) cannot be used together."
        )
    if FLAGS.strategy == "multi_worker" and not os.environ.get("TF_CONFIG"):
        # Without it TensorFlow would assume a cluster of this machine alone.
        raise program.UsageError(
            "--strategy=multi_worker needs the environment variable TF_CONFIG with "
            "the addresses of all machines; see docs/scaling.md."
        )
    # Imported late: TensorFlow takes seconds, and wrong flags are reported before.
    from tf_btgmi.training.guards import exit_code
    from tf_btgmi.training.strategy import make_strategy
    from tf_btgmi.training.trainer import train

    if FLAGS.init_from:
        _check_init_from(FLAGS.init_from)
    strategy = make_strategy(FLAGS.strategy)
    init_from = assets.model_folder(FLAGS.init_from)
    result = train(FLAGS.config, FLAGS.workdir, strategy, FLAGS.resume_from, init_from)
    if result.finished:
        steps = number_of(result.step, "step")
        logging.info("Finished: %s. Model: %s", steps, FLAGS.workdir)
    else:
        logging.info(
            "Stopped and saved at step %d: %s. The same command resumes there.",
            result.step,
            result.checkpoint,
        )
    return exit_code(result.signal_number)


def _check_init_from(place: str) -> None:
    """Raises an error where a model does not exist, or has no weights to train."""
    folder = assets.model_folder(place)
    known = (assets.RELEASE, config_lib.FILE)
    if os.path.exists(folder) or "://" in place:
        if not any(os.path.exists(os.path.join(folder, name)) for name in known):
            raise program.UsageError(
                "--init_from takes a training's workdir, a release or a bundled "
                f"model; {place} is none of them."
            )
    loading.check(place)


if __name__ == "__main__":
    program.run(main, define_flags)

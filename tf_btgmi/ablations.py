r"""Trains variants of the method with one change each, and compares them.

    python -m tf_btgmi.ablations --config=configs/ablation_64.py \
        --config.data.source=folder:photographs --test=test_photographs \
        --output=runs/ablations

Every arm is the config with some fields changed, trained with the same seeds, examples
and number of steps. The output folder gets table.md, summary.json and report.html. The
same command resumes a stopped study, also with more arms or seeds.
"""

import json
import os
import sys

from absl import flags

from tf_btgmi import config as config_lib
from tf_btgmi import files
from tf_btgmi.ablation.arms import ARMS, BASE, num_steps, run_name
from tf_btgmi.ablation.runs import EVALUATION, RUNS, Ablation
from tf_btgmi.cli import common_flags, config_flag, program
from tf_btgmi.data.masks import NAMED_KINDS
from tf_btgmi.pictures.listing import list_pictures
from tf_btgmi.wording import number_of

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    config_flag.define()
    flags.DEFINE_string(
        "test", None, "Folder of the test pictures, or tfds:NAME[:SPLIT]."
    )
    flags.DEFINE_string(
        "output", None, "Folder of the trainings, the evaluation and the report."
    )
    flags.DEFINE_list("arms", list(ARMS), f"Arms: some of {', '.join(ARMS)}.")
    flags.DEFINE_list("seeds", ["0", "1"], "Seeds of the trainings of every arm.")
    flags.DEFINE_enum(
        "mask_kind",
        "rectangles",
        [kind for kind in NAMED_KINDS if kind != "objects"],
        "Kind of the holes in the test pictures.",
    )
    flags.DEFINE_integer("mask_seed", 0, "Seed of those holes.", lower_bound=0)
    flags.DEFINE_integer(
        "limit", 0, "Maximum number of test pictures; 0: all.", lower_bound=0
    )
    flags.DEFINE_string(
        "lpips_vgg", None, "Weights of LPIPS on VGG16, as tf_btgmi.evaluate takes them."
    )
    flags.DEFINE_integer(
        "num_shown", 24, "Number of pictures in report.html.", lower_bound=1
    )


def main(argv):
    """Trains and evaluates the missing arms, and writes the reports."""
    del argv
    arms, seeds = _check_flags()
    config_lib.validate_training(FLAGS.config)
    evaluation = {
        "data": FLAGS.test,
        "mask_kind": FLAGS.mask_kind,
        "seed": FLAGS.mask_seed,
        "image_size": FLAGS.config.data.image_size,
        "limit": FLAGS.limit,
    }
    if FLAGS.lpips_vgg:
        evaluation["lpips_vgg"] = os.path.abspath(FLAGS.lpips_vgg)
    commands = (
        [sys.executable, "-m", f"tf_btgmi.{name}"] for name in ("train", "evaluate")
    )
    ablation = Ablation(FLAGS.output, FLAGS.config, arms, seeds, evaluation, *commands)
    print(_plan(arms, seeds), flush=True)
    failed = ablation.run()
    complete = [
        arm for arm in arms if not {run_name(arm, s) for s in seeds} & set(failed)
    ]
    if BASE not in complete:
        raise program.ProgramFailure(
            f"The base could not be trained, so there is no comparison. Failed: "
            f"{', '.join(failed)}. See {FLAGS.output}/logs."
        )
    _report(complete, seeds, failed)
    return program.FAILURE_EXIT_CODE if failed else 0


def _check_source(source: str) -> None:
    if not source:
        raise program.UsageError(
            "--config.data.source=folder:PATH is missing: the training pictures."
        )
    if source.startswith("folder:"):
        list_pictures(source[len("folder:") :])


def _check_flags():
    common_flags.require(
        ("config", "FILE", "the base, for instance configs/ablation_64.py"),
        ("test", "FOLDER", "the test pictures"),
        ("output", "FOLDER", "the folder of the results"),
    )
    if FLAGS.lpips_vgg and not os.path.isfile(FLAGS.lpips_vgg):
        raise program.UsageError(f"--lpips_vgg: there is no file {FLAGS.lpips_vgg}.")
    if not FLAGS.test.startswith("tfds:"):
        list_pictures(FLAGS.test)
        if files.is_below(os.path.join(FLAGS.output, ""), FLAGS.test):
            raise program.UsageError(
                f"--output={FLAGS.output} is in {FLAGS.test}: pictures of the study "
                "would become test pictures. Choose another --output."
            )
    # The arms of a study that exists may have been trained elsewhere.
    if not os.path.isdir(os.path.join(FLAGS.output, RUNS)):
        _check_source(FLAGS.config.data.source)
    arms = [BASE, *(arm for arm in FLAGS.arms if arm and arm != BASE)]
    seeds = [int(seed) for seed in FLAGS.seeds if seed.isascii() and seed.isdigit()]
    if not seeds or len(seeds) != len(FLAGS.seeds):
        raise program.UsageError("--seeds must be whole numbers separated by commas.")
    for values, name in ((arms, "arms"), (seeds, "seeds")):
        if len(set(values)) != len(values):
            raise program.UsageError(f"--{name} has a duplicate value.")
    return arms, seeds


def _plan(arms, seeds) -> str:
    return (
        f"{number_of(len(arms), 'arm')} x {number_of(len(seeds), 'seed')}, "
        f"{number_of(num_steps(FLAGS.config), 'step')} of "
        f"{number_of(FLAGS.config.data.global_batch_size, 'picture')} each."
    )


def _report(arms, seeds, failed) -> None:
    # Imported late: the memory belongs to the trainings while they run.
    from tf_btgmi.ablation import table
    from tf_btgmi.evaluation import summary, tables
    from tf_btgmi.evaluation.examples import Prepared, unreadable_note
    from tf_btgmi.evaluation.report import page
    from tf_btgmi.evaluation.store import Store
    from tf_btgmi.pictures.listing import natural_key

    runs = [run_name(arm, seed) for seed in seeds for arm in arms]
    store = Store.opened(os.path.join(FLAGS.output, EVALUATION), runs)
    base = run_name(BASE, seeds[0])
    names = sorted(store.rows(base), key=natural_key)
    rows = {name: store.rows(name) for name in runs}
    by_arm = table.numbers(rows, names, arms, seeds)
    first_seed = {name: store.identities[name] for name in runs[: len(arms)]}
    measured = files.read_json(os.path.join(store.folder, "summary.json"))
    prepared = Prepared(names, measured["left_out"], measured["unreadable"])
    pictures = summary.summarize(store, first_seed, base, prepared)
    shown = table.tables(by_arm, len(names), seeds, pictures.set_label)
    notes = unreadable_note(prepared.unreadable)
    text = "\n".join([tables.to_markdown(shown), *notes])
    numbers = {
        "base": FLAGS.config.name,
        "seeds": seeds,
        "n": len(names),
        "evaluation": store.settings,
        "left_out": prepared.left_out,
        "unreadable": prepared.unreadable,
        "failed": failed,
        "arms": table.to_json(by_arm),
    }
    html = page.render(store, pictures, names, FLAGS.num_shown, shown)
    for name, content in (
        ("table.md", text),
        ("summary.json", json.dumps(numbers, indent=2, allow_nan=False) + "\n"),
        ("report.html", html),
    ):
        files.write(os.path.join(FLAGS.output, name), content)
    print(text)
    if failed:
        print(f"Failed and left out: {', '.join(failed)}.")
    print(f"Report: {os.path.join(FLAGS.output, 'report.html')}")


if __name__ == "__main__":
    program.run(main, define_flags)

r"""Measures models and yardsticks on the same holes, and reports them side by side.

    python -m tf_btgmi.evaluate --data=photos --mask_kind=rectangles --image_size=128 \
        --model=runs/outdoor --output=runs/evaluation
    python -m tf_btgmi.evaluate --data=photos --mask_folder=masks \
        --results=other=their_results --baseline=other --output=runs/evaluation
    python -m tf_btgmi.evaluate --data=tfds:places365_small:test --mask_kind=thick \
        --model=ours=btgmi-outdoor-128 --inception_weights=FILE --output=runs/evaluation
    python -m tf_btgmi.evaluate --task=harmonization --composites=hard --data=photos \
        --mask_folder=objects --model=runs/guided --output=runs/evaluation

Pictures are cut square in the middle and resized. Known pixels of results are those of
the picture, whatever a method gives there. The output folder gets report.html,
table.md, summary.json and rows.csv, and keeps images, masks and composites; the same
command goes on where it was stopped.
For harmonization objects are recoloured, and methods have to find their colours again;
with --no_truth the pictures are composites already, and report.html shows what methods
make of them.
"""

import os

from absl import flags

from tf_btgmi import loading
from tf_btgmi.cli import common_flags, program
from tf_btgmi.data.mask_shapes import NAMED_KINDS
from tf_btgmi.evaluation import (
    composites,
    deep_scores,
    examples,
    fid,
    harmonizers,
    no_truth,
    reports,
    result_files,
    summary,
    tasks,
    yardsticks,
)
from tf_btgmi.evaluation.evaluator import evaluate
from tf_btgmi.evaluation.hole_masks import DrawnMasks, MaskFiles
from tf_btgmi.evaluation.measures import METRIC_VERSION
from tf_btgmi.evaluation.picture_sets import open_pictures
from tf_btgmi.evaluation.store import Store
from tf_btgmi.inference import retouch

FLAGS = flags.FLAGS


def define_flags():
    """The flags of this program; `program.run` calls it."""
    flags.DEFINE_enum("task", "inpainting", list(tasks.TASKS), "What is measured.")
    flags.DEFINE_string(
        "data",
        None,
        "Folder of the pictures, looked through to the end, or tfds:NAME[:SPLIT].",
    )
    flags.DEFINE_multi_string(
        "model",
        [],
        "PLACE or NAME=PLACE: a bundled model's name, a training run's folder or an "
        "exported model's.",
    )
    flags.DEFINE_alias("workdir", "model")
    common_flags.define_retouched()
    flags.DEFINE_multi_string(
        "results", [], "NAME=FOLDER: pictures that another program filled."
    )
    flags.DEFINE_list(
        "methods",
        None,
        f"Yardsticks: some of {', '.join(yardsticks.NAMES)}; for harmonization of "
        f"{', '.join(harmonizers.FILLS)}. All that can run by default.",
    )
    flags.DEFINE_string(
        "baseline",
        None,
        "Method the others are compared with: telea by default, for harmonization "
        "copy_paste.",
    )
    flags.DEFINE_enum("mask_kind", None, NAMED_KINDS, "Kind of holes to draw.")
    flags.DEFINE_integer(
        "seed", 0, "Seed of drawn holes and of composites.", lower_bound=0
    )
    flags.DEFINE_string(
        "objects_folder", None, "Masks whose shapes --mask_kind=object places."
    )
    flags.DEFINE_string(
        "mask_folder",
        None,
        "Masks by name, instead of drawn ones; for harmonization those of the objects.",
    )
    flags.DEFINE_enum(
        "composites", "plain", composites.SETS, "How objects are recoloured."
    )
    flags.DEFINE_bool(
        "no_truth",
        False,
        "Harmonize the pictures of --data as they are, and show the results only.",
    )
    flags.DEFINE_integer(
        "image_size", 128, "Side in pixels.", lower_bound=deep_scores.MIN_SIDE
    )
    flags.DEFINE_integer("limit", 0, "Only so many pictures; 0: all.", lower_bound=0)
    flags.DEFINE_string(
        "lpips_vgg",
        None,
        "Weights of LPIPS on VGG16, an .npz file: adds LPIPS-VGG, which no model here "
        "trains on. May be added to a finished evaluation.",
    )
    flags.DEFINE_string(
        "inception_weights",
        None,
        "File with the network for FID: .pb, the Inception of 2015, or .h5, Keras's "
        "InceptionV3 without top.",
    )
    flags.DEFINE_integer("num_shown", 24, "Pictures in report.html.", lower_bound=1)
    flags.DEFINE_string("output", None, "Folder for the report and what it is made of.")


def main(argv):
    """Checks the flags, fills and scores what is missing, writes the reports."""
    del argv
    task = tasks.TASKS[FLAGS.task]
    _check_flags(task)
    pictures = open_pictures(FLAGS.data, FLAGS.limit, FLAGS.mask_folder)
    masks = _masks(task, pictures.names)
    methods = _methods(task, pictures.names)
    identities = {method.name: method.identity for method in methods}
    settings = {
        "data": pictures.label,
        "fingerprint": pictures.fingerprint,
        "limit": FLAGS.limit,
        "image_size": FLAGS.image_size,
        "mask_kind": masks.kind,
        "masks": masks.identity,
        "seed": masks.seed,
        "metric_version": METRIC_VERSION,
    }
    if task != tasks.INPAINTING:
        settings["task"] = task.name
    if FLAGS.lpips_vgg:
        settings[tasks.JUDGE] = deep_scores.judge_identity(FLAGS.lpips_vgg)
    if FLAGS.no_truth:
        store = Store(FLAGS.output, settings, identities)
        no_truth.show(store, pictures, masks, methods, FLAGS.image_size)
        return 0
    baseline = FLAGS.baseline or task.baseline
    if baseline not in identities:
        raise program.UsageError(
            f"--baseline={baseline} is none of the methods: {', '.join(identities)}."
        )
    network = None
    if FLAGS.inception_weights:
        # Imported here: it takes seconds, which a wrong flag should not wait for.
        from tf_btgmi.evaluation.inception import Inception

        network = Inception(FLAGS.inception_weights)
    deep = deep_scores.DeepScores(FLAGS.lpips_vgg) if FLAGS.lpips_vgg else None
    store = Store(FLAGS.output, settings, identities)
    prepare = composites.prepare if task == tasks.HARMONIZATION else examples.prepare
    names, left_out = prepare(store, pictures, masks, FLAGS.image_size)
    evaluate(store, names, methods, deep)
    distances = None
    if network:
        distances = fid.inception_distances(store, names, list(identities), network)
    found = summary.summarize(
        store, settings, identities, baseline, names, left_out, distances
    )
    reports.write(store, found, names, FLAGS.num_shown)
    return 0


def model_methods(place: str, task: tasks.Task) -> list:
    """A trained model as a method of a task; for harmonization, as two.

    Args:
        place: `PLACE` or `NAME=PLACE`, for `loading.load`.
        task: what it is measured at.

    Raises:
        ValueError: no model there, or one that has not learnt the task.
    """
    name, place = _named(place)
    name = name or _place_name(place)
    identity = loading.describe(place)
    predictor = loading.load(place, retouched=FLAGS.retouched)
    if task != tasks.HARMONIZATION:
        predictor.need("inpainted", "fill holes")
        if predictor.retouched:
            identity += f", retouched v{retouch.VERSION}"
        work = {name: lambda holed, mask, _: predictor.inpaint(holed, mask)}
    else:
        # The model's colour change at the object's own pixels, as programs use it, and
        # the pixels of the network itself.
        predictor.need("harmonized", "harmonize")
        work = {
            name: lambda given, mask, _: predictor.harmonize(given, mask),
            f"{name}.direct": lambda given, mask, _: predictor.harmonize(
                given, mask, direct=True
            ),
        }
    return [yardsticks.Method(name, fill, identity) for name, fill in work.items()]


def _check_flags(task: tasks.Task) -> None:
    for name, what in (
        ("data", "the folder of the pictures"),
        ("output", "the folder for the report"),
    ):
        if not FLAGS[name].value:
            raise program.UsageError(f"Give --{name}=FOLDER: {what}.")
    if task == tasks.HARMONIZATION:
        if FLAGS.mask_kind or not FLAGS.mask_folder:
            raise program.UsageError(
                "Harmonization needs --mask_folder=FOLDER, a mask of the object for "
                "each picture, and no --mask_kind."
            )
        return
    if FLAGS.no_truth:
        raise program.UsageError("--no_truth goes with --task=harmonization.")
    if task == tasks.OBJECT_REMOVAL and not FLAGS.mask_folder and not FLAGS.mask_kind:
        FLAGS.mask_kind = "object"
    if bool(FLAGS.mask_kind) == bool(FLAGS.mask_folder):
        raise program.UsageError(
            "Give either --mask_kind, one of "
            f"{', '.join(NAMED_KINDS)}, or --mask_folder=FOLDER."
        )
    if FLAGS.mask_kind == "object" and not FLAGS.objects_folder:
        raise program.UsageError(
            "A hole of an object's shape needs --objects_folder=FOLDER: masks, white = "
            "object."
        )


def _masks(task: tasks.Task, names):
    if FLAGS.no_truth:
        return no_truth.ObjectMasks(FLAGS.mask_folder, names, FLAGS.data)
    if task == tasks.HARMONIZATION:
        return composites.Composites(
            FLAGS.composites, FLAGS.seed, FLAGS.mask_folder, names, FLAGS.data
        )
    if FLAGS.mask_folder:
        return MaskFiles(FLAGS.mask_folder, names, FLAGS.data)
    return DrawnMasks(FLAGS.mask_kind, FLAGS.seed, FLAGS.objects_folder)


def _methods(task: tasks.Task, picture_names) -> list:
    methods = [m for place in FLAGS.model for m in model_methods(place, task)]
    for place in FLAGS.results:
        name, folder = _named(place)
        if not name:
            raise program.UsageError(f"--results={place}: give it as NAME=FOLDER.")
        methods.append(result_files.results_method(name, folder, picture_names))
    known = harmonizers.FILLS if task == tasks.HARMONIZATION else yardsticks.FILLS
    wanted = FLAGS.methods
    if wanted is None:
        wanted = [name for name in known if not yardsticks.why_missing(name)]
        for name in known:
            if name not in wanted:
                print(f"Left out: {yardsticks.why_missing(name)}")
    methods += [yardsticks.yardstick(name, known) for name in wanted if name]
    names = [method.name for method in methods]
    for name in names:
        if names.count(name) > 1:
            raise program.UsageError(f"Two methods are called {name}; rename one.")
    if not methods:
        raise program.UsageError("No method is left; see --methods and --model.")
    return methods


def _named(place: str):
    name, sign, folder = place.partition("=")
    return (name, folder) if sign else (None, place)


def _place_name(place: str) -> str:
    # The folder of an export's version is called by its number alone.
    folder, name = os.path.split(os.path.abspath(place))
    return os.path.basename(folder) if name.isdigit() else name


if __name__ == "__main__":
    program.run(main, define_flags)

r"""Evaluates models and classical methods on the same holes.

    python -m tf_btgmi.evaluate --data=photos --mask_kind=rectangles --image_size=128 \
        --model=runs/outdoor --output=runs/evaluation
    python -m tf_btgmi.evaluate --data=photos --mask_folder=masks --image_size=256 \
        --model=btgmi-outdoor-192 --output=runs/my_masks
    python -m tf_btgmi.evaluate --data=tfds:places365_small:test \
        --mask_kind=broad_strokes --model=ours=btgmi-outdoor-192 \
        --inception_weights=FILE --output=runs/places
    python -m tf_btgmi.evaluate --task=harmonization --composites=hard --data=photos \
        --mask_folder=objects --model=runs/guided --output=runs/hard

Pictures are cropped to the centre square and resized. Known pixels of the results are
replaced by those of the pictures. The output folder gets report.html, table.md,
summary.json and rows.csv, and stores images, masks and composites; the same command
resumes a stopped evaluation.

With --task=harmonization objects are recoloured, and the methods have to restore their
colours. With --no_truth the pictures are composites already, and report.html shows the
results without metrics.
"""

import copy
import sys

from absl import flags

from tf_btgmi import config as config_lib
from tf_btgmi import loading
from tf_btgmi.cli import common_flags, program
from tf_btgmi.data.masks import NAMED_KINDS
from tf_btgmi.evaluation import (
    classical_methods,
    composites,
    deep_metrics,
    examples,
    fid,
    harmonizers,
    limits,
    no_truth,
    result_files,
    summary,
    tasks,
)
from tf_btgmi.evaluation.evaluator import evaluate
from tf_btgmi.evaluation.hole_masks import DrawnMasks, MaskFiles
from tf_btgmi.evaluation.picture_sets import open_pictures
from tf_btgmi.evaluation.report import files
from tf_btgmi.evaluation.report_metrics import METRIC_VERSION
from tf_btgmi.evaluation.store import METHOD_NAME, Store, method_name
from tf_btgmi.inference import filling, harmonizing
from tf_btgmi.outputs import HARMONIZED, INPAINTED
from tf_btgmi.pictures.listing import is_same_folder, passed_over_lines

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    flags.DEFINE_enum("task", "inpainting", list(tasks.TASKS), "Task to evaluate.")
    _define_pictures()
    _define_methods()
    _define_report()


def _define_pictures():
    flags.DEFINE_string(
        "data",
        None,
        "Pictures: a folder, with its subfolders, or tfds:NAME[:SPLIT].",
    )
    flags.DEFINE_integer(
        "limit", 0, "Maximum number of pictures; 0: all.", lower_bound=0
    )
    flags.DEFINE_integer(
        "image_size",
        128,
        "Side of the evaluated pictures in pixels.",
        lower_bound=deep_metrics.MIN_SIDE,
        upper_bound=config_lib.MAX_IMAGE_SIZE,
    )
    flags.DEFINE_enum("mask_kind", None, NAMED_KINDS, "Kind of the drawn holes.")
    flags.DEFINE_string(
        "objects_folder", None, "Folder of masks for the holes of --mask_kind=objects."
    )
    flags.DEFINE_string(
        "mask_folder",
        None,
        "Folder of masks named like the pictures, instead of drawn holes; for "
        "harmonization, of the objects.",
    )
    flags.DEFINE_bool(
        "mask_invert", False, "Treat black as the hole or object instead of white."
    )
    flags.DEFINE_enum(
        "composites",
        None,
        composites.SETS,
        f"Recolouring of the objects for harmonization. Default: {composites.SETS[0]}.",
    )
    flags.DEFINE_integer(
        "seed", 0, "Seed of the drawn holes and the composites.", lower_bound=0
    )
    flags.DEFINE_bool(
        "no_truth",
        False,
        "Harmonize the pictures of --data as they are, and show the results without "
        "metrics.",
    )


def _define_methods():
    flags.DEFINE_multi_string(
        "model",
        [],
        "Model, as MODEL or NAME=MODEL: the name of a bundled model, or the folder of "
        "a training run, a release or an exported model, or a .tflite file. Repeat the "
        "flag to compare.",
    )
    flags.DEFINE_alias("workdir", "model")
    common_flags.define_retouched()
    flags.DEFINE_multi_string(
        "results", [], "Results of another program, as NAME=FOLDER."
    )
    flags.DEFINE_list(
        "methods",
        None,
        f"Classical methods: some of {', '.join(classical_methods.NAMES)}; for "
        f"harmonization some of {', '.join(harmonizers.FILLS)}. Default: all that can "
        "run.",
    )
    flags.DEFINE_string(
        "baseline",
        None,
        "Method that the others are compared with. Default: telea, for harmonization "
        "copy_paste.",
    )


def _define_report():
    flags.DEFINE_string("output", None, "Folder of the report and its data.")
    flags.DEFINE_string(
        "lpips_vgg",
        None,
        "Weights of LPIPS on VGG16, an .npz file: adds LPIPS-VGG, which no model here "
        "trains on. May be added to a finished evaluation.",
    )
    flags.DEFINE_string(
        "inception_weights",
        None,
        "Network for FID: classify_image_graph_def.pb, the Inception of 2015.",
    )
    flags.DEFINE_integer(
        "num_shown", 24, "Number of pictures in report.html.", lower_bound=1
    )
    flags.DEFINE_string(
        "limits",
        None,
        "JSON file of the largest allowed differences to the baseline; a larger one "
        "ends in exit code 1.",
    )


def main(argv):
    """Fills and measures the missing pictures, and writes the reports."""
    del argv
    task = tasks.TASKS[FLAGS.task]
    _check_flags(task)
    allowed = limits.read_limits(FLAGS.limits, task) if FLAGS.limits else {}
    # The pictures of a stored evaluation are not inputs.
    without = [FLAGS.output]
    masks_of = [FLAGS.mask_folder, FLAGS.objects_folder]
    # Nor are masks and results that lie below the pictures.
    beside = [*masks_of, *(_named(place)[1] for place in FLAGS.results)]
    beside = [each for each in beside if each and not is_same_folder(FLAGS.data, each)]
    inside = [*without, *beside]
    pictures = open_pictures(FLAGS.data, FLAGS.limit, FLAGS.mask_folder, inside)
    notes = passed_over_lines([FLAGS.data], inside)
    for line in dict.fromkeys([*notes, *passed_over_lines(masks_of, without)]):
        print(line, file=sys.stderr)
    masks = _masks(task, pictures.names)
    methods = _methods(task, pictures.names)
    identities = {method.name: method.identity for method in methods}
    settings = _settings(task, pictures, masks)
    if FLAGS.no_truth:
        with Store.only_one(FLAGS.output, settings, identities) as store:
            no_truth.show(store, pictures, masks, methods, FLAGS.image_size)
        return 0
    baseline = FLAGS.baseline or task.baseline
    if baseline not in identities:
        raise program.UsageError(
            f"The baseline {baseline} is not among the methods: "
            f"{', '.join(identities)}. Name one of these with --baseline."
        )
    if FLAGS.limits:
        compared = [name for name in identities if name != baseline]
        left = limits.without_limits(compared, allowed)
        if left:
            print(f"--limits has no limits for {', '.join(left)}.", file=sys.stderr)
    network = None
    if FLAGS.inception_weights:
        # Imported late: it takes seconds, and wrong flags are reported before.
        from tf_btgmi.evaluation.inception import Inception

        network = Inception(FLAGS.inception_weights)
    deep = deep_metrics.DeepMetrics(FLAGS.lpips_vgg) if FLAGS.lpips_vgg else None
    sizes = {method.name: method.num_bytes for method in methods}
    with Store.only_one(FLAGS.output, settings, identities) as store:
        prepared = examples.prepare(store, pictures, masks, FLAGS.image_size)
        names = prepared.names
        evaluate(store, names, methods, deep)
        distances = None
        if network:
            distances = fid.inception_distances(store, names, list(identities), network)
        results = summary.summarize(
            store, identities, baseline, prepared, distances, sizes
        )
        files.write(store, results, names, FLAGS.num_shown)
    exceeded = limits.exceeded(results, allowed)
    if exceeded:
        raise program.ProgramFailure(" ".join(exceeded))
    return 0


def _settings(task: tasks.Task, pictures, masks) -> dict:
    """What an evaluation must have in common with a stored one to resume it."""
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
        settings[tasks.JUDGE] = deep_metrics.judge_identity(FLAGS.lpips_vgg)
    return settings


def model_methods(place: str, task: tasks.Task) -> list:
    """The methods that evaluate a trained model: as programs use it, and its network.

    For inpainting `NAME` is retouched near the hole's edge and `NAME.network` is the
    network alone; with --noretouched `NAME` is the network alone.

    Args:
        place: `MODEL` or `NAME=MODEL`, for `loading.load`.
        task: the evaluated task.

    Raises:
        ValueError: the model does not exist or was not trained for the task.
    """
    name, place = _named(place)
    identity, num_bytes = loading.describe(place), loading.num_bytes(place)
    predictor = loading.load(place, retouched=FLAGS.retouched)

    def method(ending, fill, note="", **options):
        return classical_methods.Method(
            f"{name}{ending}",
            lambda image, mask, _: fill(image, mask, **options),
            f"{identity}{note}",
            num_bytes,
        )

    if task == tasks.HARMONIZATION:
        predictor.need(HARMONIZED, "harmonize")
        # The model's colour change applied to the object's pixels, as in the programs,
        # and the pixels of the network itself.
        fill, note = predictor.harmonize, f", harmonized v{harmonizing.VERSION}"
        return [method("", fill, note), method(".direct", fill, note, direct=True)]
    predictor.need(INPAINTED, "fill holes")

    def filled(ending, model):
        return method(ending, model.inpaint, f", {filling.version(model.retouched)}")

    if not predictor.retouched:
        return [filled("", predictor)]
    network = copy.copy(predictor)
    network.retouched = False
    return [filled("", predictor), filled(".network", network)]


def _check_flags(task: tasks.Task) -> None:
    common_flags.require(
        ("data", "FOLDER", "the pictures"),
        ("output", "FOLDER", "the folder of the report"),
    )
    if FLAGS.mask_invert and not FLAGS.mask_folder:
        raise program.UsageError("--mask_invert is for --mask_folder.")
    if task == tasks.HARMONIZATION:
        if FLAGS.mask_kind or not FLAGS.mask_folder:
            raise program.UsageError(
                "--task=harmonization needs --mask_folder=FOLDER, with a mask of the "
                "object for each picture, and no --mask_kind."
            )
        if FLAGS.no_truth:
            needs = ("baseline", "limits", "lpips_vgg", "inception_weights")
            for name in (*needs, "composites"):
                if FLAGS[name].value:
                    raise program.UsageError(
                        f"--{name} needs a truth to measure by, and --no_truth says "
                        "that there is none."
                    )
        return
    for name in ("no_truth", "composites"):
        if FLAGS[name].value:
            raise program.UsageError(f"--{name} needs --task=harmonization.")
    if task == tasks.OBJECT_REMOVAL and not FLAGS.mask_folder and not FLAGS.mask_kind:
        FLAGS.mask_kind = "objects"
    if bool(FLAGS.mask_kind) == bool(FLAGS.mask_folder):
        raise program.UsageError(
            "Exactly one of --mask_kind and --mask_folder=FOLDER must be given. Kinds: "
            f"{', '.join(NAMED_KINDS)}."
        )
    if FLAGS.mask_kind == "objects" and not FLAGS.objects_folder:
        raise program.UsageError(
            "--mask_kind=objects needs --objects_folder=FOLDER: masks, white = object."
        )
    if FLAGS.objects_folder and FLAGS.mask_kind != "objects":
        raise program.UsageError("--objects_folder is for --mask_kind=objects.")


def _masks(task: tasks.Task, names):
    files_of_masks = (
        FLAGS.mask_folder,
        names,
        FLAGS.data,
        [FLAGS.output],
        FLAGS.mask_invert,
    )
    if FLAGS.no_truth:
        return no_truth.ObjectMasks(*files_of_masks)
    if task == tasks.HARMONIZATION:
        kind = FLAGS.composites or composites.SETS[0]
        return composites.Composites(kind, FLAGS.seed, *files_of_masks)
    if FLAGS.mask_folder:
        return MaskFiles(*files_of_masks)
    return DrawnMasks(FLAGS.mask_kind, FLAGS.seed, FLAGS.objects_folder)


def _with_example(names) -> list[str]:
    """Those with a stored picture to fill: others are left out or unreadable."""
    stored = [name for name in names if Store.has_image(FLAGS.output, name)]
    return stored or names


def _methods(task: tasks.Task, picture_names) -> list:
    methods = [m for place in FLAGS.model for m in model_methods(place, task)]
    names = _with_example(picture_names) if FLAGS.results else []
    for place in FLAGS.results:
        name, folder = common_flags.results_folder(place)
        methods.append(result_files.results_method(name, folder, names))
    known = (
        harmonizers.FILLS if task == tasks.HARMONIZATION else classical_methods.FILLS
    )
    chosen = FLAGS.methods
    if chosen is None:
        chosen = []
        for name in known:
            reason = classical_methods.why_missing(name)
            # `classical_method` raises for a baseline that cannot run.
            if reason is None or name == FLAGS.baseline:
                chosen.append(name)
            else:
                print(f"Left out: {reason}")
    methods += [
        classical_methods.classical_method(name, known) for name in chosen if name
    ]
    names = [method.name for method in methods]
    for name in names:
        if names.count(name) > 1:
            raise program.UsageError(
                f"Two methods are called {name}; --model=NAME=MODEL names a model."
            )
    if not methods:
        raise program.UsageError(
            "There is no method to evaluate; see --methods and --model."
        )
    return methods


def _named(place: str):
    name, sign, folder = place.partition("=")
    # A path may contain the sign, too.
    named = sign and METHOD_NAME.fullmatch(name)
    return (name, folder) if named else (method_name(loading.short_name(place)), place)


if __name__ == "__main__":
    program.run(main, define_flags)

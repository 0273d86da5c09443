r"""Evaluates TFLite files beside their model: quality, size and latency.

    python -m export.evaluate_tflite --model=runs/mine --data=photographs \
        --tflite=tflite/mine-128-float32.tflite --tflite=tflite/mine-128-int8.tflite \
        --output=runs/evaluation_tflite

The evaluation is that of tf_btgmi.evaluate, at the input size of the files. The model
is the baseline; the table has the paired interval of each difference. The output folder
gets table.md, summary.json and the data of the evaluation; the same command resumes.
Latencies are those of one run of the network, in turns; --latency_rounds=0 skips them.

With --limits=FILE a difference beyond its limit ends the program with exit code 1. The
JSON file has the worst allowed difference by quantization and metric, such as
{"int8": {"hole_psnr": -0.3, "lpips": 0.005}}.
"""

import functools
import json
import os
from typing import Dict, List

import numpy as np
from absl import flags

from export import tflite, tflite_runner
from tf_btgmi import loading
from tf_btgmi.cli import common_flags, program
from tf_btgmi.data import masks as mask_kinds
from tf_btgmi.evaluation import examples, measures, summary, tables, yardsticks
from tf_btgmi.evaluation.evaluator import evaluate
from tf_btgmi.evaluation.hole_masks import DrawnMasks
from tf_btgmi.evaluation.picture_sets import open_pictures
from tf_btgmi.evaluation.store import Store
from tf_btgmi.inference.predictor import Predictor

FLAGS = flags.FLAGS
MODEL = "keras"
_ALL = measures.HOLE + measures.PICTURE
# Of a table's row.
_MEASURES = ("hole_l1", "hole_psnr", "hole_ssim", "lpips")


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    common_flags.define_model()
    flags.DEFINE_multi_string(
        "tflite", [], "File of export.tflite; repeat the flag for several."
    )
    flags.DEFINE_string("data", None, "Folder of the pictures.")
    flags.DEFINE_enum(
        "mask_kind", "rectangles", mask_kinds.NAMED_KINDS, "Kind of the holes."
    )
    flags.DEFINE_integer("seed", 0, "Seed of the holes.", lower_bound=0)
    flags.DEFINE_integer(
        "limit", 0, "Maximum number of pictures; 0: all.", lower_bound=0
    )
    flags.DEFINE_integer(
        "latency_rounds", 30, "Number of timed runs; 0 skips them.", lower_bound=0
    )
    flags.DEFINE_string("limits", None, "JSON file of the allowed differences.")
    flags.DEFINE_string("output", None, "Folder of the table and its data.")


def main(argv):
    """Fills and scores the missing results, and writes the table."""
    del argv
    common_flags.require(
        ("tflite", "FILE", "a file of export.tflite"),
        ("data", "FOLDER", "the pictures"),
        ("output", "FOLDER", "the folder of the table"),
    )
    limits = _read_limits(FLAGS.limits) if FLAGS.limits else {}
    runners = {_method_name(path): tflite_runner.Runner(path) for path in FLAGS.tflite}
    sizes = {runner.size for runner in runners.values()}
    if len(runners) < len(FLAGS.tflite) or len(sizes) > 1:
        raise program.UsageError(
            "The files of --tflite must have the same size and different names."
        )
    (size,) = sizes
    generator, _ = loading.load_generator(FLAGS.model)
    keras_predict = _keras_function(generator, size)
    fills = {MODEL: keras_predict, **{n: r.predict for n, r in runners.items()}}
    found = _evaluated(fills, generator.size_multiple, size)
    rows = _rows(found, runners, _latencies(keras_predict, size))
    text = tables.to_markdown([_table(found, rows)])
    folder = FLAGS.output
    with open(os.path.join(folder, "table.md"), "w", encoding="utf-8") as file:
        file.write(text)
    with open(os.path.join(folder, "summary.json"), "w", encoding="utf-8") as file:
        json.dump({**summary.to_json(found), "tflite": rows}, file, indent=2)
    print(text)
    broken = broken_limits(found, limits)
    if broken:
        raise program.ProgramFailure(" ".join(broken))
    return 0


def broken_limits(found: summary.Summary, limits: Dict[str, Dict[str, float]]) -> List:
    """A sentence for each drop that is beyond what is allowed.

    Args:
        found: files against the model; their names end in the quantization.
        limits: the worst allowed difference, by quantization and measure.
    """
    known = {measure.name: measure for measure in _ALL}
    broken = []
    for method, differences in found.groups[0].differences.items():
        allowed = limits.get(method.rsplit("-", 1)[-1], {})
        for name, limit in allowed.items():
            sign = 1.0 if known[name].higher_is_better else -1.0
            value = differences[name].value
            if sign * value < sign * limit:
                broken.append(
                    f"{method}: {known[name].label} ({name}) changed by {value:+.4f}; "
                    f"{limit:+.4f} is allowed."
                )
    return broken


def _read_limits(path: str) -> Dict[str, Dict[str, float]]:
    try:
        with open(path, encoding="utf-8") as file:
            limits = json.load(file)
        names = {measure.name for measure in _ALL}
        for quantization, allowed in limits.items():
            unknown = set(allowed) - names
            if quantization not in tflite.QUANTIZATIONS or unknown:
                raise ValueError(f"{quantization} {sorted(unknown)} is not known")
            if not all(isinstance(value, (int, float)) for value in allowed.values()):
                raise ValueError(f"the limits of {quantization} must be numbers")
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise program.UsageError(f"--limits={path} cannot be used: {error}.") from error
    return limits


def _method_name(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def _keras_function(generator, size: int):
    import tensorflow as tf

    spec = tf.TensorSpec([None, size, size, 4], tf.float32)

    @functools.partial(tf.function, input_signature=[spec])
    def predict(inputs):
        return generator(inputs, training=False)

    return lambda inputs: predict(tf.constant(inputs)).numpy()


def _evaluated(fills, multiple: int, size: int) -> summary.Summary:
    pictures = open_pictures(FLAGS.data, FLAGS.limit)
    masks = DrawnMasks(FLAGS.mask_kind, FLAGS.seed)
    identities = {MODEL: loading.describe(FLAGS.model)}
    for path in FLAGS.tflite:
        identities[_method_name(path)] = _identity(path)
    settings = {
        "data": pictures.label,
        "fingerprint": pictures.fingerprint,
        "limit": FLAGS.limit,
        "image_size": size,
        "mask_kind": masks.kind,
        "masks": masks.identity,
        "seed": masks.seed,
        "metric_version": measures.METRIC_VERSION,
    }
    store = Store(FLAGS.output, settings, identities)
    names, left_out = examples.prepare(store, pictures, masks, size)
    methods = []
    for name, predict in fills.items():
        predictor = Predictor(predict, size, multiple, batch_size=1)
        methods.append(yardsticks.Method(name, _fill(predictor), identities[name]))
    evaluate(store, names, methods)
    return summary.summarize(store, settings, identities, MODEL, names, left_out)


def _fill(predictor: Predictor):
    def fill(holed, mask, name):
        del name
        return predictor.inpaint(holed, mask)

    return fill


def _identity(path: str) -> str:
    import hashlib

    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return f"{os.path.basename(path)}, {digest[:12]}"


def _latencies(keras_predict, size: int) -> Dict[str, Dict[str, tuple]]:
    """By method: `Latency` with 1 and 2 threads; one entry for the model."""
    if not FLAGS.latency_rounds:
        return {}
    example = np.random.default_rng(0).uniform(-1.0, 1.0, [1, size, size, 4])
    example = example.astype(np.float32)
    runs = {(MODEL, "all"): keras_predict}
    for path in FLAGS.tflite:
        for threads in (1, 2):
            runner = tflite_runner.Runner(path, threads)
            runs[_method_name(path), f"{threads}"] = runner.predict
    found = tflite_runner.latencies(list(runs.values()), example, FLAGS.latency_rounds)
    times = {}
    for (method, threads), latency in zip(runs, found):
        times.setdefault(method, {})[threads] = latency
    return times


def _rows(found: summary.Summary, runners, times) -> Dict[str, dict]:
    rows = {}
    for method in found.methods:
        num_bytes = runners[method].num_bytes if method in runners else None
        rows[method] = {"num_bytes": num_bytes, "milliseconds": times.get(method, {})}
    return rows


def _table(found: summary.Summary, rows) -> tables.Table:
    chosen = [measure for measure in _ALL if measure.name in _MEASURES]
    group = found.groups[0]
    lines = []
    for method, row in rows.items():
        size = row["num_bytes"]
        cells = [method, f"{size / 1e6:.2f}" if size else tables.NO_NUMBER]
        times = row["milliseconds"]
        cells += [_time(times.get(threads) or times.get("all")) for threads in "12"]
        for measure in chosen:
            value = group.values[method][measure.name].value
            text = tables.number(value, measure.digits)
            if method != MODEL:
                change = group.differences[method][measure.name]
                ends = (change.value, change.low, change.high)
                numbers = [
                    tables.number(end, measure.digits + 1, signed=True)
                    for end in ends
                    if end is not None
                ]
                text += f"; {numbers[0]} [{', '.join(numbers[1:])}]"
            cells.append(text)
        lines.append([tables.Cell(cell) for cell in cells])
    labels = {"lpips": "LPIPS, whole picture"}
    headings = ["file", "MB", "ms, 1 thread", "ms, 2 threads"]
    headings += [
        measure.heading.replace(measure.label, labels.get(measure.name, measure.label))
        for measure in chosen
    ]
    note = (
        f"{group.num} pictures, {found.set_label}, {found.settings['image_size']} px. "
        "L1, PSNR and SSIM in the hole; behind the semicolon the difference to the "
        "model with its 95 % interval. Times: median (middle half); the model has as "
        "many threads as there are cores."
    )
    return tables.Table("TFLite files beside their model", note, headings, lines)


def _time(latency) -> str:
    if latency is None:
        return tables.NO_NUMBER
    median, low, high = latency
    return f"{median:.0f} ({low:.0f} to {high:.0f})"


if __name__ == "__main__":
    program.run(main, define_flags)

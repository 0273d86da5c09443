r"""Quality and time of object selection, by the network and by GrabCut.

    python -m benchmarks.selection --data=PICTURES --output=selection.json

PICTURES is a folder with `images/` and `masks/` (white = object) or `segments/` (index
maps, of which one region each is taken). A box is the object's own with every edge
moved by up to 10 % of the side, a loose one's by 5 % inwards to 35 % outwards; a click
goes to the largest error, as in RITM. The selection with clicks alone begins with a
click inside the object.
"""

import json
import time

import numpy as np
from absl import flags
from scipy import stats

from tf_btgmi.cli import program
from tf_btgmi.data.simulated_clicks import (
    CLOSE_BOX,
    LOOSE_BOX,
    drawn_box,
    next_click,
)
from tf_btgmi.selection import Click, select

FLAGS = flags.FLAGS
METHODS = ("network", "grabcut")
GOAL = 0.8
# Digits after the point; the others are shares, with three.
_DIGITS = {"clicks": 1, "milliseconds": 0}


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    flags.DEFINE_string("data", None, "Folder of pictures with objects.")
    flags.DEFINE_list("methods", list(METHODS), f"Some of {', '.join(METHODS)}.")
    flags.DEFINE_list("classes", [], "Only pictures whose name ends in one of these.")
    flags.DEFINE_integer("limit", 0, "Number of pictures; 0 for all.", 0)
    flags.DEFINE_integer("max_clicks", 10, "Maximum number of clicks.", 0)
    flags.DEFINE_string("output", None, "JSON file of the figures.")


def main(argv):
    """Prints one table; see the module's docstring."""
    del argv
    if not FLAGS.data:
        raise program.UsageError("Give --data=FOLDER of pictures with objects.")
    # Not above: they load TensorFlow.
    from tf_btgmi.data.object_folder import ObjectFolder

    folder = ObjectFolder(FLAGS.data)
    names = [
        name
        for name in folder.training_names
        if not FLAGS.classes or name.rsplit(".", 1)[0].endswith(tuple(FLAGS.classes))
    ]
    if FLAGS.limit:
        names = names[:: max(1, len(names) // FLAGS.limit)][: FLAGS.limit]
    results = {}
    for method in FLAGS.methods:
        rows = []
        for number, name in enumerate(names):
            picture = folder.read_object(name, np.random.default_rng(number))
            rows.append(measure(picture, method, np.random.default_rng(number)))
        results[method] = {key: [row[key] for row in rows] for key in rows[0]}
    for method, found in results.items():
        print(f"{method}, {len(names)} pictures")
        for key, values in found.items():
            print("  ", key, summary(key, np.array(values)))
    if len(results) == 2:
        first, second = (np.array(r["box_iou"]) for r in results.values())
        print("difference of box_iou:", summary("box_iou", first - second))
    if FLAGS.output:
        with open(FLAGS.output, "w", encoding="utf-8") as file:
            json.dump({"pictures": names, **results}, file)


def measure(picture, method: str, rng: np.random.Generator) -> dict:
    """One picture's figures.

    Returns:
        `box_iou`; `loose_box_iou`; `click_change`, of IoU by one click after the box;
        `clicks` with clicks alone until IoU is at the goal; `milliseconds` per call.
    """
    image, truth = picture
    seconds = []

    def timed(**arguments):
        begun = time.perf_counter()
        try:
            found = select(image, method=method, **arguments) > 0
        except ValueError:
            # No object found: what was selected stays.
            found = arguments.get("mask")
            found = np.zeros(truth.shape, bool) if found is None else found
        seconds.append(time.perf_counter() - begun)
        return found

    box = tuple(drawn_box(truth, CLOSE_BOX, rng))
    boxed = timed(box=box)
    box_iou = iou(truth, boxed)
    loose = timed(box=tuple(drawn_box(truth, LOOSE_BOX, rng)))
    click = _click(truth, boxed)
    changed = timed(box=box, clicks=[click], mask=boxed) if click else boxed
    mask, clicks, count = np.zeros(truth.shape, bool), [], 0
    while iou(truth, mask) < GOAL and count < FLAGS.max_clicks:
        clicks.append(_click(truth, mask))
        mask = timed(clicks=clicks, mask=mask)
        count += 1
    return {
        "box_iou": box_iou,
        "loose_box_iou": iou(truth, loose),
        "click_change": iou(truth, changed) - box_iou,
        "clicks": count if iou(truth, mask) >= GOAL else FLAGS.max_clicks + 1,
        "milliseconds": 1000 * float(np.mean(seconds)),
    }


def iou(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two bool masks."""
    return float((first & second).sum() / max((first | second).sum(), 1))


def summary(key: str, values: np.ndarray) -> str:
    """Mean with its 95 % bootstrap interval, and what else counts."""
    interval = stats.bootstrap((values,), np.mean, random_state=0, method="percentile")
    mean, low, high, median = (
        f"{value:.{_DIGITS.get(key, 3)}f}"
        for value in (values.mean(), *interval.confidence_interval, np.median(values))
    )
    text = f"{mean} [{low}, {high}], median {median}"
    if key == "click_change":
        text += f", worse {np.mean(values < 0):.3f}"
        text += f", worse by > 0.01 {np.mean(values < -0.01):.3f}"
    return text


def _click(truth, mask):
    click = next_click(truth, mask)
    return None if click is None else Click(click[0], click[1], bool(click[2]))


if __name__ == "__main__":
    program.run(main, define_flags)

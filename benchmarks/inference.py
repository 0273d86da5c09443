"""Time and memory of filling a hole, by picture, by hole and by form of the model.

    python -m benchmarks.inference --sides=256,512,1024,2048,4096,8192 --holes=1,10
    python -m benchmarks.inference --parts=files --file_side=10000

Three tables, chosen by `--parts`:
- `pictures`: square pictures with a square hole, in process, by the Keras model and by
  an exported SavedModel;
- `network`: one window through the network alone: Keras, folded, SavedModel;
- `files`: `tf_btgmi.inpaint`'s way from file to file, by stage.

Each row (of `files`: each column) is measured in its own process.
"""

import os
import statistics
import tempfile
import time

import cv2
import numpy as np
from absl import flags
from PIL import Image

from benchmarks import children, shared_flags, timing
from tf_btgmi import loading
from tf_btgmi.assets import samples_dir
from tf_btgmi.cli import common_flags, program
from tf_btgmi.inference.network import predict_function
from tf_btgmi.pictures.masks import read_mask
from tf_btgmi.pictures.reader import read_picture
from tf_btgmi.pictures.writer import write_picture

FLAGS = flags.FLAGS
PARTS = ("pictures", "network", "files")


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    common_flags.define_model()
    flags.DEFINE_list("parts", list(PARTS), f"Tables: {', '.join(PARTS)}.")
    sides = ["256", "512", "1024", "4096", "8192"]
    flags.DEFINE_list("sides", sides, "Sides of the pictures in pixels.")
    flags.DEFINE_list("holes", ["1", "10"], "Areas of holes, per cent of the picture.")
    flags.DEFINE_integer("rounds", 5, "Timed runs.", lower_bound=1)
    flags.DEFINE_integer("file_side", 4000, "Side of the picture of `files`.", 64)


def main(argv):
    """Prints the chosen tables."""
    del argv
    if not set(FLAGS.parts) <= set(PARTS):
        raise program.UsageError(f"--parts must be some of {', '.join(PARTS)}.")
    sides = shared_flags.whole_numbers("sides")
    holes = shared_flags.whole_numbers("holes")
    if max(holes) > 99:
        raise program.UsageError("--holes must be below 100.")
    loading.check(FLAGS.model)
    with tempfile.TemporaryDirectory() as folder:
        if "pictures" in FLAGS.parts:
            print_pictures(folder, sides, holes)
        if "network" in FLAGS.parts:
            print_network(folder)
        if "files" in FLAGS.parts:
            print_files(folder)
    return 0


def _child(function, **arguments) -> dict:
    arguments = {"place": FLAGS.model, "rounds": FLAGS.rounds, **arguments}
    return children.call(function, **arguments)


def print_pictures(folder: str, sides, holes) -> None:
    """Prints one row per form of the model, side and hole."""
    place = _child(export, folder=folder)["saved_model"]
    print("| model | picture | hole | hole's side | ms | peak MiB |")
    print("|---|---|---|---|---|---|")
    for name, model in (("Keras", FLAGS.model), ("SavedModel", place)):
        for side in sides:
            for percent in holes:
                hole = hole_side(side, percent / 100)
                measured = _child(measure_picture, place=model, side=side, hole=hole)
                print(
                    f"| {name} | {side}x{side} | {percent} % | {hole} | "
                    f"{timing.milliseconds(measured['seconds'])} | "
                    f"{measured['peak_mib']:.0f} |",
                    flush=True,
                )


def print_network(folder: str) -> None:
    """Prints one row per form of the network, on one window of its own size."""
    measured = _child(measure_network, folder=folder)
    print(f"\n| network, one window of {measured['size']} px | ms |\n|---|---|")
    for name, seconds in measured["seconds"].items():
        print(f"| {name} | {timing.milliseconds(seconds)} |", flush=True)


def print_files(folder: str) -> None:
    """Prints one row per stage of the way from file to file, and the peak of memory."""
    side = FLAGS.file_side
    columns = [
        _child(measure_files, folder=folder, side=side, ending=ending)
        for ending in ("png", "jpg")
    ]
    print(f"\n| {side}x{side}, 1 % hole | PNG | JPEG |\n|---|---|---|")
    for name in columns[0]["seconds"]:
        times = [timing.milliseconds(column["seconds"][name]) for column in columns]
        print(f"| {name}, ms | {' | '.join(times)} |")
    peaks = [f"{column['peak_mib']:.0f}" for column in columns]
    print(f"| peak, MiB | {' | '.join(peaks)} |", flush=True)


def hole_side(side: int, ratio: float) -> int:
    """Returns the side of a square hole that takes this ratio of a square picture."""
    return max(1, round(side * ratio**0.5))


def make_picture(side: int, hole: int):
    """Returns an enlarged photograph with grain, and a mask: a square in its middle."""
    stored = Image.open(samples_dir() / "train" / "sheep.jpg").convert("RGB")
    image = cv2.resize(np.asarray(stored), (side, side), interpolation=cv2.INTER_CUBIC)
    rng = np.random.default_rng(0)
    for strip in np.array_split(image, max(1, side // 256)):
        cv2.add(strip, rng.integers(0, 9, strip.shape, np.uint8), dst=strip)
    mask = np.zeros((side, side), bool)
    low = (side - hole) // 2
    mask[low : low + hole, low : low + hole] = True
    return image, mask


def export(place, folder: str, rounds: int) -> dict:
    """Exports a SavedModel and returns its folder as `saved_model`."""
    from export import saved_model

    del rounds
    return {"saved_model": saved_model.export(place, os.path.join(folder, "served"))}


def measure_picture(place, side: int, hole: int, rounds: int) -> dict:
    """Times filling one picture in memory; `seconds` is the median."""
    predictor = loading.load(place)
    picture = make_picture(side, hole)
    call = {"fill": lambda: predictor.inpaint(*picture)}
    seconds = timing.medians(timing.in_turn(call, rounds, warm_up=1))
    return {"seconds": seconds["fill"]}


def measure_network(place, folder: str, rounds: int) -> dict:
    """Times the network: median `seconds` by form, and its `size` in pixels."""
    from export import saved_model
    from tf_btgmi.models.folding import fold
    from tf_btgmi.models.inpainter import inpainter

    generator, config = loading.load_generator(place)
    size = config.data.image_size
    inputs = np.zeros([1, size, size, 4], np.float32)
    inputs[..., :3] = np.random.default_rng(0).uniform(-1, 1, inputs[..., :3].shape)
    served = loading.load(saved_model.export(place, os.path.join(folder, "network")))
    # A network with two outputs takes a foreground too; here it is empty.
    missing = 1 if len(served.outputs) == 2 else 0
    served_inputs = np.pad(inputs, [(0, 0)] * 3 + [(0, missing)])

    generator = inpainter(generator)
    keras_fn = predict_function(generator, size)
    folded_fn = predict_function(fold(generator), size)
    calls = {
        "Keras": lambda: keras_fn(inputs),
        "folded": lambda: folded_fn(inputs),
        "SavedModel": lambda: served.predict_fn(served_inputs),
    }
    return {"seconds": timing.medians(timing.in_turn(calls, 4 * rounds)), "size": size}


def measure_files(place, folder: str, side: int, ending: str, rounds: int) -> dict:
    """Times each stage from file to file; `seconds` are medians by stage."""
    Image.MAX_IMAGE_PIXELS = None
    image, mask = make_picture(side, hole_side(side, 0.01))
    source, mask_path, target = (
        os.path.join(folder, name) for name in (f"in.{ending}", "m.png", f"o.{ending}")
    )
    options = {"compress_level": 1} if ending == "png" else {"quality": 92}
    Image.fromarray(image).save(source, **options)
    Image.fromarray(mask.astype(np.uint8) * 255).save(mask_path)
    del image, mask
    predictor = loading.load(place)
    names = ("read the picture", "read the mask", "fill", "paste", "write")
    times = {name: [] for name in names}
    for _ in range(rounds + 1):
        marks = [time.perf_counter()]
        picture = read_picture(source)
        marks.append(time.perf_counter())
        hole = read_mask(mask_path, False)
        marks.append(time.perf_counter())
        composite = predictor.inpaint(picture.rgb(), hole)
        marks.append(time.perf_counter())
        filled = picture.filled(composite, hole)
        marks.append(time.perf_counter())
        write_picture(filled, target)
        marks.append(time.perf_counter())
        for name, start, end in zip(names, marks, marks[1:]):
            times[name].append(end - start)
    # The first round warms up.
    seconds = {name: statistics.median(values[1:]) for name, values in times.items()}
    return {"seconds": {**seconds, "all": sum(seconds.values())}}


if __name__ == "__main__":
    program.run(main, define_flags)

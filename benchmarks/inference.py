"""What filling a hole costs: by picture, by hole, by the form the model comes in.

    python -m benchmarks.inference --sides=256,512,1024,2048,4096,8192 --holes=1,10
    python -m benchmarks.inference --parts=goals,files

Four parts, tables of their own, chosen by `--parts`:
- `pictures`: square pictures of each side with a square hole of each share, in process,
  as the Keras model and as an exported SavedModel; each row is a process of its own,
  whose peak of memory is told.
- `network`: one window through the network alone: Keras, folded, SavedModel, TFLite.
- `files`: `tf_btgmi.inpaint`'s way from file to file, by what it spends its time on.
- `goals`: whether cost follows the hole, and whether 100 megapixels fit in 4 GiB.

Takes about five minutes in all.
"""

import os
import tempfile
import time

from absl import flags

from benchmarks import children, timing
from tf_btgmi import loading, program

FLAGS = flags.FLAGS
PARTS = ("pictures", "network", "files", "goals")
GIB = 1024.0
# The goals: factors, milliseconds for a window of 128 pixels, MiB.
MAX_RATIO = 1.5
MAX_FLOAT32 = 60.0
MAX_DYNAMIC = 15.0
MAX_MEMORY = 4 * GIB
LARGE_SIDE = 10_000


def define_flags():
    """The flags of this program; `program.run` calls it."""
    program.define_model_flag()
    flags.DEFINE_list("parts", list(PARTS), f"Tables: {', '.join(PARTS)}.")
    flags.DEFINE_list(
        "sides", ["256", "512", "1024", "4096", "8192"], "Sides of pictures in pixels."
    )
    flags.DEFINE_list("holes", ["1", "10"], "Holes in per cent of the picture.")
    flags.DEFINE_integer("rounds", 5, "Runs that are timed.", lower_bound=1)
    flags.DEFINE_integer("file_side", 4000, "Side of the picture of `files`.", 64)


def main(argv):
    """Prints the tables that are asked for."""
    del argv
    if not set(FLAGS.parts) <= set(PARTS):
        raise program.UsageError(f"--parts must be some of {', '.join(PARTS)}.")
    if not all(text.isdigit() for text in FLAGS.sides):
        raise program.UsageError("--sides must be whole numbers (pixels).")
    try:
        shares = [float(text) / 100 for text in FLAGS.holes]
    except ValueError:
        shares = [0.0]
    if not all(0 < share < 1 for share in shares):
        raise program.UsageError("--holes must be numbers between 0 and 100.")
    loading.describe(FLAGS.model)
    with tempfile.TemporaryDirectory() as folder:
        if "pictures" in FLAGS.parts:
            pictures_table(folder, [int(side) for side in FLAGS.sides], shares)
        if "network" in FLAGS.parts:
            network_table(folder)
        if "files" in FLAGS.parts:
            files_table(folder)
        if "goals" in FLAGS.parts:
            goals_table()
    return 0


def pictures_table(folder: str, sides, shares) -> None:
    """Prints a row for each form of the model, side and share."""
    exported = children.call(
        "benchmarks.inference", "export", place=FLAGS.model, folder=folder
    )["saved_model"]
    print("| model | picture | hole | hole's side | ms | peak MiB |")
    print("|---|---|---|---|---|---|")
    for name, place in (("Keras", FLAGS.model), ("SavedModel", exported)):
        for side in sides:
            for share in shares:
                hole = hole_side(side, share)
                found = fill(place, [[side, hole]])
                print(
                    f"| {name} | {side}x{side} | {100 * share:g} % | {hole} | "
                    f"{timing.milliseconds(found['seconds'][0])} | "
                    f"{found['peak_mib']:.0f} |",
                    flush=True,
                )


def network_table(folder: str) -> None:
    """Prints a row for each form of the network, on one window of its own size."""
    found = children.call(
        "benchmarks.inference",
        "measure_network",
        place=FLAGS.model,
        folder=folder,
        rounds=4 * FLAGS.rounds,
    )
    limits = {"Keras": MAX_FLOAT32, "TFLite dynamic": MAX_DYNAMIC}
    print(f"\n| network, one window of {found['size']} px | ms | goal |\n|---|---|---|")
    for name, seconds in found["seconds"].items():
        limit = limits.get(name) if found["size"] == 128 else None
        said = _verdict(1000 * seconds, limit, " ms") if limit else ""
        print(f"| {name} | {timing.milliseconds(seconds)} | {said} |", flush=True)


def files_table(folder: str) -> None:
    """Prints what each part of the way from file to file takes."""
    side = FLAGS.file_side
    print(f"\n| {side}x{side}, 1 % hole | PNG ms | JPEG ms |\n|---|---|---|")
    columns = [
        children.call(
            "benchmarks.inference",
            "measure_files",
            place=FLAGS.model,
            folder=folder,
            side=side,
            ending=ending,
            rounds=FLAGS.rounds,
        )["seconds"]
        for ending in ("png", "jpg")
    ]
    for name in columns[0]:
        cells = " | ".join(timing.milliseconds(column[name]) for column in columns)
        print(f"| {name} | {cells} |", flush=True)


def goals_table() -> None:
    """Prints whether cost follows the hole and whether a large picture fits."""
    size = loading.load(FLAGS.model).image_size
    # Twice its length is what a hole's window shows, so these have equal context.
    half, one_percent = 256, hole_side(4000, 0.01)
    cases = [[512, half], [4000, half], [2 * one_percent, one_percent]]
    cases.append([4000, one_percent])
    small, large, close, far = fill(FLAGS.model, cases)["seconds"]
    with tempfile.TemporaryDirectory() as folder:
        whole = children.call(
            "benchmarks.inference",
            "measure_files",
            place=FLAGS.model,
            folder=folder,
            side=LARGE_SIDE,
            ending="png",
            rounds=1,
        )
    print(f"\n| goal (network of {size} px) | found | |\n|---|---|---|")
    for what, value, limit, unit in (
        (f"{half} px hole: 4000 px over 512 px", large / small, MAX_RATIO, ""),
        (
            f"1 % hole ({one_percent} px): 4000 px over its window's {2 * one_percent}",
            far / close,
            MAX_RATIO,
            "",
        ),
        (
            "100 megapixels, 1 % hole, from file to file: peak",
            whole["peak_mib"],
            MAX_MEMORY,
            " MiB",
        ),
    ):
        said = _verdict(value, limit, unit)
        print(f"| {what} | {value:.4g}{unit} | {said} |", flush=True)


def _verdict(value: float, limit: float, unit: str) -> str:
    met = "met" if value <= limit else "not met"
    return f"{met}: at most {limit:g}{unit}"


def hole_side(side: int, share: float) -> int:
    """Side of a square hole that takes a share of a square picture."""
    return max(1, round(side * share**0.5))


def fill(place, cases) -> dict:
    """Median seconds of filling each (side, hole's side), in a child."""
    return children.call(
        "benchmarks.inference",
        "measure_pictures",
        place=place,
        cases=cases,
        rounds=FLAGS.rounds,
    )


def make_picture(side: int, hole: int):
    """A bundled photograph, enlarged, with some grain; a square hole in its middle."""
    import cv2
    import numpy as np
    from PIL import Image

    from tf_btgmi.assets import samples_dir

    stored = Image.open(samples_dir() / "train" / "sheep.jpg").convert("RGB")
    image = cv2.resize(np.asarray(stored), (side, side), interpolation=cv2.INTER_CUBIC)
    rng = np.random.default_rng(0)
    for strip in np.array_split(image, max(1, side // 256)):
        cv2.add(strip, rng.integers(0, 9, strip.shape, np.uint8), dst=strip)
    mask = np.zeros((side, side), bool)
    low = (side - hole) // 2
    mask[low : low + hole, low : low + hole] = True
    return image, mask


def measure_pictures(place, cases, rounds: int) -> dict:
    """In a child: `seconds`, medians of the cases, which take turns."""
    predictor = loading.load(place)
    calls = {}
    for position, (side, hole) in enumerate(cases):
        picture = make_picture(side, hole)
        calls[position] = lambda picture=picture: predictor.inpaint(*picture)
    found = timing.medians(timing.in_turn(calls, rounds, warm_up=1))
    return {"seconds": [found[position] for position in range(len(cases))]}


def export(place, folder: str) -> dict:
    """In a child: `saved_model`, the folder of the exported model."""
    from export import saved_model

    return {"saved_model": saved_model.export(place, os.path.join(folder, "served"))}


def measure_network(place, folder: str, rounds: int) -> dict:
    """In a child: `seconds` by form of the network, and `size` in pixels."""
    import numpy as np
    import tensorflow as tf

    from export import saved_model, tflite, tflite_runner
    from tf_btgmi.models.inpainter import inpainter
    from tf_btgmi.serving.folding import fold

    generator, config = loading.load_generator(place)
    size = config.data.image_size
    inputs = np.zeros([1, size, size, 4], np.float32)
    inputs[..., :3] = np.random.default_rng(0).uniform(-1, 1, inputs[..., :3].shape)
    served = loading.load(saved_model.export(place, os.path.join(folder, "network")))

    def graph(network):
        spec = tf.TensorSpec(inputs.shape, tf.float32)
        run = tf.function(lambda x: network(x, training=False), input_signature=[spec])
        return lambda: run(tf.constant(inputs)).numpy()

    calls = {
        "Keras": graph(inpainter(generator)),
        "folded": graph(fold(inpainter(generator))),
        "SavedModel": lambda: served.predict_fn(_wide(inputs, served)),
    }
    for quantization in ("float32", "dynamic"):
        path = os.path.join(folder, f"{quantization}.tflite")
        with open(path, "wb") as file:
            file.write(tflite.convert(generator, size, quantization))
        runner = tflite_runner.Runner(path)
        calls[f"TFLite {quantization}"] = lambda runner=runner: runner.predict(inputs)
    return {"seconds": timing.medians(timing.in_turn(calls, rounds)), "size": size}


def _wide(inputs, predictor):
    # A network of two outputs wants a foreground, which is empty.
    import numpy as np

    missing = 1 if len(predictor.outputs) == 2 else 0
    return np.pad(inputs, [(0, 0)] * 3 + [(0, missing)])


def measure_files(place, folder: str, side: int, ending: str, rounds: int) -> dict:
    """In a child: `seconds`, medians by part of the way from file to file."""
    import statistics

    import numpy as np
    from PIL import Image

    from tf_btgmi.inference import mask_files, picture_writer, pictures

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
    found = {}
    # The first round is not counted.
    for turn in range(rounds + 1):
        marks = [time.perf_counter()]
        picture = pictures.read_picture(source)
        marks.append(time.perf_counter())
        hole = mask_files.read_mask(mask_path, False)
        marks.append(time.perf_counter())
        composite = predictor.inpaint(picture.rgb(), hole)
        marks.append(time.perf_counter())
        filled = picture.filled(composite, hole)
        marks.append(time.perf_counter())
        picture_writer.write_picture(filled, target)
        marks.append(time.perf_counter())
        names = ("read the picture", "read the mask", "fill", "paste", "write")
        for name, start, end in zip(names, marks, marks[1:]):
            found.setdefault(name, []).append(end - start)
        if not turn:
            found.clear()
    seconds = {name: statistics.median(values) for name, values in found.items()}
    return {"seconds": {**seconds, "all": sum(seconds.values())}}


if __name__ == "__main__":
    program.run(main, define_flags)

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

import tempfile

from absl import flags

from benchmarks import children, inference_times, shared_flags, timing
from tf_btgmi import loading
from tf_btgmi.cli import common_flags, program

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
    """Defines the flags of this program, for `program.run`."""
    common_flags.define_model()
    flags.DEFINE_list("parts", list(PARTS), f"Tables: {', '.join(PARTS)}.")
    flags.DEFINE_list(
        "sides", ["256", "512", "1024", "4096", "8192"], "Sides of pictures in pixels."
    )
    flags.DEFINE_list("holes", ["1", "10"], "Holes in per cent of the picture.")
    shared_flags.define_rounds(5)
    flags.DEFINE_integer("file_side", 4000, "Side of the picture of `files`.", 64)


def main(argv):
    """Prints the tables that are asked for."""
    del argv
    if not set(FLAGS.parts) <= set(PARTS):
        raise program.UsageError(f"--parts must be some of {', '.join(PARTS)}.")
    sides = shared_flags.whole_numbers("sides")
    try:
        shares = [float(text) / 100 for text in FLAGS.holes]
    except ValueError:
        shares = [0.0]
    if not all(0 < share < 1 for share in shares):
        raise program.UsageError("--holes must be numbers between 0 and 100.")
    loading.describe(FLAGS.model)
    with tempfile.TemporaryDirectory() as folder:
        if "pictures" in FLAGS.parts:
            pictures_table(folder, sides, shares)
        if "network" in FLAGS.parts:
            network_table(folder)
        if "files" in FLAGS.parts:
            files_table(folder)
        if "goals" in FLAGS.parts:
            goals_table()
    return 0


def pictures_table(folder: str, sides, shares) -> None:
    """Prints a row for each form of the model, side and share."""
    exported = _child("export", place=FLAGS.model, folder=folder)["saved_model"]
    print("| model | picture | hole | hole's side | ms | peak MiB |")
    print("|---|---|---|---|---|---|")
    for name, place in (("Keras", FLAGS.model), ("SavedModel", exported)):
        for side in sides:
            for share in shares:
                hole = inference_times.hole_side(side, share)
                found = fill(place, [[side, hole]])
                print(
                    f"| {name} | {side}x{side} | {100 * share:g} % | {hole} | "
                    f"{timing.milliseconds(found['seconds'][0])} | "
                    f"{found['peak_mib']:.0f} |",
                    flush=True,
                )


def network_table(folder: str) -> None:
    """Prints a row for each form of the network, on one window of its own size."""
    found = _child(
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
        _child(
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
    half, one_percent = 256, inference_times.hole_side(4000, 0.01)
    cases = [[512, half], [4000, half], [2 * one_percent, one_percent]]
    cases.append([4000, one_percent])
    small, large, close, far = fill(FLAGS.model, cases)["seconds"]
    with tempfile.TemporaryDirectory() as folder:
        whole = _child(
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


def _child(function: str, **arguments) -> dict:
    return children.call(inference_times.__name__, function, **arguments)


def fill(place, cases) -> dict:
    """Median seconds of filling each (side, hole's side), in a child."""
    return _child(
        "measure_pictures",
        place=place,
        cases=cases,
        rounds=FLAGS.rounds,
    )


if __name__ == "__main__":
    program.run(main, define_flags)

r"""How many examples a second the input pipeline makes, alone, by kind of source.

    python -m benchmarks.input_pipeline --config=configs/outdoor_128.py \
        --source=folder:photos --sizes=128,64 --training_rates=20,60

From a folder the other kinds are made first, in a temporary folder: one TFRecord file,
several of them, a dataset of TFDS. `--kinds` chooses; another `--source` is measured
as it is. Each row is a process of its own; it takes about fifteen seconds a row. The
pipeline shares the processor with the training step, so it should be 5 times as fast
as the step that eats its examples: with the rates of the training in question given,
the table says whether it is.
"""

import dataclasses
import glob
import os
import subprocess
import sys
import tempfile
import time
from typing import List

from absl import flags

from benchmarks import children
from tf_btgmi import config as config_lib
from tf_btgmi.cli import config_flag, program

FLAGS = flags.FLAGS
KINDS = ("folder", "file", "shards", "tfds")
# How much faster than the step the pipeline should be.
WANTED_FACTOR = 5.0
NUM_SHARDS = 8
_DATASET = "benchmark_pictures"


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    config_flag.define()
    flags.DEFINE_string("source", "", "Source in place of the config's.")
    flags.DEFINE_list("kinds", list(KINDS), f"Made of a folder: {', '.join(KINDS)}.")
    flags.DEFINE_list("sizes", [], "Sides in pixels; the config's if empty.")
    flags.DEFINE_list(
        "training_rates", [], "Examples a second that training takes, one a size."
    )
    flags.DEFINE_float("seconds", 8.0, "Seconds measured a row.", 0.1)


def main(_: List[str]) -> int:
    """Makes the sources and prints a row for each of them and each size."""
    config = FLAGS.config or _all_masks()
    config.data.source = FLAGS.source or config.data.source
    config_lib.validate(config)
    sizes = _numbers("sizes", FLAGS.sizes, int) or [config.data.image_size]
    rates = _numbers("training_rates", FLAGS.training_rates, float)
    rates = rates or [None] * len(sizes)
    if len(rates) != len(sizes):
        raise program.UsageError("--training_rates needs one number for each size.")
    if not set(FLAGS.kinds) <= set(KINDS):
        raise program.UsageError(f"--kinds must be some of {', '.join(KINDS)}.")
    with tempfile.TemporaryDirectory() as folder:
        # Where TFDS looks, which it decides when it is imported: in the children.
        os.environ.setdefault("TFDS_DATA_DIR", folder)
        sources = sources_of(config.data.source, FLAGS.kinds, folder)
        print("| source | px | examples/s | the step takes | factor | |")
        print("|---|---|---|---|---|---|")
        for name, source in sources.items():
            config.data.source = source
            for size, rate in zip(sizes, rates):
                found = children.call(
                    "benchmarks.input_pipeline",
                    "examples_per_second",
                    config=dataclasses.asdict(config),
                    size=size,
                    seconds=FLAGS.seconds,
                )["rate"]
                print(
                    f"| {name} | {size} | {found:.0f} | {verdict(found, rate)} |",
                    flush=True,
                )
    return 0


def verdict(measured: float, rate) -> str:
    """The rest of a row: the step's rate, the factor, whether it is enough."""
    if rate is None:
        return "| |"
    factor = measured / rate
    met = "met" if factor >= WANTED_FACTOR else "not met"
    return f"{rate:g} | {factor:.1f} | {met}: at least {WANTED_FACTOR:g}"


def sources_of(source: str, kinds, folder: str) -> dict:
    """Sources by the name of their kind, with the pictures of a folder.

    Args:
        source: a config's `data.source`; only a `folder:` is made into other kinds.
        kinds: of `KINDS`.
        folder: where they are made.
    """
    form, _, place = source.partition(":")
    if form != "folder":
        return {form: source}
    found = {}
    for kind in kinds:
        if kind == "folder":
            found[kind] = source
        elif kind == "tfds":
            children.call(
                "benchmarks.input_pipeline", "write_tfds", pictures=place, folder=folder
            )
            found[kind] = f"tfds:{_DATASET}"
        else:
            count = NUM_SHARDS if kind == "shards" else 1
            output = os.path.join(folder, kind)
            _write_tfrecords(source, output, count)
            num_files = len(glob.glob(os.path.join(output, "*")))
            name = f"TFRecord, {num_files} file{'s' * (num_files > 1)}"
            found[name] = f"tfrecord:{output}/*.tfrecord"
    return found


def _write_tfrecords(source: str, output: str, count: int) -> None:
    command = [sys.executable, "-m", "tf_btgmi.write_tfrecords", f"--source={source}"]
    command += [f"--output={output}", f"--num_shards={count}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip() or "nothing was said").splitlines()[-1]
        raise program.ProgramFailure(reason)


def write_tfds(pictures: str, folder: str) -> dict:
    """In a child: writes a folder's pictures as a prepared dataset of TFDS."""
    import tensorflow as tf
    import tensorflow_datasets as tfds

    from tf_btgmi.pictures.decoding import decode_image
    from tf_btgmi.pictures.listing import list_pictures

    def examples():
        for name in list_pictures(pictures):
            yield {"image": decode_image(os.path.join(pictures, name))}

    spec = {"image": tf.TensorSpec([None, None, 3], tf.uint8)}
    tfds.dataset_builders.store_as_tfds_dataset(
        name=_DATASET,
        version="1.0.0",
        data_dir=folder,
        split_datasets={
            "train": tf.data.Dataset.from_generator(examples, output_signature=spec)
        },
        features=tfds.features.FeaturesDict(
            {"image": tfds.features.Image(encoding_format="jpeg")}
        ),
        disable_shuffling=True,
    )
    return {}


def examples_per_second(config: dict, size: int, seconds: float) -> dict:
    """In a child: reads batches for `seconds`, after as many that start the threads.

    Returns:
        `rate`: examples a second.
    """
    from tf_btgmi.data import pipeline

    config = config_lib.from_dict(config)
    batches = iter(pipeline.training_dataset(config, image_size=size))
    _read_for(batches, min(2.0, seconds))
    start = time.perf_counter()
    count = _read_for(batches, seconds)
    elapsed = time.perf_counter() - start
    return {"rate": count * config.data.global_batch_size / elapsed}


def _read_for(batches, seconds: float) -> int:
    count = 0
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop:
        next(batches)
        count += 1
    return count


def _all_masks() -> config_lib.Config:
    masks = config_lib.MaskConfig(centre=1.0, free_form=1.0, borders=1.0)
    return config_lib.Config(masks=masks)


def _numbers(name: str, values: List[str], kind: type) -> list:
    try:
        numbers = [kind(value) for value in values]
    except ValueError:
        numbers = [-1]
    if any(number <= 0 for number in numbers):
        raise program.UsageError(f"--{name} must be numbers above 0, with commas.")
    return numbers


if __name__ == "__main__":
    program.run(main, define_flags)

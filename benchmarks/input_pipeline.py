r"""Examples per second of the input pipeline alone, by source and size.

    python -m benchmarks.input_pipeline --config=configs/outdoor_128.py \
        --source=folder:photos --source=tfrecord:packed/*.tfrecord --sizes=128,64

`tf_btgmi.write_tfrecords` packs a folder. The pipeline shares the processor with the
training step; it should be at least five times as fast as the step that
`benchmarks.train_step` measures. Each row is measured in its own process.
"""

import dataclasses
import time

from absl import flags

from benchmarks import children, shared_flags
from tf_btgmi import config as config_lib
from tf_btgmi.cli import config_flag, program

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    config_flag.define(default="configs/outdoor_128.py")
    flags.DEFINE_multi_string("source", [], "Sources. Default: the config's.")
    flags.DEFINE_list("sizes", [], "Sides in pixels. Default: the config's.")
    flags.DEFINE_float("seconds", 8.0, "Measured seconds per row.", 0.1)


def main(argv):
    """Prints one row per source and size."""
    del argv
    config = FLAGS.config
    sizes = [config.data.image_size]
    if FLAGS.sizes:
        sizes = shared_flags.whole_numbers("sizes")
    print("| source | px | examples/s |\n|---|---|---|")
    for source in FLAGS.source or [config.data.source]:
        for size in sizes:
            config.data.source, config.data.image_size = source, size
            config_lib.validate_training(config)
            rate = children.call(
                examples_per_second,
                config=dataclasses.asdict(config),
                seconds=FLAGS.seconds,
            )["rate"]
            print(f"| {source} | {size} | {rate:.0f} |", flush=True)
    return 0


def examples_per_second(config: dict, seconds: float) -> dict:
    """Measures the `rate`, examples per second, for `seconds` in a child process.

    The pipeline's threads and buffers first get up to two seconds to start.
    """
    from tf_btgmi.data import pipeline

    config = config_lib.from_dict(config)
    batches = iter(pipeline.training_dataset(config))
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


if __name__ == "__main__":
    program.run(main, define_flags)

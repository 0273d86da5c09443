"""How many examples a second the input pipeline makes, alone.

    python -m benchmarks.input_pipeline --config=configs/outdoor_128.py \
        --source=folder:photos --sizes=128,64 --training_rates=20,60

Takes about ten seconds a size. The pipeline shares the processor with the training
step, so it should be 5 times as fast as the step that eats its examples; with the
rates of the training in question given, the table shows the factor.
"""

import time
from typing import List

from absl import flags

from tf_btgmi import config as config_lib
from tf_btgmi import program
from tf_btgmi.data import pipeline

program.define_config_flag()
_SOURCE = flags.DEFINE_string("source", "", "Source in place of the config's.")
_SIZES = flags.DEFINE_list("sizes", [], "Sides in pixels; the config's if empty.")
_RATES = flags.DEFINE_list(
    "training_rates", [], "Examples a second that training takes, one for each size."
)
_SECONDS = flags.DEFINE_float("seconds", 8.0, "Seconds measured at each size.", 0.1)


def main(_: List[str]) -> None:
    config = flags.FLAGS.config or _all_masks()
    config.data.source = _SOURCE.value or config.data.source
    config_lib.validate(config)
    sizes = _numbers("sizes", _SIZES.value, int) or [config.data.image_size]
    rates = _numbers("training_rates", _RATES.value, float) or [None] * len(sizes)
    if len(rates) != len(sizes):
        raise program.UsageError("--training_rates needs one number for each size.")
    print("\n".join(pipeline.describe(config)))
    print(f"{'size':>6} {'examples/s':>12} {'training':>12} {'factor':>8}")
    for position, size in enumerate(sizes):
        rate = rates[position]
        measured = examples_per_second(config, size, _SECONDS.value)
        row = f"{size:>6} {measured:>12.1f}"
        print(row if rate is None else f"{row} {rate:>12.1f} {measured / rate:>8.1f}")


def examples_per_second(config: config_lib.Config, size: int, seconds: float) -> float:
    """Reads batches for `seconds`, after as many that only start the threads."""
    batches = iter(pipeline.training_dataset(config, image_size=size))
    _read_for(batches, min(2.0, seconds))
    start = time.perf_counter()
    count = _read_for(batches, seconds)
    return count * config.data.global_batch_size / (time.perf_counter() - start)


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
    program.run(main)

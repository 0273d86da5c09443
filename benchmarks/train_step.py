"""How long a training step takes, without the input pipeline.

    python -m benchmarks.train_step --config=configs/outdoor_128.py --sizes=64,128

Each row is the median of `--steps` steps of stage 0 on one batch of random pictures,
after three that are not counted. Takes about a minute a row on a CPU.
"""

import statistics
import time

from absl import flags

from tf_btgmi import program

FLAGS = flags.FLAGS
program.define_config_flag(default="configs/outdoor_128.py")
flags.DEFINE_list("sizes", ["64", "128"], "Sides of the pictures in pixels.")
flags.DEFINE_list(
    "precisions", ["float32", "mixed_bfloat16"], "Values of training.precision."
)
flags.DEFINE_integer("steps", 15, "Steps measured a row.", lower_bound=1)


def main(argv):
    """Prints a row for each precision and size."""
    del argv
    if not all(size.isdigit() for size in FLAGS.sizes):
        raise program.UsageError("--sizes must be whole numbers (pixels).")
    batch_size = FLAGS.config.data.global_batch_size
    print("| precision | size | batch | ms a step | images/s |")
    print("|---|---|---|---|---|")
    for precision in FLAGS.precisions:
        for size in map(int, FLAGS.sizes):
            seconds = seconds_per_step(FLAGS.config, precision, size, FLAGS.steps)
            print(
                f"| {precision} | {size} | {batch_size} | {1000 * seconds:.0f} | "
                f"{batch_size / seconds:.1f} |",
                flush=True,
            )


def seconds_per_step(config, precision: str, size: int, steps: int) -> float:
    """Median seconds of a step, measured under `fit` with the callbacks' average."""
    import keras
    import tensorflow as tf

    from tf_btgmi import config as config_lib
    from tf_btgmi.training.callbacks import GeneratorAverage
    from tf_btgmi.training.strategy import make_strategy
    from tf_btgmi.training.trainer import build_model

    class Timer(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.times = []

        def on_train_batch_end(self, batch, logs=None):
            self.times.append(time.perf_counter())

    config.training.precision = precision
    config.data.image_size = size
    config.procedure.warmup_steps = 0
    config_lib.validate(config)
    model = build_model(config, make_strategy("mirrored"))
    model.begin_stage(0)
    image = tf.random.uniform([config.data.global_batch_size, size, size, 3], -1, 1)
    mask = tf.pad(
        tf.ones([len(image), size // 2, size // 2, 1]),
        [[0, 0], [size // 4, size // 4], [size // 4, size // 4], [0, 0]],
    )
    batch = {"image": image, "mask": mask}
    if config.task in ("guided", "harmonization"):
        # The foreground is all that is not the hole; which part it is costs the same.
        batch.update(foreground=1.0 - mask, masked_image=image * (1.0 - mask))
    batches = tf.data.Dataset.from_tensors(batch).repeat()
    timer = Timer()
    model.fit(
        batches,
        steps_per_epoch=3 + steps,
        verbose=0,
        shuffle=False,
        callbacks=[GeneratorAverage(), timer],
    )
    times = timer.times[2:]
    return statistics.median(b - a for a, b in zip(times, times[1:]))


if __name__ == "__main__":
    program.run(main)

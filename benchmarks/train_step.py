r"""Time and memory of a training step, by precision, size, batch, XLA and replicas.

    python -m benchmarks.train_step --config=configs/outdoor_128.py
    python -m benchmarks.train_step --batches=8,1,16,32,64 --sizes=128,64,256 \
        --precisions=float32,mixed_bfloat16 --jit=0,1 --replicas=1,2

The first value of each flag makes the first row. Each further value makes a row in
which only that flag differs. Each row is measured in its own process: the median of
`--steps` steps on one batch of random pictures, of the bare `tf.function` and under
`fit`, in turn.
"""

import dataclasses
import statistics
import time

from absl import flags

from benchmarks import children, shared_flags, timing
from benchmarks.batches import make_batch
from tf_btgmi import config as config_lib
from tf_btgmi.cli import config_flag, program

FLAGS = flags.FLAGS
_AXES = ("precisions", "sizes", "batches", "jit", "replicas")
# Steps of one turn before the other way to run them is timed.
_TURN = 3


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    config_flag.define(default="configs/outdoor_128.py")
    shared_flags.define_precisions()
    shared_flags.define_sizes(128, 64)
    flags.DEFINE_list("batches", [], "Batch sizes. Default: the config's.")
    flags.DEFINE_list("jit", ["0"], "Compile the step by XLA: 0, 1 or both.")
    flags.DEFINE_list("replicas", ["1"], "Numbers of logical CPUs that share a batch.")
    flags.DEFINE_integer("steps", 12, "Timed steps per row.", lower_bound=1)


def main(argv):
    """Prints one row per setting."""
    del argv
    config = FLAGS.config
    batches = [config.data.global_batch_size]
    values = [
        shared_flags.precisions(),
        shared_flags.whole_numbers("sizes"),
        shared_flags.whole_numbers("batches") if FLAGS.batches else batches,
        shared_flags.whole_numbers("jit", least=0),
        shared_flags.whole_numbers("replicas"),
    ]
    rows = settings(values)
    for row in rows:
        check(config, row)
    print("| precision | px | batch | XLA | replicas | ms | images/s | ", end="")
    print("`fit` / bare | peak MiB |\n|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        measured = children.call(
            measure,
            config=dataclasses.asdict(changed(config, row)),
            jit=bool(row["jit"]),
            replicas=row["replicas"],
            steps=FLAGS.steps,
        )
        step, count = measured["step"], row["batches"]
        print(
            f"| {row['precisions']} | {row['sizes']} | {count} | {row['jit']} | "
            f"{row['replicas']} | {timing.milliseconds(step)} | {count / step:.1f} | "
            f"{measured['fit'] / step:.2f} | {measured['peak_mib']:.0f} |",
            flush=True,
        )
    return 0


def settings(values) -> list:
    """Returns the rows, each a dict by axis, of the values of each axis."""
    first = dict(zip(_AXES, (axis[0] for axis in values)))
    others = zip(_AXES, values)
    return [first] + [{**first, name: v} for name, axis in others for v in axis[1:]]


def check(config, row: dict) -> None:
    """Checks that a row can be measured.

    Raises:
        ValueError: it cannot.
    """
    if row["jit"] > 1:
        raise program.UsageError("--jit must be 0 or 1.")
    if row["batches"] % row["replicas"]:
        raise program.UsageError(
            f"A batch of {row['batches']} cannot be split over {row['replicas']}."
        )
    config_lib.validate_training(changed(config, row))


def changed(config, row: dict):
    """Returns a copy of the config with the row's precision, size and batch."""
    config = config_lib.from_dict(dataclasses.asdict(config))
    config.training.precision = row["precisions"]
    config.data.image_size = row["sizes"]
    config.data.global_batch_size = row["batches"]
    config.procedure.warmup_steps = 0
    return config


def measure(config: dict, jit: bool, replicas: int, steps: int) -> dict:
    """Times the step, in a child process, with logical CPUs as replicas.

    Returns:
        Median seconds: `step` of the bare function and `fit` under `fit`. Outside of a
        strategy several replicas have no step, so with them both are those of `fit`.
    """
    import tensorflow as tf

    from tf_btgmi.training.build import build_model

    config = config_lib.from_dict(config)
    model = build_model(config, _strategy(replicas))
    model.begin_stage(0)
    model.jit_compile = jit
    data = config.data
    batch = make_batch(data.image_size, data.global_batch_size, config.task)
    batch = {name: tf.constant(array) for name, array in batch.items()}
    step = tf.function(lambda: model.train_step(batch), jit_compile=jit or None)

    def bare():
        step()
        model.update_average()

    timed_bare = timing.in_turn({"bare": bare}, 1)["bare"] if replicas == 1 else []
    options = tf.data.Options()
    off = tf.data.experimental.AutoShardPolicy.OFF
    options.experimental_distribute.auto_shard_policy = off
    batches = tf.data.Dataset.from_tensors(batch).repeat().with_options(options)
    fit_times(model, batches, timing.NUM_WARM_UP)
    timed_fit = []
    while len(timed_fit) < steps:
        if replicas == 1:
            timed_bare += timing.in_turn({"bare": bare}, _TURN, warm_up=0)["bare"]
        timed_fit += fit_times(model, batches, _TURN)
    fit = statistics.median(timed_fit)
    return {"step": statistics.median(timed_bare or timed_fit), "fit": fit}


def _strategy(replicas: int):
    import tensorflow as tf

    from tf_btgmi.training.strategy import make_strategy

    if replicas == 1:
        return make_strategy("one_device")
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0],
        [tf.config.LogicalDeviceConfiguration()] * replicas,
    )
    return tf.distribute.MirroredStrategy([f"CPU:{n}" for n in range(replicas)])


def fit_times(model, batches, steps: int) -> list:
    """Returns the seconds of each of `steps` steps under `fit` on endless batches.

    Two untimed ones come first.
    """
    import keras

    from tf_btgmi.training.callbacks import GeneratorAverage

    ends = []
    timer = keras.callbacks.LambdaCallback(
        on_batch_end=lambda batch, logs: ends.append(time.perf_counter())
    )
    model.fit(
        batches,
        steps_per_epoch=2 + steps,
        verbose=0,
        shuffle=False,
        callbacks=[GeneratorAverage(), timer],
    )
    return [after - before for before, after in zip(ends[1:], ends[2:])]


if __name__ == "__main__":
    program.run(main, define_flags)

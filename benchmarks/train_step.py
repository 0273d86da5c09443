r"""How long a training step takes, where the time goes and what it is a share of.

    python -m benchmarks.train_step --config=configs/outdoor_128.py
    python -m benchmarks.train_step --batches=8,1,16,32,64 --sizes=128,64,256 \
        --precisions=float32,mixed_bfloat16 --jit=0,1 --replicas=1,2 --parts=0

The first value of each flag makes the first row; each further value makes a row in
which only that flag differs, or, with `--product`, there is a row for every
combination. Each row is a process of its own and the median of `--steps` steps on one
batch of random pictures: of the bare `tf.function`, and under `fit` as it is trained
(under a strategy, with the callback of the average), which take turns. Its share is
that of the FLOPs of the step's convolutions and matrix products in what a large
convolution, and a large matrix product, reach in the same process and precision. With
`--parts=1` a second table has the parts of the first row's step, each a function of
its own, and a batch from the input pipeline. The default takes about five minutes.
"""

import dataclasses
import itertools

from absl import flags

from benchmarks import children, shared_flags, timing
from tf_btgmi import config as config_lib
from tf_btgmi.cli import config_flag, program

FLAGS = flags.FLAGS
_AXES = ("precisions", "sizes", "batches", "jit", "replicas")


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    config_flag.define(default="configs/outdoor_128.py")
    shared_flags.define_precisions()
    shared_flags.define_sizes(128, 64)
    flags.DEFINE_list("batches", [], "Pictures a step; the config's if empty.")
    flags.DEFINE_list("jit", ["0"], "Whether XLA compiles the step: 0, 1 or both.")
    flags.DEFINE_list("replicas", ["1"], "Logical CPU devices that share a batch.")
    flags.DEFINE_bool("product", False, "A row for every combination.")
    flags.DEFINE_bool("parts", True, "The table of the step's parts.")
    flags.DEFINE_integer("steps", 12, "Steps measured a row.", lower_bound=1)
    flags.DEFINE_integer("stage", 0, "Refinement blocks that run.", lower_bound=0)


def main(argv):
    """Prints a row for each setting, then the parts of the first."""
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
    rows = settings(values, FLAGS.product)
    for row in rows:
        check(config, row)
    print(
        "| precision | px | batch | XLA | replicas | ms | images/s | `fit` over it "
        "| GFLOP/s | of a convolution | of a product | peak MiB |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        found = run_child("step_times", config, row)
        step, count = found["step"], row["batches"]
        rate = found["flops"] / step / 1e9 if found["flops"] else None
        shares = [
            f"{rate / found[name]:.0%}" if rate else ""
            for name in ("convolution", "product")
        ]
        print(
            f"| {row['precisions']} | {row['sizes']} | {count} | {row['jit']} | "
            f"{row['replicas']} | {timing.milliseconds(step)} | {count / step:.1f} | "
            f"{found['fit']:.2f} | {f'{rate:.0f}' if rate else ''} | "
            f"{shares[0]} | {shares[1]} | {found['peak_mib']:.0f} |",
            flush=True,
        )
    if FLAGS.parts:
        _print_parts(run_child("step_parts", config, {**rows[0], "replicas": 1}))
    return 0


def _print_parts(found: dict) -> None:
    print("\n| part | ms | of their sum | GFLOP/s |\n|---|---|---|---|")
    total = sum(found["seconds"].values())
    for name, seconds in found["seconds"].items():
        count = found["flops"].get(name)
        rate = f"{count / seconds / 1e9:.0f}" if count else ""
        share = f"{seconds / total:.0%}"
        print(f"| {name} | {timing.milliseconds(seconds)} | {share} | {rate} |")
    print(
        f"| a batch of the input pipeline, alone | "
        f"{timing.milliseconds(found['input'])} | | |"
    )


def settings(values, product: bool) -> list:
    """Dicts by axis: the first values, then one changed at a time, or all products.

    Args:
        values: for each axis its values.
        product: whether all are combined.
    """
    if product:
        chosen = list(itertools.product(*values))
    else:
        first = tuple(axis[0] for axis in values)
        chosen = [first]
        for position, axis in enumerate(values):
            for value in axis[1:]:
                chosen.append(first[:position] + (value,) + first[position + 1 :])
    return [dict(zip(_AXES, row)) for row in chosen]


def check(config, row: dict) -> None:
    """Whether a row can be measured.

    Raises:
        UsageError: it cannot.
    """
    if row["jit"] > 1:
        raise program.UsageError("--jit must be 0 or 1.")
    if row["batches"] % row["replicas"]:
        raise program.UsageError(
            f"A batch of {row['batches']} cannot be split over {row['replicas']}."
        )
    config_lib.validate(changed(config, row))


def changed(config, row: dict):
    """A copy of the config with the row's precision, size and batch."""
    config = config_lib.from_dict(dataclasses.asdict(config))
    config.training.precision = row["precisions"]
    config.data.image_size = row["sizes"]
    config.data.global_batch_size = row["batches"]
    config.procedure.warmup_steps = 0
    return config


def run_child(module: str, config, row: dict) -> dict:
    """What `measure` of a module of the benchmarks finds, in a process of its own."""
    return children.call(
        f"benchmarks.{module}",
        "measure",
        config=dataclasses.asdict(changed(config, row)),
        jit=bool(row["jit"]),
        replicas=row["replicas"],
        stage=FLAGS.stage,
        steps=FLAGS.steps,
    )


if __name__ == "__main__":
    program.run(main, define_flags)

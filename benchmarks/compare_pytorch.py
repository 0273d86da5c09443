"""The method in TensorFlow beside the same written plainly in PyTorch.

    pip install -r requirements-benchmarks.txt
    python -m benchmarks.compare_pytorch --sizes=128 --batch=8 --rounds=15

Both have the weights of `--model` and see the same batch. First their predictions are
compared, to 1e-4, and the losses of the first training step, to 0.1 %. The timed
networks have PyTorch's usual padding of strided convolutions, one pixel off, and are
channels_last. Both take turns, about two minutes per size. A row's factor is the median
of PyTorch's time over TensorFlow's in the same turn: above 1 TensorFlow is faster.
Run it on an idle machine: beside other work, PyTorch's threads wait for each other.
"""

from absl import flags

from benchmarks import children, requirements, shared_flags, timing
from tf_btgmi import loading
from tf_btgmi.cli import common_flags, program

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    common_flags.define_model()
    shared_flags.define_sizes(128)
    shared_flags.define_precisions()
    flags.DEFINE_integer("batch", 8, "Batch size.", lower_bound=1)
    flags.DEFINE_integer("rounds", 15, "Timed runs.", lower_bound=1)


def main(argv):
    """Prints a row for each precision, size and kind of work."""
    del argv
    precisions, sizes = shared_flags.precisions(), shared_flags.whole_numbers("sizes")
    requirements.need_pytorch()
    loading.check(FLAGS.model)
    print("| precision | size | what | TensorFlow | PyTorch | factor |")
    print("|---|---|---|---|---|---|")
    notes = []
    for precision in precisions:
        for size in sizes:
            found = children.call(
                measure,
                place=FLAGS.model,
                precision=precision,
                size=size,
                batch_size=FLAGS.batch,
                rounds=FLAGS.rounds,
            )
            for what, (count, mine, other, factor) in found["rows"].items():
                print(
                    f"| {precision} | {size} | {what} | "
                    f"{timing.milliseconds(mine)} ms, {count / mine:.1f}/s | "
                    f"{timing.milliseconds(other)} ms, {count / other:.1f}/s | "
                    f"{factor:.2f} |",
                    flush=True,
                )
            notes.append(f"{precision}, {size} px: {found['note']}")
    print("\n" + "\n".join(notes))
    return 0


def measure(place, precision, size, batch_size, rounds) -> dict:
    """Checks and times both at one precision and size, in this process.

    Returns:
        `rows`: by the kind of work (pictures, TensorFlow's seconds, PyTorch's, factor);
        `note`: what the check found.

    Raises:
        ValueError: they do not compute the same in float32.
    """
    # Imported here: in the parent, PyTorch may be missing.
    from benchmarks import batches, both_frameworks

    batch = batches.make_batch(size, batch_size)
    both = both_frameworks.Both(place, precision, size, batch)
    note = both.check()
    rows = {}
    for count in sorted({1, batch_size}):
        calls = both.predictions(count)
        seconds = timing.in_turn(calls, rounds)
        for name in calls:
            if name != "PyTorch":
                rows[f"{name}, batch {count}"] = _row(count, seconds, name)
    seconds = timing.in_turn(both.steps(), rounds)
    rows[f"training step, batch {batch_size}"] = _row(batch_size, seconds, "TensorFlow")
    return {"rows": rows, "note": note}


def _row(count, seconds, name):
    found = timing.medians(seconds)
    factor = timing.ratio(seconds["PyTorch"], seconds[name])
    return count, found[name], found["PyTorch"], factor


if __name__ == "__main__":
    program.run(main, define_flags)

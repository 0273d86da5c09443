"""What more workers bring: training steps of 1, 2 and 4 processes on this machine.

    python -m benchmarks.workers --config=configs/outdoor_128.py --workers=1,2,4

Each worker is a process with one thread on one core, and they talk over loopback, as
machines would over a network (`--strategy=multi_worker`). Beside the measured
efficiency stands a calculated one: the step of one worker, a ring all-reduce of the
gradients at the bandwidth that two workers reach when they do nothing but sum, and the
small sums that batch normalization waits for, as long as they take alone. More workers
than cores share them, which both columns take into account. Each run's times go to
standard error as they come, the tables to standard output. Takes a few minutes; Ctrl-C
and SIGTERM end the workers as well.
"""

import os
import signal
import statistics
import sys
from typing import List

from absl import flags

from benchmarks import shared_flags, worker_runs
from benchmarks.worker_runs import Measured
from tf_btgmi.cli import config_flag, program

FLAGS = flags.FLAGS
_KINDS = ("worker", "global")


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    config_flag.define(default="configs/smoke.py")
    flags.DEFINE_list("workers", ["1", "2", "4"], "Numbers of processes, 1 the first.")
    flags.DEFINE_integer(
        "batch_size",
        8,
        "Pictures a step: of each worker where that is constant, otherwise of all.",
        lower_bound=1,
    )
    flags.DEFINE_list(
        "constant", list(_KINDS), "Whose batch stays the same: worker, global or both."
    )
    flags.DEFINE_integer("steps", 15, "Steps that are timed.", lower_bound=2)
    shared_flags.define_rounds(3, "Runs whose median is taken.")


def main(argv):
    """Prints a table for each kind of constant batch."""
    del argv
    numbers = shared_flags.whole_numbers("workers")
    if numbers[0] != 1:
        raise program.UsageError("--workers must begin with 1, the one to compare to.")
    if not set(FLAGS.constant) <= set(_KINDS):
        raise program.UsageError(f"--constant takes {' and '.join(_KINDS)}.")
    if "global" in FLAGS.constant and any(FLAGS.batch_size % n for n in numbers):
        raise program.UsageError("--batch_size must be a multiple of all --workers.")
    if FLAGS.config.task != "inpainting":
        raise program.UsageError("--config must be one of inpainting.")
    # As Ctrl-C, so that the workers that run are ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    cores = sorted(os.sched_getaffinity(0))
    print(f"{len(cores)} cores; {FLAGS.config.name}, medians of {FLAGS.rounds} runs.")
    for kind in FLAGS.constant:
        print_table(kind, numbers, cores)
    return 0


def all_reduce_seconds(num_workers: int, num_bytes: float, bandwidth: float) -> float:
    """Time of a ring all-reduce, without latency.

    In a ring each worker sends (and receives) 2 (n - 1) / n times the bytes: n - 1
    times a share of 1 / n while sums are made, and as often while they are handed on.

    Args:
        num_workers: n.
        num_bytes: of what is summed.
        bandwidth: bytes a second that a worker sends while it receives as much.
    """
    return 2 * (num_workers - 1) / num_workers * num_bytes / bandwidth


def expected_efficiency(
    step_seconds: float,
    num_workers: int,
    num_bytes: float,
    bandwidth: float,
    num_cores: int,
    small_sums: int = 0,
    small_sum_seconds: float = 0.0,
) -> float:
    """Images a second of n workers as a share of n times those of one.

    Nothing of the sums is hidden behind computing, so this is a lower bound where a
    framework hides some.

    Args:
        step_seconds: what one worker computes in a step, its share of the batch, alone.
        num_workers: n.
        num_bytes: of the gradients of a step.
        bandwidth: as for `all_reduce_seconds`.
        num_cores: that the workers have together; more workers than these take turns.
        small_sums: that a step waits for one after the other, besides.
        small_sum_seconds: of one of them: latency, since it has next to no bytes.
    """
    computing = step_seconds * max(1.0, num_workers / num_cores)
    summing = all_reduce_seconds(num_workers, num_bytes, bandwidth)
    waiting = small_sums * small_sum_seconds
    return step_seconds / (computing + summing + waiting)


def print_table(kind: str, numbers: List[int], cores) -> None:
    """Measures all numbers of workers and prints a row for each.

    Args:
        kind: whose batch stays the same, "worker" or "global".
        numbers: of workers, 1 among them.
        cores: numbers of the processors.
    """
    print(f"\nBatch constant: {kind}, {FLAGS.batch_size}\n")
    print(
        "| workers | batch a worker | ms a step | images/s | efficiency | calculated | "
        "MB of gradients | ms for their sum alone | small sums | ms for one alone |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    size = {n: FLAGS.batch_size // (n if kind == "global" else 1) for n in numbers}
    runs = {n: [] for n in numbers}
    # In turn, so that what else the machine does hits all of them.
    for turn in range(FLAGS.rounds):
        for n in numbers:
            found = worker_runs.measure(FLAGS.config, n, size[n], FLAGS.steps, cores)
            runs[n].append(found)
            # What is known, should the table never come.
            print(
                f"batch constant: {kind}, {FLAGS.batch_size}; "
                f"run {turn + 1} of {FLAGS.rounds}; workers: {n}; "
                f"{1000 * found.step_seconds:.0f} ms a step, "
                f"{1000 * found.sum_seconds:.1f} ms for the sum alone",
                file=sys.stderr,
                flush=True,
            )
    found = {n: _median(runs[n]) for n in numbers}
    one = found[1]
    bandwidth = _bandwidth(found)
    for n in numbers:
        mine = found[n]
        share = one.step_seconds * size[n] / size[1]
        efficiency = share / mine.step_seconds
        calculated = "-"
        if bandwidth:
            calculated = expected_efficiency(
                share,
                n,
                mine.gradient_bytes,
                bandwidth,
                len(cores),
                mine.small_sums,
                mine.small_sum_seconds,
            )
            calculated = f"{calculated:.2f}"
        mark = ", cores shared" if n > len(cores) else ""
        rate = n * size[n] / mine.step_seconds
        print(
            f"| {n}{mark} | {size[n]} | {1000 * mine.step_seconds:.0f} | {rate:.1f} | "
            f"{efficiency:.2f} | {calculated} | "
            f"{mine.gradient_bytes / 1e6:.1f} | {1000 * mine.sum_seconds:.1f} | "
            f"{mine.small_sums} | {1000 * mine.small_sum_seconds:.2f} |",
            flush=True,
        )
    if bandwidth:
        print(f"\nBandwidth of the sum over two workers: {bandwidth / 1e6:.0f} MB/s.")


def _median(runs: List[Measured]) -> Measured:
    return Measured(
        statistics.median(run.step_seconds for run in runs),
        runs[0].gradient_bytes,
        statistics.median(run.sum_seconds for run in runs),
        runs[0].small_sums,
        statistics.median(run.small_sum_seconds for run in runs),
    )


def _bandwidth(found) -> float:
    """Bytes a second of two workers that only sum; 0 where two were not measured."""
    if 2 not in found:
        return 0.0
    two = found[2]
    return all_reduce_seconds(2, two.gradient_bytes, 1.0) / two.sum_seconds


if __name__ == "__main__":
    program.run(main, define_flags)

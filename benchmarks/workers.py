"""Training steps of several worker processes on this machine, over loopback.

    python -m benchmarks.workers --config=configs/outdoor_128.py --workers=1,2,4

Each worker has one thread on one core and trains as a machine of its own would
(`--strategy=multi_worker`). Beside the measured efficiency stands a calculated one,
`expected_efficiency`: the step of one worker, a ring all-reduce of the gradients at the
bandwidth that two workers reach when they only sum, and the small sums of batch
normalization. More workers than cores share them, which both columns take into account.
The time of each run goes to standard error, the tables to standard output. Ctrl-C and
SIGTERM end the workers as well.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from absl import flags

from benchmarks import shared_flags
from scripts import loopback
from tf_btgmi import config as config_lib
from tf_btgmi.cli import config_flag, program
from tf_btgmi.wording import number_of

FLAGS = flags.FLAGS
_KINDS = ("worker", "global")
_TIMEOUT_SECONDS = 1200
_COLUMNS = (
    "workers",
    "batch per worker",
    "ms per step",
    "images/s",
    "efficiency",
    "calculated",
    "MB of gradients",
    "ms for their sum alone",
    "small sums",
    "ms for one alone",
)


class Measured(NamedTuple):
    """Medians of one number of workers and one batch size.

    Attributes:
        step_seconds: time of a training step.
        gradient_bytes: bytes that a step sums over the workers.
        sum_seconds: time of such a sum alone; 0 with one worker.
        small_sums: sums that batch normalization waits for in a step.
        small_sum_seconds: time of one of them alone; 0 with one worker.
    """

    step_seconds: float
    gradient_bytes: int
    sum_seconds: float
    small_sums: int
    small_sum_seconds: float


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    config_flag.define(default="configs/smoke.py")
    flags.DEFINE_list("workers", ["1", "2", "4"], "Numbers of processes, 1 first.")
    flags.DEFINE_integer(
        "batch_size",
        8,
        "Pictures per step: of each worker if that is constant, otherwise of all.",
        lower_bound=1,
    )
    flags.DEFINE_list(
        "constant", list(_KINDS), "Constant batch: per worker, global or both."
    )
    flags.DEFINE_integer("steps", 15, "Timed steps.", lower_bound=2)
    flags.DEFINE_integer("rounds", 3, "Runs; their median is printed.", lower_bound=1)


def main(argv):
    """Prints one table per kind of constant batch."""
    del argv
    numbers = shared_flags.whole_numbers("workers")
    if numbers[0] != 1:
        raise program.UsageError("--workers must begin with 1, the one to compare to.")
    if not set(FLAGS.constant) <= set(_KINDS):
        raise program.UsageError(f"--constant takes {' and '.join(_KINDS)}.")
    if "global" in FLAGS.constant and any(FLAGS.batch_size % n for n in numbers):
        raise program.UsageError("--batch_size must be a multiple of all --workers.")
    if FLAGS.config.task != "inpainting":
        raise program.UsageError("--config must be a config of inpainting.")
    # As Ctrl-C, so that the running workers are ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    cores = sorted(os.sched_getaffinity(0))
    machine, runs = number_of(len(cores), "core"), number_of(FLAGS.rounds, "run")
    print(f"{machine}; {FLAGS.config.name}, medians of {runs}.")
    for kind in FLAGS.constant:
        print_table(kind, numbers, cores)
    return 0


def all_reduce_seconds(num_workers: int, num_bytes: float, bandwidth: float) -> float:
    """Returns the time of a ring all-reduce, without latency.

    Each worker sends and receives 2 (n - 1) / n times the bytes: n - 1 parts of 1 / n
    while sums are made, and as many while they are handed on.

    Args:
        num_workers: n.
        num_bytes: bytes of the summed values.
        bandwidth: bytes per second that a worker sends while it receives as many.
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
    """Returns the images per second of n workers, relative to n times those of one.

    A lower bound where a framework hides part of the sums behind computing.

    Args:
        step_seconds: time in which one worker alone computes its part of the batch.
        num_workers: n.
        num_bytes: bytes of the gradients of a step.
        bandwidth: see `all_reduce_seconds`.
        num_cores: cores of all workers together; more workers than these take turns.
        small_sums: further sums that a step waits for, one after the other.
        small_sum_seconds: time of one of them: latency, since it has few bytes.
    """
    computing = step_seconds * max(1.0, num_workers / num_cores)
    summing = all_reduce_seconds(num_workers, num_bytes, bandwidth)
    return step_seconds / (computing + summing + small_sums * small_sum_seconds)


def print_table(kind: str, numbers: list[int], cores) -> None:
    """Measures all numbers of workers and prints one row for each.

    Args:
        kind: whose batch is constant, "worker" or "global".
        numbers: numbers of workers, with 1.
        cores: numbers of the processors.
    """
    size = {n: FLAGS.batch_size // (n if kind == "global" else 1) for n in numbers}
    runs = {n: [] for n in numbers}
    # In turn, so that other load of the machine hits all of them.
    for turn in range(FLAGS.rounds):
        for n in numbers:
            run = measure(FLAGS.config, n, size[n], FLAGS.steps, cores)
            runs[n].append(run)
            print(
                f"constant: {kind}; run {turn + 1} of {FLAGS.rounds}; workers: {n}; "
                f"{1000 * run.step_seconds:.0f} ms per step",
                file=sys.stderr,
                flush=True,
            )
    medians = {n: Measured(*map(statistics.median, zip(*runs[n]))) for n in numbers}
    bandwidth = None
    if 2 in numbers:
        two = medians[2]
        bandwidth = all_reduce_seconds(2, two.gradient_bytes, 1.0) / two.sum_seconds
    print(f"\nBatch constant: {kind}, {FLAGS.batch_size}\n\n| {' | '.join(_COLUMNS)} |")
    print("|---" * len(_COLUMNS) + "|")
    for n, row in medians.items():
        alone = medians[1].step_seconds * size[n] / size[1]
        calculated = "-"
        if bandwidth:
            sums = row.small_sums, row.small_sum_seconds
            calculated = expected_efficiency(
                alone, n, row.gradient_bytes, bandwidth, len(cores), *sums
            )
            calculated = f"{calculated:.2f}"
        shared = ", cores shared" if n > len(cores) else ""
        print(
            f"| {n}{shared} | {size[n]} | {1000 * row.step_seconds:.0f} | "
            f"{n * size[n] / row.step_seconds:.1f} | {alone / row.step_seconds:.2f} | "
            f"{calculated} | {row.gradient_bytes / 1e6:.1f} | "
            f"{1000 * row.sum_seconds:.1f} | {row.small_sums:.0f} | "
            f"{1000 * row.small_sum_seconds:.2f} |",
            flush=True,
        )
    if bandwidth:
        print(f"\nBandwidth of the sum over two workers: {bandwidth / 1e6:.0f} MB/s.")


def measure(config, num_workers: int, batch_size: int, steps: int, cores) -> Measured:
    """Runs the workers, with `batch_size` pictures each.

    Raises:
        program.ProgramFailure: one of them failed.
    """
    config.data.global_batch_size = num_workers * batch_size
    config_lib.validate_training(config)
    with tempfile.TemporaryDirectory() as folder:
        config_path = os.path.join(folder, config_lib.FILE)
        config_lib.save(config, config_path)
        workers = []
        try:
            for index, cluster in enumerate(loopback.cluster_configs(num_workers)):
                settings = {
                    "config_path": config_path,
                    "batch_size": batch_size,
                    "steps": steps,
                    "core": cores[index % len(cores)],
                    "report": os.path.join(folder, f"report-{index}.json"),
                }
                workers.append(_start(folder, index, settings, cluster))
            reports = [_report(folder, *worker) for worker in enumerate(workers)]
        finally:
            # TensorFlow 2.15 may never end a process that had several workers; its
            # result is in its report.
            for worker in workers:
                worker.kill()
            for worker in workers:
                worker.wait()
    # All wait for the slowest in every step.
    return max(reports, key=lambda report: report.step_seconds)


def _start(folder: str, index: int, settings: dict, cluster_config: str):
    with open(os.path.join(folder, f"{index}.log"), "w", encoding="utf-8") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker_process", json.dumps(settings)],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={
                **os.environ,
                "TF_CONFIG": cluster_config,
                "OMP_NUM_THREADS": "1",
                "TF_NUM_INTRAOP_THREADS": "1",
                "CUDA_VISIBLE_DEVICES": "-1",
            },
        )


def _report(folder: str, index: int, worker) -> Measured:
    """Waits for the report of a worker and reads it."""
    path = os.path.join(folder, f"report-{index}.json")
    end = time.monotonic() + _TIMEOUT_SECONDS
    while not os.path.exists(path):
        ended = worker.poll() is not None and not os.path.exists(path)
        if ended or time.monotonic() > end:
            log = os.path.join(folder, f"{index}.log")
            with open(log, encoding="utf-8", errors="replace") as file:
                lines = file.read().strip().splitlines() or ["no output."]
            raise program.ProgramFailure(
                f"Worker {index} gave no report (exit code {worker.poll()}): "
                f"{lines[-1].strip()}"
            )
        time.sleep(0.1)
    with open(path, encoding="utf-8") as file:
        return Measured(**json.load(file))


if __name__ == "__main__":
    program.run(main, define_flags)

"""Runs the processes of `benchmarks.workers` and takes what they report."""

import json
import os
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from scripts import loopback
from tf_btgmi import config as config_lib
from tf_btgmi.cli import program

_TIMEOUT = 1200


class Measured(NamedTuple):
    """Medians of one number of workers and batch size.

    Attributes:
        step_seconds: of a training step.
        gradient_bytes: that a step sums over the workers.
        sum_seconds: of such a sum alone; 0 with one worker.
        small_sums: that batch normalization waits for in a step.
        small_sum_seconds: of one of them alone; 0 with one worker.
    """

    step_seconds: float
    gradient_bytes: int
    sum_seconds: float
    small_sums: int
    small_sum_seconds: float


def measure(config, num_workers: int, batch_size: int, steps: int, cores) -> Measured:
    """Runs the workers, with `batch_size` pictures each.

    Raises:
        program.ProgramFailure: one of them failed.
    """
    config.data.global_batch_size = num_workers * batch_size
    config_lib.validate(config)
    with tempfile.TemporaryDirectory() as folder:
        config_path = os.path.join(folder, "config.json")
        config_lib.save(config, config_path)
        workers = []
        try:
            for index, cluster_config in enumerate(
                loopback.cluster_configs(num_workers)
            ):
                settings = {
                    "config": config_path,
                    "batch_size": batch_size,
                    "steps": steps,
                    "core": cores[index % len(cores)],
                    "report": os.path.join(folder, f"report-{index}.json"),
                }
                workers.append(_start(folder, index, settings, cluster_config))
            reports = [
                _report(folder, index, worker) for index, worker in enumerate(workers)
            ]
        finally:
            # With TensorFlow 2.15 the end of a process that had several workers may
            # never come; what it had to say is in its report.
            for worker in workers:
                worker.kill()
            for worker in workers:
                worker.wait()
    # All wait for the slowest in every step.
    return max(reports, key=lambda report: report.step_seconds)


def _start(folder: str, index: int, settings: dict, cluster_config: str):
    name = os.path.join(folder, f"settings-{index}.json")
    with open(name, "w", encoding="utf-8") as file:
        json.dump(settings, file)
    with open(f"{name}.log", "w", encoding="utf-8") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker_process", name],
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
    """What a worker has measured, as soon as it is there."""
    path = os.path.join(folder, f"report-{index}.json")
    end = time.monotonic() + _TIMEOUT
    while not os.path.exists(path):
        ended = worker.poll() is not None and not os.path.exists(path)
        if ended or time.monotonic() > end:
            raise program.ProgramFailure(
                f"Worker {index} gave no report (exit code {worker.poll()}): "
                f"{_last_line(folder, index)}"
            )
        time.sleep(0.1)
    with open(path, encoding="utf-8") as file:
        return Measured(**json.load(file))


def _last_line(folder: str, index: int) -> str:
    path = os.path.join(folder, f"settings-{index}.json.log")
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = [line.strip() for line in file if line.strip()]
    return lines[-1] if lines else "it said nothing."

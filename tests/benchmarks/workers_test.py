"""The calculation beside the measurement of several workers, and one small run."""

import subprocess
import sys

import pytest
from absl import flags

from benchmarks import worker_process, workers
from tests.programs import ROOT, run_program
from tf_btgmi import config as config_lib
from tf_btgmi.cli import program
from tf_btgmi.models.generator import Generator

PROGRAM_MODULE = workers


def test_a_ring_sends_twice_the_bytes_less_a_share():
    assert workers.all_reduce_seconds(1, 8e6, 1e6) == 0.0
    assert workers.all_reduce_seconds(2, 8e6, 1e6) == 8.0
    assert workers.all_reduce_seconds(4, 8e6, 1e6) == 12.0
    assert workers.all_reduce_seconds(1000, 8e6, 1e6) == pytest.approx(15.984)


@pytest.mark.parametrize(
    "num_workers, num_cores, expected",
    [
        # 4 s of computing, and 2 (n - 1) / n of 1 s for the sum.
        (1, 1, 1.0),
        (2, 2, 4 / 5),
        (4, 4, 4 / 5.5),
        # Four on two cores compute for twice as long.
        (4, 2, 4 / 9.5),
    ],
)
def test_efficiency_is_the_share_of_a_step_that_computes(
    num_workers, num_cores, expected
):
    found = workers.expected_efficiency(4.0, num_workers, 2e6, 2e6, num_cores)
    assert found == pytest.approx(expected, rel=1e-12)


def test_small_sums_are_waited_for_besides():
    # 4 s of computing, 1 s for the gradients, 10 times 0.3 s.
    found = workers.expected_efficiency(4.0, 2, 2e6, 2e6, 2, 10, 0.3)
    assert found == pytest.approx(4 / 8, rel=1e-12)


def test_batch_normalization_sums_twice_a_layer_that_runs():
    options = {"base_filters": 2, "num_downsamplings": 1, "num_head_blocks": 2}
    generator = Generator(**options, num_refinement_blocks=1, stage=0)
    generator.build()
    # The stem, one front end, two blocks of two, one back end: 7.
    assert worker_process.small_sums(generator) == 14
    generator = Generator(**options, normalization="instance")
    generator.build()
    assert worker_process.small_sums(generator) == 0


@pytest.fixture
def start_fakes(monkeypatch):
    """Makes workers of one line of Python, which knows its `report` and `index`."""

    def fake(body):
        def start(folder, index, settings, cluster_config):
            head = f"report = {settings['report']!r}; index = {index}; "
            with open(f"{folder}/{index}.log", "w") as log:
                command = [sys.executable, "-c", head + body]
                started.append(subprocess.Popen(command, stdout=log, stderr=log))
            return started[-1]

        monkeypatch.setattr(workers, "_start", start)
        return started

    started = []
    return fake


def test_the_slowest_report_counts_and_workers_that_never_end_are_ended(start_fakes):
    started = start_fakes(
        "import json, os, time; "
        "json.dump(dict(step_seconds=1.0 + index, gradient_bytes=8, sum_seconds=0.5, "
        "small_sums=3, small_sum_seconds=0.1), "
        "open(report + '.new', 'w')); os.replace(report + '.new', report); "
        "time.sleep(50)"
    )
    found = workers.measure(config_lib.Config(), 2, 4, 3, [0])
    assert found == workers.Measured(2.0, 8, 0.5, 3, 0.1)
    assert len(started) == 2
    assert all(worker.poll() is not None for worker in started)


def test_an_interrupt_ends_all_workers(start_fakes, interruptible):
    started = start_fakes(
        "import os, signal, time; time.sleep(0.5 * index); "
        "index and os.kill(os.getppid(), signal.SIGINT); time.sleep(50)"
    )
    with pytest.raises(KeyboardInterrupt):
        workers.measure(config_lib.Config(), 2, 4, 3, [0])
    assert len(started) == 2
    assert all(worker.poll() is not None for worker in started)


def test_what_was_measured_before_an_interrupt_is_told(monkeypatch, capsys):
    def measure(config, num_workers, batch_size, steps, cores):
        if not seconds:
            raise KeyboardInterrupt
        return workers.Measured(seconds.pop(0), 8, 0.0015, 3, 0.0001)

    seconds = [0.25, 0.5]
    monkeypatch.setattr(workers, "measure", measure)
    flags.FLAGS(["workers", f"--config={ROOT}/configs/smoke.py"])
    with pytest.raises(KeyboardInterrupt):
        workers.print_table("global", [1, 2], [0, 1])
    assert capsys.readouterr().err.splitlines() == [
        "constant: global; run 1 of 3; workers: 1; 250 ms per step",
        "constant: global; run 1 of 3; workers: 2; 500 ms per step",
    ]


def test_a_worker_that_fails_is_told_with_its_last_line(start_fakes):
    start_fakes("raise SystemExit('no such port')")
    with pytest.raises(program.ProgramFailure, match="Worker 0 .*: no such port"):
        workers.measure(config_lib.Config(), 2, 4, 3, [0])


@pytest.mark.slow
def test_the_program_measures_two_workers_beside_one():
    done = run_program(
        "benchmarks.workers",
        "--config=configs/smoke.py",
        "--config.generator.base_filters=4",
        "--config.generator.max_filters=8",
        "--config.generator.num_head_blocks=1",
        "--config.procedure.num_refinement_blocks=1",
        "--config.discriminator.base_filters=4",
        "--config.discriminator.num_scales=2",
        "--config.data.image_size=32",
        "--config.losses.ppl_patch_size=31",
        "--workers=1,2",
        "--batch_size=2",
        "--steps=3",
        "--rounds=1",
        "--constant=global",
    )
    assert done.returncode == 0, done.stderr
    told = [
        line.split("; ")[1:3] for line in done.stderr.splitlines() if "; run" in line
    ]
    assert told == [["run 1 of 1", "workers: 1"], ["run 1 of 1", "workers: 2"]]
    rows = [line.split(" | ") for line in done.stdout.splitlines() if "| " in line]
    one, two = rows[-2:]
    assert one[0].startswith("| 1") and two[0].startswith("| 2")
    assert (one[1], two[1]) == ("2", "1")
    assert float(one[4]) == 1.0 and one[5] == "1.00"
    assert 0 < float(two[4]) < 2 and 0 < float(two[5]) < 1
    assert one[6] == two[6] and float(one[6]) > 0


@pytest.mark.parametrize(
    "flag, message",
    [
        ("--workers=2,4", "--workers must begin with 1"),
        ("--batch_size=3", "--batch_size must be a multiple of all --workers"),
    ],
)
def test_wrong_flags_are_one_line(flag, message):
    done = run_program("benchmarks.workers", flag)
    assert done.returncode == 2
    assert message in done.stderr and done.stderr.count("\n") == 1

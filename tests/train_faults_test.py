"""Faults that end long trainings, on a tiny one: it must go on and end bit-equal.

A second training in the same folder, a changed config and damaged checkpoints have
tests in `training/`.
"""

import os
import random
import resource
import subprocess
import sys
import time

import numpy as np
import pytest

from scripts import loopback
from tests.trainings import named_step, numbers, run, start, wait_for
from tf_btgmi import config as config_lib

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_training_is_left")]
STEPS_BETWEEN = 3
KILLS = 6
# `time.time` is set back and forth, `time.monotonic` jumps forward, as after sleep.
JUMPING_CLOCK = """
import itertools, runpy, sys, time
real, steady, day = time.time, time.monotonic, 86_400.0
jumps = itertools.accumulate(itertools.cycle([-day, 2 * day, -365 * day, 364 * day]))
time.time = lambda: real() + next(jumps)
hours = itertools.count(0.0, 3_600.0)
time.monotonic = lambda: steady() + next(hours)
sys.argv[0] = "train.py"
runpy.run_module("tf_btgmi.train", run_name="__main__")
"""
IN_OWN_MOUNTS = ["unshare", "--mount", "sh", "-c"]


@pytest.fixture(scope="module")
def options(make_config, tmp_path_factory):
    """Flags of a training of 90 steps with a checkpoint every three."""
    path = tmp_path_factory.mktemp("faults") / "tiny.json"
    config_lib.save(make_config(), str(path))
    return [
        f"--config={path}",
        "--config.procedure.head_steps=60",
        "--config.procedure.refinement_steps=30",
        f"--config.training.checkpoint_every_steps={STEPS_BETWEEN}",
    ]


@pytest.fixture(scope="module")
def undisturbed(options, tmp_path_factory):
    """The last checkpoint of a training that nothing happened to."""
    workdir = tmp_path_factory.mktemp("undisturbed") / "run"
    done = run(*options, f"--workdir={workdir}")
    assert done.returncode == 0, done.stderr
    return numbers(workdir)


def assert_goes_on(options, workdir, undisturbed):
    """The same command resumes at the newest checkpoint and ends bit-equal."""
    newest = named_step(workdir)
    done = run(*options, f"--workdir={workdir}")
    assert done.returncode == 0, done.stderr
    assert newest == 0 or f", step {newest}." in done.stderr
    assert_same(numbers(workdir), undisturbed)


def assert_same(first, second):
    assert set(first) == set(second)
    for name, value in first.items():
        np.testing.assert_array_equal(second[name], value, err_msg=name)


def assert_one_line(done, words):
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert words in done.stderr.strip().splitlines()[-1]


def test_a_training_killed_again_and_again_loses_no_checkpoint(
    options, undisturbed, tmp_path
):
    workdir, rng, newest = tmp_path / "run", random.Random(0), 0
    folder = workdir / "checkpoints"

    def is_writing():
        return any("temp" in name or ".tmp" in name for name in os.listdir(folder))

    for kill in range(KILLS):
        process = start(tmp_path / "log", *options, f"--workdir={workdir}")
        wanted = newest + STEPS_BETWEEN * rng.randint(1, 3)
        wait_for(lambda at=wanted: named_step(workdir) >= at, process, pause=0.002)
        if kill % 2:
            # Files of a checkpoint are half written.
            wait_for(is_writing, process, pause=0.0)
        else:
            time.sleep(rng.uniform(0.0, 0.1))
        process.kill()
        process.wait()
        assert named_step(workdir) >= wanted
        assert not newest or f", step {newest}." in (tmp_path / "log").read_text()
        newest = named_step(workdir)
    assert_goes_on(options, workdir, undisturbed)
    assert not is_writing()


@pytest.mark.parametrize("lost", [1, 0])
def test_one_of_two_workers_is_killed_and_both_started_again(options, tmp_path, lost):
    def start_two(workdir):
        return [
            start(
                tmp_path / f"log{index}",
                *options,
                f"--workdir={workdir}",
                "--strategy=multi_worker",
                TF_CONFIG=cluster,
            )
            for index, cluster in enumerate(loopback.cluster_configs(2))
        ]

    workdir, whole = tmp_path / "run", tmp_path / "whole"
    assert [worker.wait(600) for worker in start_two(whole)] == [0, 0]
    pair = start_two(workdir)
    wait_for(lambda: named_step(workdir) >= 20, pair[0])
    pair[lost].kill()
    # The other learns of it from TensorFlow's heartbeats.
    assert pair[1 - lost].wait(300) != 0
    newest = named_step(workdir)
    assert [worker.wait(600) for worker in start_two(workdir)] == [0, 0]
    assert f", step {newest}." in (tmp_path / "log0").read_text()
    assert_same(numbers(workdir), numbers(whole))


def test_a_disk_without_room_is_one_line_and_with_room_it_goes_on(
    options, undisturbed, tmp_path
):
    workdir = tmp_path / "run"
    # A limit of files to 20 kB stands for the full disk.
    done = subprocess.run(
        [sys.executable, "-m", "tf_btgmi.train", *options, f"--workdir={workdir}"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        capture_output=True,
        text=True,
    )
    assert_one_line(done, "could not be written")
    assert_goes_on(options, workdir, undisturbed)


@pytest.mark.skipif(
    subprocess.run(
        [*IN_OWN_MOUNTS, "mount -t tmpfs t /mnt"], capture_output=True
    ).returncode
    != 0,
    reason="mounting is not allowed",
)
def test_a_workdir_on_a_read_only_disk_is_one_line(options, tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    mount = f"mount --bind {place} {place} && mount -o remount,bind,ro {place}"
    command = [sys.executable, "-m", "tf_btgmi.train", *options]
    done = subprocess.run(
        [*IN_OWN_MOUNTS, f'{mount} && exec "$@"', "sh", *command]
        + [f"--workdir={place / 'run'}"],
        capture_output=True,
        text=True,
    )
    assert_one_line(done, "Read-only file system")


def test_a_clock_that_jumps_changes_nothing(options, undisturbed, tmp_path):
    workdir = tmp_path / "run"
    arguments = [*options, "--config.training.checkpoint_every_minutes=0.02"]
    process = start(
        tmp_path / "log",
        *arguments,
        f"--workdir={workdir}",
        command=("-c", JUMPING_CLOCK),
    )
    wait_for(lambda: named_step(workdir) >= 20, process)
    process.kill()
    process.wait()
    assert_goes_on(arguments, workdir, undisturbed)

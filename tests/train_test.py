"""The train program as a user starts, stops and kills it."""

import signal

import numpy as np
import pytest

from scripts import loopback
from tests.trainings import named_step, numbers, run, start, wait_for
from tf_btgmi import config as config_lib
from tf_btgmi import train
from tf_btgmi.cli.program import UsageError

pytestmark = pytest.mark.usefixtures("no_training_is_left")
LONG = ("--config.procedure.head_steps=400", "--config.procedure.refinement_steps=100")


@pytest.fixture(scope="module")
def config(make_config, tmp_path_factory):
    path = tmp_path_factory.mktemp("train") / "tiny.json"
    config_lib.save(make_config(), str(path))
    return path


def one_line_and_exit_2(done, message):
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("train.py: ") and message in last


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--config=configs/smoke.py"], "--workdir=FOLDER is missing"),
        (["--config=configs/smoke.py", "--strategy=tpu"], "multi_worker"),
        (
            ["--config=configs/smoke.py", "--workdir=x", "--strategy=multi_worker"],
            "needs the environment variable TF_CONFIG",
        ),
    ],
)
def test_wrong_flags_are_one_line_and_exit_code_2(arguments, message):
    done = run(*arguments)
    one_line_and_exit_2(done, message)
    assert done.stderr.count("\n") == 1


def test_a_wrong_value_is_one_line_and_makes_no_workdir(config, tmp_path):
    workdir = tmp_path / "run"
    source = "--config.data.source=folder:missing"
    done = run(f"--config={config}", f"--workdir={workdir}", source)
    one_line_and_exit_2(done, "There is no folder missing")
    assert not workdir.exists()


@pytest.mark.parametrize("place", ["model.tflite", "saved", "grpc://x:1"])
def test_only_models_with_trainable_weights_are_for_init_from(
    tmp_path, monkeypatch, place
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.tflite").touch()
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").touch()
    with pytest.raises(UsageError, match=f"^--init_from takes .*; {place} is none"):
        train._check_init_from(place)


def test_a_bundled_model_is_for_init_from():
    train._check_init_from("btgmi-outdoor-192")
    with pytest.raises(ValueError, match="did you mean btgmi-outdoor-192"):
        train._check_init_from("btgmi-outdoor-193")


@pytest.mark.slow
def test_a_run_finishes_and_its_json_goes_on_with_it(config, tmp_path):
    workdir = tmp_path / "run"
    done = run(f"--config={config}", f"--workdir={workdir}")
    assert done.returncode == 0, done.stderr
    assert "Finished: 7 steps." in done.stderr
    assert named_step(workdir) == 7
    done = run(f"--config={workdir}/config.json", f"--workdir={workdir}")
    assert done.returncode == 0, done.stderr
    assert f"Resumed from {workdir}/checkpoints/ckpt-7, step 7." in done.stderr
    done = run(
        f"--config={workdir}/config.json",
        f"--workdir={workdir}",
        "--config.generator.dilation=1",
    )
    one_line_and_exit_2(done, "config.generator.dilation was 2 and is now 1")


@pytest.mark.slow
def test_sigterm_saves_and_exits_0_and_kill_9_loses_an_interval_at_most(
    config, tmp_path
):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    options = (f"--config={config}", *LONG, "--config.training.keep_checkpoints=50")
    every = "--config.training.checkpoint_every_steps="
    done = run(*options, f"--workdir={whole}")
    assert done.returncode == 0, done.stderr

    log = tmp_path / "log"
    arguments = (*options, f"--workdir={stopped}")
    process = start(log, *arguments, f"{every}20")
    wait_for(lambda: named_step(stopped) >= 20, process)
    refused = run(*arguments)
    one_line_and_exit_2(refused, "Another training is running")
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0
    saved = named_step(stopped)
    assert 20 < saved < 500
    text = log.read_text(encoding="utf-8")
    assert f"Stopped and saved at step {saved}" in text

    log = tmp_path / "log2"
    process = start(log, *arguments, f"{every}20")
    wait_for(lambda: named_step(stopped) >= saved + 10, process)
    process.kill()
    process.wait()
    assert f"step {saved}." in log.read_text(encoding="utf-8")
    last = named_step(stopped)
    assert saved < last < 500 and last % 20 == 0

    done = run(*arguments, f"{every}400")
    assert done.returncode == 0, done.stderr
    assert f"step {last}." in done.stderr
    first, second = numbers(whole), numbers(stopped)
    assert set(first) == set(second)
    for name, value in first.items():
        np.testing.assert_array_equal(second[name], value, err_msg=name)


@pytest.mark.slow
def test_two_workers_train_what_one_process_trains(config, tmp_path):
    workers, logs = [], []
    for index, cluster_config in enumerate(loopback.cluster_configs(2)):
        logs.append(tmp_path / f"worker{index}.log")
        workers.append(
            start(
                logs[-1],
                f"--config={config}",
                f"--workdir={tmp_path / 'two'}",
                "--strategy=multi_worker",
                TF_CONFIG=cluster_config,
            )
        )
    codes = [worker.wait(400) for worker in workers]
    texts = [log.read_text(encoding="utf-8", errors="replace") for log in logs]
    assert codes == [0, 0], "\n".join(text[-3000:] for text in texts)
    assert all("Finished: 7 steps." in text for text in texts)
    done = run(f"--config={config}", f"--workdir={tmp_path / 'one'}")
    assert done.returncode == 0, done.stderr

    # The last line of losses is the same: means over workers, not sums.
    lines = [
        next(part for part in text.splitlines() if part.startswith("step 7 of 7"))
        for text in (texts[0], done.stderr)
    ]
    losses = [
        [float(word.split(" ")[-1]) for word in line.split(": ")[1].split(", ")[:3]]
        for line in lines
    ]
    assert losses[0] == pytest.approx(losses[1], abs=0.0011)

    assert not list((tmp_path / "two").glob(".checkpoints-of-worker*"))
    first, second = numbers(tmp_path / "one"), numbers(tmp_path / "two")
    assert set(first) == set(second)
    for name, value in first.items():
        # Rounding adds up over the steps; a sum in place of a mean, or a worker that
        # trains alone, changes tenths. See replicas_test.py on the variance.
        limit = 1 / 255 if "variance" in name else 1e-4
        difference = np.linalg.norm(second[name] - value)
        assert difference <= limit * np.linalg.norm(value) + 1e-6, name

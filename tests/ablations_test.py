"""The ablations program as a user starts, stops and resumes it."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.programs import run_program, start_program
from tf_btgmi import config as config_lib
from tf_btgmi import files
from tf_btgmi.ablation.arms import num_steps
from tf_btgmi.ablation.runs import Ablation

EVALUATION = {"data": "photos", "seed": 0}


def make(folder, base, arms, seeds, evaluation=EVALUATION):
    return Ablation(str(folder), base, arms, seeds, evaluation, ["T"], ["E"])


@pytest.fixture
def command(make_config, pictures, tmp_path):
    """The program and its flags for the base and one arm at toy size."""
    path = tmp_path / "tiny.json"
    config_lib.save(make_config(procedure__head_steps=150), str(path))
    return [
        "tf_btgmi.ablations",
        f"--config={path}",
        f"--test={pictures}",
        f"--output={tmp_path / 'out'}",
        "--arms=l1",
        "--seeds=0",
        "--limit=3",
    ]


def run(command, *more):
    return run_program(*command, *more, timeout=900)


def test_trainings_are_in_order_of_seeds_and_have_their_configs(make_config, tmp_path):
    base = make_config()
    ablation = make(tmp_path, base, ["base", "l1"], [4, 5])
    names = ["base-seed4", "l1-seed4", "base-seed5", "l1-seed5"]
    assert list(ablation.configs) == names
    assert ablation.configs["l1-seed5"].losses.reconstruction == "l1"


def test_networks_are_measured_without_retouching(make_config, tmp_path):
    ablation = make(tmp_path, make_config(), ["base"], [0])
    command = ablation._measuring("base-seed0")
    assert command[0] == "E" and "--retouched=False" in command


def test_more_arms_and_seeds_are_welcome_and_other_settings_refused(
    make_config, tmp_path
):
    folder, base = str(tmp_path), make_config()
    make(folder, base, ["base"], [0])
    make(folder, base, ["base", "l1"], [0, 1])
    with pytest.raises(ValueError, match="base.generator.dilation was 2 and is now 1"):
        make(folder, make_config(generator__dilation=1), ["base"], [0])
    with pytest.raises(ValueError, match="evaluation.seed was 0 and is now 7"):
        make(folder, base, ["base"], [0], {**EVALUATION, "seed": 7})
    with pytest.raises(ValueError, match="evaluation.seed was 0 and is now None"):
        make(folder, base, ["base"], [0], {"data": "photos"})


def test_a_training_that_is_measured_is_not_started_again(make_config, tmp_path):
    ablation = make(tmp_path, make_config(), ["base"], [0])
    (tmp_path / "runs" / "base-seed0").mkdir(parents=True)
    (tmp_path / "runs" / "base-seed0" / "measured").touch()
    assert ablation.run() == []
    assert not (tmp_path / "logs").exists()


def test_a_training_that_came_to_its_end_elsewhere_is_only_measured(
    make_config, tmp_path
):
    base = make_config()
    evaluation = [sys.executable, "-c", "pass"]
    ablation = Ablation(
        str(tmp_path), base, ["base", "l1", "l2"], [0], {}, ["false"], evaluation
    )
    for name, config in ablation.configs.items():
        checkpoints = tmp_path / "runs" / name / "checkpoints"
        checkpoints.mkdir(parents=True)
        # One has stopped before its last step, another is of another config.
        step = num_steps(config) - (name == "l1-seed0")
        (checkpoints / f"ckpt-{step}.index").touch()
        found = base if name == "l2-seed0" else config
        config_lib.save(found, str(tmp_path / "runs" / name / "config.json"))
    assert ablation.run() == ["l1-seed0", "l2-seed0"]
    assert (tmp_path / "runs" / "base-seed0" / "measured").exists()


def test_a_training_that_was_told_to_stop_is_not_measured(
    make_config, tmp_path, capsys
):
    # It saves and ends with 0.
    train = [sys.executable, "-c", "print('Stopped and saved at step 3.')"]
    evaluation = [sys.executable, "-c", "print('measured')"]
    ablation = Ablation(
        str(tmp_path), make_config(), ["base"], [0], {}, train, evaluation
    )
    assert ablation.run() == ["base-seed0"]
    assert "failed: Stopped and saved at step 3." in capsys.readouterr().out
    assert not (tmp_path / "runs" / "base-seed0" / "measured").exists()


def test_a_second_study_is_refused_also_while_a_training_of_the_first_goes_on(
    make_config, tmp_path, capsys
):
    # A training outlives a study that is killed, and has its lock.
    code = (
        "import os\n"
        "paths = [os.path.realpath(f'/dev/fd/{n}') for n in os.listdir('/dev/fd')]\n"
        f"print({str(tmp_path / files.LOCK)!r} in paths)"
    )
    train = [sys.executable, "-c", code]
    ablation = Ablation(str(tmp_path), make_config(), ["base"], [0], {}, train, train)
    with files.only_one("study", str(tmp_path), "--output"):
        with pytest.raises(ValueError, match="Another study is running in .*--output"):
            ablation.run()
    assert not (tmp_path / "logs").exists()
    assert ablation.run() == ["base-seed0"]
    assert "failed: True\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "number, text",
    [
        (signal.SIGKILL, "ended by signal 9 (SIGKILL; often out of memory)"),
        (signal.SIGSEGV, "ended by signal 11 (SIGSEGV)"),
    ],
)
def test_a_killed_training_is_told_by_its_signal(
    make_config, tmp_path, capsys, number, text
):
    code = (
        f"import os; print('step 2 of 4', flush=True); os.kill(os.getpid(), {number:d})"
    )
    train = [sys.executable, "-c", code]
    ablation = Ablation(str(tmp_path), make_config(), ["base"], [0], {}, train, train)
    assert ablation.run() == ["base-seed0"]
    assert f"  failed: {text}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "more, message",
    [
        (["--test=missing"], "There is no folder missing."),
        (["--arms=l3"], "There is no arm 'l3'"),
        (["--config.data.source="], "--config.data.source=folder:PATH is missing"),
        (["--config.data.source=folder:x"], "There is no folder x."),
    ],
)
def test_wrong_flags_are_one_line_and_exit_code_2(command, more, message):
    done = run(command, *more)
    assert done.returncode == 2
    assert message in done.stderr and done.stderr.count("\n") == 1
    assert done.stderr.startswith("ablations.py: ")


def test_a_study_trained_elsewhere_needs_no_training_pictures(command, tmp_path):
    for name in ("base-seed0", "l1-seed0"):
        folder = tmp_path / "out" / "runs" / name
        folder.mkdir(parents=True)
        (folder / "measured").touch()
    done = run(command, "--config.data.source=")
    assert done.stdout.startswith("2 arms x 1 seed, ")
    assert "data.source" not in done.stderr


@pytest.mark.parametrize(
    "number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 0)], ids=["INT", "TERM"]
)
def test_a_signal_tells_what_is_kept_and_what_resumes(
    make_config, tmp_path, capsys, interruptible, number, code
):
    ablation = make(tmp_path, make_config(), ["base"], [0])
    program = "import os, signal, time; os.kill(os.getppid(), %d); time.sleep(50)"
    ablation._train = [sys.executable, "-c", program % number]
    with pytest.raises(SystemExit) as stopped:
        ablation.run()
    assert stopped.value.code == code
    text = capsys.readouterr().out
    assert "Finished arms are kept" in text and "The same command resumes." in text


@pytest.mark.slow
def test_a_run_that_is_stopped_goes_on_and_ends_with_a_table(command, tmp_path):
    out = tmp_path / "out"
    checkpoints = out / "runs" / "base-seed0" / "checkpoints"
    often = "--config.training.checkpoint_every_steps=20"
    process = start_program(*command, often, stdout=subprocess.PIPE)
    end = time.monotonic() + 600
    while not list(checkpoints.glob("ckpt-*.index")):
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    text = process.communicate(timeout=120)[0]
    assert process.returncode == 0 and "The same command resumes." in text
    log = (out / "logs" / "base-seed0.log").read_text(encoding="utf-8")
    assert "Stopped and saved at step" in log

    done = run(command, often)
    assert done.returncode == 0, done.stderr
    log = (out / "logs" / "base-seed0.log").read_text(encoding="utf-8")
    assert "Resumed from" in log and "Finished: 153 steps." in log
    assert "| l1 | L1 in place of PPL | " in done.stdout
    assert (out / "table.md").read_text(encoding="utf-8") in done.stdout
    found = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert found["n"] == 3 and found["failed"] == []
    assert set(found["arms"]) == {"base", "l1"}
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Against the base" in page and "l1-seed0" in page

    # A set that is complete is only reported; an arm that fails is left out of it.
    os.remove(out / "table.md")
    again = run(command, "--config.training.checkpoint_every_steps=20")
    assert again.returncode == 0
    assert again.stdout.count("trained and measured") == 0
    assert (out / "table.md").exists()

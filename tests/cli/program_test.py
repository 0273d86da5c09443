"""What a command line that is wrong is answered with, by a program of its own."""

import ast
import os
import re
import subprocess
import sys

import pytest
import tensorflow as tf

from tests.programs import PROGRAM_FILES, ROOT, run_program
from tf_btgmi.cli import program


@pytest.mark.parametrize(
    "fail, code, message",
    [
        ("usage", 2, "wanted this, not that"),
        ("value", 2, "wanted 3"),
        ("file", 2, "There is no file x."),
        ("failure", 1, "could not be done"),
        ("disk", 1, "no space left"),
        ("no folder", 1, "runs exists already and is not a folder."),
        ("memory", 1, "Out of memory."),
        ("finite", 1, "became nan"),
        ("interrupt", 130, "Interrupted."),
    ],
)
def test_an_error_is_one_line_and_its_exit_code(run, fail, code, message):
    done = run(f"--fail={fail}")
    assert done.returncode == code
    assert done.stderr == f"tried.py: {message}\n"
    assert done.stdout == ""


def test_sigterm_ends_a_program_as_an_exception_does(run):
    done = run("--fail=terminate")
    assert (done.returncode, done.stdout, done.stderr) == (143, "removed\n", "")


def test_what_tensorflow_says_of_a_disk_is_one_line(capsys):
    def work():
        raise tf.errors.PermissionDeniedError(None, None, "runs; Read-only\nmore")

    with pytest.raises(SystemExit) as caught:
        program.answered(work)
    assert caught.value.code == 1
    assert capsys.readouterr().err.endswith(": runs; Read-only.\n")
    with pytest.raises(tf.errors.InvalidArgumentError):
        program.answered(lambda: tf.reshape([1], [2]))


def test_a_bug_shows_its_traceback(run):
    done = run("--fail=bug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "ZeroDivisionError: a bug" in done.stderr


@pytest.mark.parametrize(
    "argument, expanded",
    [
        ("--output=~/a.png", "--output=/home/me/a.png"),
        ("--config.data.source=folder:~", "--config.data.source=folder:/home/me"),
        ("--results=other=~/b", "--results=other=/home/me/b"),
        ("--model=my-gan.v2=~/b", "--model=my-gan.v2=/home/me/b"),
        ("--output=a~/b", "--output=a~/b"),
        ("--output=~you/b", "--output=~you/b"),
    ],
)
def test_a_tilde_is_the_home_folder(argument, expanded, monkeypatch):
    # Shells expand it in `--flag ~/x`, but not in `--flag=~/x`.
    monkeypatch.setenv("HOME", "/home/me")
    assert program._with_home(argument) == expanded


def test_programs_expand_the_tilde(run):
    home = os.path.expanduser("~")
    assert f"{home}/no_such_config.py" in run("--config=~/no_such_config.py").stderr


def test_what_main_returns_is_the_exit_code(run):
    assert run("--fail=code").returncode == 7


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ["--config=config.py", "--config.data.globl_batch_size=3"],
            "There is no field config.data.globl_batch_size; "
            "did you mean config.data.global_batch_size?",
        ),
        (
            ["--config=config.py", "--config.procedure.learning_rat", "3"],
            "There is no field config.procedure.learning_rat; "
            "did you mean config.procedure.learning_rate?",
        ),
        (
            ["--config=config.py", "--config.data.image_size=big"],
            "tried.py: --config.data.image_size=big is not a whole number. See --help.",
        ),
        (
            ["--config=config.py", "--config.data.image_size=2.5"],
            "--config.data.image_size=2.5 is not a whole number.",
        ),
        (
            ["--config=config.py", "--config.data.min_crop=a: b"],
            "--config.data.min_crop=a: b is not a number.",
        ),
        (
            ["--config=config.py", "--config.data.random_flip=maybe"],
            "--config.data.random_flip=maybe is neither true nor false.",
        ),
        (
            ["--config=config.py", "--config.data=3"],
            "--config.data=3 is not valid: it is a group of fields.",
        ),
        (["--number=1.5"], "tried.py: --number=1.5 is not a whole number. See --help."),
        (
            ["--number=-1"],
            "tried.py: --number=-1: -1 is not a non-negative integer. See --help.",
        ),
        (["--config=config.py", "--config.data.min_crop=7"], "0.05 to 1; it is 7"),
        (
            ["--config=config.py", "--config.generator.resampling=strdied"],
            "did you mean 'strided'?",
        ),
        (["--confg=config.py"], "Did you mean: config ?"),
        (["photos"], "Unexpected argument 'photos'; flags begin with --. See --help"),
        (["config.py"], "begin with --. Put quotes around a pattern. See --help."),
        (["--config=config.py", "photos"], "Unexpected argument 'photos'"),
        (["--config=missing.py"], "missing.py"),
        (["--config=run"], "run is a folder; give run/config.json."),
        (["--config=."], ". is a folder; give a file of configs/."),
        (["--config=missing.json"], "There is no config file missing.json."),
        (["--config=misspelt.json"], "did you mean config.data.image_size?"),
        (["--config=broken.json"], "broken.json is not a JSON file"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(
    run, folder, arguments, message
):
    (folder / "misspelt.json").write_text('{"data": {"imge_size": 64}}')
    (folder / "broken.json").write_text('{"data": ')
    (folder / "run").mkdir(exist_ok=True)
    (folder / "run" / "config.json").touch()
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.startswith("tried.py: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    "module, flag",
    [
        ("tf_btgmi.inpaint", "image"),
        ("tf_btgmi.compose", "image"),
        ("tf_btgmi.evaluate", "data"),
        ("tf_btgmi.write_tfrecords", "source"),
        ("tf_btgmi.train", "config"),
        ("export.saved_model", "export_dir"),
    ],
)
def test_a_program_without_arguments_names_a_missing_flag(module, flag, tmp_path):
    done = run_program(module, folder=tmp_path)
    name = module.split(".")[1]
    assert re.fullmatch(rf"{name}.py: --{flag}=.* is missing.*\n", done.stderr)
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize(
    "module, flag", [("tf_btgmi.evaluate", "image_size"), ("export.tflite", "size")]
)
def test_sizes_that_no_network_can_have_are_refused_at_once(module, flag):
    done = run_program(module, f"--{flag}=100000", "--output=out")
    assert re.search(rf"--{flag}=100000: .* in the range \[\d+, 8192\]", done.stderr)
    assert done.returncode == 2


@pytest.mark.parametrize("argument", ["--help", "--fail=long"])
def test_a_closed_pipe_ends_a_program_quietly(start, argument):
    process = start(argument, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 141


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_a_character_that_standard_output_lacks_ends_no_program(
    run, monkeypatch, encoding
):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    monkeypatch.setenv("PYTHONUTF8", "0")
    done = run("--fail=arrow")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" lower is better\n")


def test_help_names_the_default_config_as_a_user_would(folder):
    done = run_program("tf_btgmi.demo", "--help")
    assert "(default: 'configs/smoke.py')" in " ".join(done.stdout.split())
    assert "config_flag.py" not in done.stdout


def test_help_outside_the_checkout_needs_no_default_config(tmp_path):
    done = run_program("tf_btgmi.demo", "--help", folder=tmp_path)
    assert done.returncode == 0 and "--workdir: " in done.stdout
    done = run_program("tf_btgmi.demo", folder=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "There is no config file configs/smoke.py" in done.stderr
    # With a config of its own it would start.
    done = run_program("tf_btgmi.demo", "--config=mine.py", folder=tmp_path)
    assert "There is no config file mine.py" in done.stderr


@pytest.mark.parametrize("streams", [(1,), (2,), (0, 1, 2)])
def test_a_program_works_without_standard_streams(start, streams):
    def close():
        for stream in streams:
            os.close(stream)

    quiet = subprocess.DEVNULL
    options = {"preexec_fn": close, "stdin": quiet, "stdout": quiet, "stderr": quiet}
    assert start("--config=config.py", **options).wait(60) == 0
    assert start("--fail=long", **options).wait(60) == 0
    assert start("--fail=usage", **options).wait(60) == 2
    # Programs that it starts get streams, too.
    assert start("--fail=streams", **options).wait(60) == 0


def test_no_program_loads_tensorflow_before_it_has_read_its_flags():
    programs = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in PROGRAM_FILES
    ]
    assert {"tf_btgmi.evaluate", "export.tflite", "benchmarks.workers"} <= set(programs)
    code = f"""
import importlib, sys
for name in {programs}:
    importlib.import_module(name)
    for slow in ("tensorflow", "keras", "torch"):
        if slow in sys.modules:
            sys.exit(f"{{name}} loads {{slow}}")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", PROGRAM_FILES, ids=lambda path: path.stem)
def test_help_breaks_commands_where_the_source_does(path):
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    # Longer than any line of the source: it had a backslash, and no r before it.
    assert max(map(len, said.splitlines())) <= 88


def test_help_lists_the_flags_wherever_they_were_defined(run):
    done = run("--help")
    assert "\n  --config: " in done.stdout and "\n  --fail: " in done.stdout
    assert "Traceback" not in done.stderr

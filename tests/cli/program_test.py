"""What a command line that is wrong is answered with, by a program of its own."""

import ast
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest
import tensorflow as tf

from tf_btgmi.cli import program

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = [
    path
    for folder in ("tf_btgmi", "export", "benchmarks")
    for path in sorted((ROOT / folder).glob("*.py"))
    if "    program.run(main" in path.read_text(encoding="utf-8")
]
PROGRAM = """
import os
import sys
from absl import flags
from tf_btgmi import config as config_lib
from tf_btgmi.cli import config_flag, program

FLAGS = flags.FLAGS


def define_flags():
    config_flag.define()
    flags.DEFINE_string("fail", "", "What to raise.")
    flags.DEFINE_integer("number", 0, "A number.", lower_bound=0)


def main(argv):
    errors = {
        "usage": program.UsageError("wanted this, not that"),
        "value": ValueError("wanted 3"),
        "file": FileNotFoundError("There is no file x."),
        "failure": program.ProgramFailure("could not be done"),
        "disk": OSError("no space left"),
        "no folder": FileExistsError(17, "File exists", "runs"),
        "memory": MemoryError(),
        "finite": FloatingPointError("became nan"),
        "interrupt": KeyboardInterrupt(),
        "bug": ZeroDivisionError("a bug"),
    }
    if FLAGS.fail in errors:
        raise errors[FLAGS.fail]
    if FLAGS.fail == "code":
        return 7
    if FLAGS.fail == "long":
        for number in range(100_000):
            print(number)
    if FLAGS.config is not None:
        config_lib.validate(FLAGS.config)
        print(FLAGS.config.name, FLAGS.config.data.global_batch_size)


if __name__ == "__main__":
    program.run(main, define_flags)
"""
# Config files that cannot be used: name, content, and the reason that is reported.
BROKEN_CONFIGS = [
    (
        "raises.py",
        "def get_config():\n    raise RuntimeError('my config is broken')\n",
        "raises.py, line 2: RuntimeError: my config is broken.",
    ),
    (
        "raises_at_import.py",
        "import no_such_module\n",
        "raises_at_import.py, line 1: ModuleNotFoundError: No module named "
        "'no_such_module'.",
    ),
    (
        "wrong_attribute.py",
        "from tf_btgmi.config import Config\ndef get_config():\n"
        "    return Config().no_such_section.field\n",
        "wrong_attribute.py, line 3: AttributeError: 'Config' object has no attribute "
        "'no_such_section'.",
    ),
    ("exits.py", "import sys\nsys.exit(0)\n", "exits.py, line 2: SystemExit: 0."),
    (
        "without.py",
        "x = 1\n",
        "without.py has no function get_config(), which must return a "
        "tf_btgmi.config.Config.",
    ),
    (
        "none.py",
        "def get_config():\n    pass\n",
        "none.py: get_config() must return a tf_btgmi.config.Config; it returned "
        "NoneType.",
    ),
    (
        "dict.py",
        "def get_config():\n    return {'name': 'x'}\n",
        "dict.py: get_config() must return a tf_btgmi.config.Config; it returned dict.",
    ),
    (
        "README.md",
        "# It's Markdown\nIt is.\n",
        "README.md is not a Python file: line 2: invalid syntax. Give a file of "
        "configs/ or the config.json of a run.",
    ),
    ("list.json", "[1]", "list.json: config must be an object of fields."),
]
CONFIG = """
from tf_btgmi.config import Config


def get_config():
    return Config(name="tried")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    (folder / "tried.py").write_text(PROGRAM)
    (folder / "config.py").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def start(folder):
    """Starts the program."""

    def start(*arguments, **options):
        command = [sys.executable, str(folder / "tried.py"), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(command, cwd=folder, env=environment, **options)

    return start


@pytest.fixture(scope="module")
def run(start):
    """Runs the program; a message of one line has nothing of TensorFlow's around it."""

    def run(*arguments):
        pipe = subprocess.PIPE
        process = start(*arguments, stdout=pipe, stderr=pipe, text=True)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return run


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
    "arguments", [["--config=config.py"], ["--config", "config.py"]], ids=["=", "space"]
)
def test_a_config_file_and_a_change_of_it_are_read(run, arguments):
    done = run(*arguments, "--config.data.global_batch_size=12")
    assert (done.returncode, done.stdout) == (0, "tried 12\n"), done.stderr


@pytest.mark.parametrize("joined", ["=", " "])
def test_a_json_of_an_earlier_run_is_a_config_too(run, folder, joined):
    path = folder / "of a run.json"
    path.write_text('{"name": "earlier", "data": {"global_batch_size": 5}}')
    arguments = f"--config{joined}{path.name}".split(" ", 1)
    if joined == "=":
        arguments = [f"--config={path.name}"]
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (0, "earlier 5\n"), done.stderr
    done = run(*arguments, "--config.data.global_batch_size=6")
    assert done.stdout == "earlier 6\n", done.stderr


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
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.startswith("tried.py: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize("joined", ["=", " "])
@pytest.mark.parametrize("name, content, message", BROKEN_CONFIGS)
def test_a_broken_config_file_is_one_line_with_the_reason(
    run, folder, name, content, message, joined
):
    (folder / name).write_text(content)
    done = run(*f"--config{joined}{name}".split(" "))
    assert (done.returncode, done.stderr) == (2, f"tried.py: {message}\n")


def test_a_config_file_runs_once(run, folder):
    (folder / "prints.py").write_text("print('running')\n" + CONFIG)
    assert run("--config=prints.py").stdout == "running\ntried 8\n"


def test_a_config_file_takes_a_text_after_a_colon(run, folder):
    text = CONFIG.replace("get_config()", "get_config(name)").replace('"tried"', "name")
    (folder / "takes.py").write_text(text)
    assert run("--config=takes.py:other").stdout == "other 8\n"


@pytest.mark.parametrize("argument", ["--help", "--fail=long"])
def test_a_closed_pipe_ends_a_program_quietly(start, argument):
    process = start(argument, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 141


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


@pytest.mark.parametrize("ignored", [False, True], ids=["default", "ignored"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_ctrl_c_during_imports_ends_a_program_silently(tmp_path, path, ignored):
    # Every program imports absl early; this one is found before the installed one.
    (tmp_path / "absl.py").write_text(
        "import signal, sys\nsignal.raise_signal(signal.SIGINT)\nsys.exit(7)\n"
    )
    module = f"{path.parent.name}.{path.stem}"
    done = run_module(tmp_path, module, ignored)
    assert (done.stderr, done.stdout) == ("", "")
    assert done.returncode == (7 if ignored else 130)


def test_ctrl_c_is_raised_once_a_program_works(tmp_path):
    (tmp_path / "export").mkdir()
    shutil.copy(ROOT / "export" / "__init__.py", tmp_path / "export")
    (tmp_path / "export" / "tried.py").write_text(
        "import signal\nfrom tf_btgmi.cli import program\n"
        "program.run(lambda argv: signal.raise_signal(signal.SIGINT))\n"
    )
    done = run_module(tmp_path, "export.tried")
    assert (done.returncode, done.stderr) == (130, "tried.py: Interrupted.\n")


@pytest.mark.parametrize("place", ["__init__", "mine"])
def test_ctrl_c_is_left_to_programs_of_other_packages(tmp_path, place):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "__init__.py").write_text("")
    (tmp_path / "other" / "mine.py").write_text("")
    with open(tmp_path / "other" / f"{place}.py", "w") as file:
        file.write("import tf_btgmi\n")
    with open(tmp_path / "other" / "mine.py", "a") as file:
        file.write(
            "import signal\ntry:\n    signal.raise_signal(signal.SIGINT)\n"
            "except KeyboardInterrupt:\n    print('caught')\n"
        )
    assert run_module(tmp_path, "other.mine").stdout == "caught\n"


def run_module(folder, module, ignored=False):
    """Runs `python -m MODULE` with modules of the folder first, SIGINT as a shell."""
    handler = signal.SIG_IGN if ignored else signal.SIG_DFL
    return subprocess.run(
        [sys.executable, "-m", module],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, handler),
    )


def test_no_program_loads_tensorflow_before_it_has_read_its_flags():
    programs = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in FILES
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


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_help_breaks_commands_where_the_source_does(path):
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    # Longer than any line of the source: it had a backslash, and no r before it.
    assert max(map(len, said.splitlines())) <= 88


def test_help_lists_the_flags_wherever_they_were_defined(run):
    done = run("--help")
    assert "\n  --config: " in done.stdout and "\n  --fail: " in done.stdout
    assert "Traceback" not in done.stderr

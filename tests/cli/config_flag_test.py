"""The flag `--config`: Python and JSON files, overrides, broken files."""

import pytest

from tests.cli.tried import CONFIG

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


@pytest.mark.parametrize(
    "arguments", [["--config=config.py"], ["--config", "config.py"]], ids=["=", "space"]
)
def test_a_config_file_and_a_change_of_it_are_read(run, arguments):
    done = run(*arguments, "--config.data.global_batch_size=12")
    assert (done.returncode, done.stdout) == (0, "tried 12\n"), done.stderr


@pytest.mark.parametrize("joined", ["=", " "])
def test_a_json_of_an_earlier_run_is_a_config_too(run, folder, joined):
    path = folder / f"of a run.{'json' if joined == '=' else 'JSON'}"
    path.write_text('{"name": "earlier", "data": {"global_batch_size": 5}}')
    arguments = f"--config{joined}{path.name}".split(" ", 1)
    if joined == "=":
        arguments = [f"--config={path.name}"]
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (0, "earlier 5\n"), done.stderr
    done = run(*arguments, "--config.data.global_batch_size=6")
    assert done.stdout == "earlier 6\n", done.stderr


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

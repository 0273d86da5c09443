"""Ctrl-C while a program starts."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.programs import PROGRAM_FILES, ROOT


@pytest.mark.parametrize("ignored", [False, True], ids=["default", "ignored"])
@pytest.mark.parametrize("path", PROGRAM_FILES, ids=lambda path: path.stem)
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

"""Programs as a user starts them."""

import os
import pathlib
import subprocess
import sys

from absl import flags
from absl.testing import flagsaver

ROOT = pathlib.Path(__file__).resolve().parents[1]


def run_program(module, *arguments, folder=ROOT, timeout=None):
    """Runs `python -m MODULE ARGUMENTS` in a folder; what it prints is kept."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def run_main(program, *arguments, **values):
    """Runs a program's `main` in this process; its flags have these values."""
    if not flags.FLAGS.is_parsed():
        flags.FLAGS([program.__name__])
    with flagsaver.flagsaver(**values):
        return program.main([program.__name__, *arguments])

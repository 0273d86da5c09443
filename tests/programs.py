"""Programs as a user starts them, with stand-ins for their model and pictures."""

import os
import pathlib
import runpy
import subprocess
import sys

import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver
from PIL import Image

from tf_btgmi import loading

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Modules that are started by `python -m`.
PROGRAM_FILES = [
    path
    for folder in ("tf_btgmi", "export", "benchmarks")
    for path in sorted((ROOT / folder).glob("*.py"))
    if "    program.run(main" in path.read_text(encoding="utf-8")
]


def run_program(module, *arguments, folder=ROOT, timeout=None):
    """Runs `python -m MODULE ARGUMENTS` in a folder; what it prints is kept."""
    process = _process(module, arguments, folder)
    return subprocess.run(**process, capture_output=True, timeout=timeout)


def start_program(module, *arguments, folder=ROOT, stdout=None):
    """Starts `python -m MODULE ARGUMENTS` in a folder."""
    return subprocess.Popen(**_process(module, arguments, folder), stdout=stdout)


def _process(module, arguments, folder):
    return {
        "args": [sys.executable, "-m", module, *map(str, arguments)],
        "cwd": folder,
        "env": {**os.environ, "PYTHONPATH": str(ROOT)},
        "text": True,
    }


def run_main(program, *arguments, **values):
    """Runs a program's `main` in this process; its flags have these values."""
    if not flags.FLAGS.is_parsed():
        flags.FLAGS([program.__name__])
    with flagsaver.flagsaver(**values):
        return program.main([program.__name__, *arguments])


def exit_code_of_script(monkeypatch, path, *arguments):
    """Runs a file as `python PATH ARGUMENTS`, in this process, to its `sys.exit`."""
    monkeypatch.setattr(sys, "argv", [str(path), *arguments])
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(path), run_name="__main__")
    return ended.value.code


def on_a_terminal(monkeypatch):
    """Standard error is that of a terminal; `capsys` must have been asked for."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)


def red(inputs):
    """A network that paints everything red."""
    return np.broadcast_to(np.float32([1, -1, -1]), inputs.shape[:3] + (3,)).copy()


def loads(monkeypatch, predictor):
    """Programs take this predictor, whatever their `--model`."""
    monkeypatch.setattr(loading, "load", lambda *place, **options: predictor)
    monkeypatch.setattr(loading, "check", lambda *place: "a stand-in")


def write_pairs(names, size=(40, 24), hole=np.s_[5:10, 6:12]):
    """Writes pictures and masks of the same names; returns one pair, uint8.

    Args:
        names: without their ending.
        size: width and height in pixels.
        hole: of the masks.
    """
    rng = np.random.default_rng(0)
    values = rng.integers(0, 256, (*size[::-1], 3), np.uint8)
    mask = np.zeros(size[::-1], np.uint8)
    mask[hole] = 255
    for folder, pixels in (("photos", values), ("masks", mask)):
        os.makedirs(folder, exist_ok=True)
        for name in names:
            Image.fromarray(pixels).save(f"{folder}/{name}.png")
    return values, mask

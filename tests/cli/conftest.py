"""Runs a small program as users do."""

import os
import subprocess
import sys

import pytest

from tests.cli.tried import CONFIG, PROGRAM
from tests.programs import ROOT


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

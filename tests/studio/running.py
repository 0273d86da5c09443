"""The studio as a process of its own."""

import contextlib
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def studio(workdir, folder):
    """Serves a workdir's model; yields the process and the page's address."""
    command = [sys.executable, "-m", "tf_btgmi.serve_ui", f"--model={workdir}"]
    process = subprocess.Popen(
        [*command, "--port=0"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said = ""
        while "studio is at" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        yield process, re.search(r"http://[\d.:]+", said).group()
    finally:
        process.terminate()
        process.wait(timeout=20)

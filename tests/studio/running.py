"""The studio as a process of its own."""

import contextlib
import re
import subprocess

from tests.programs import start_program


@contextlib.contextmanager
def studio(workdir, folder):
    """Serves a workdir's model; yields the process and the page's address."""
    arguments = (f"--model={workdir}", "--port=0")
    process = start_program(
        "tf_btgmi.serve_ui", *arguments, folder=folder, stdout=subprocess.PIPE
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

"""Runs a function in a new Python process: own devices, precision and memory peak.

`call("benchmarks.train_step", "measure", steps=12)` starts this file as a program that
imports the module, calls the function and prints its result as JSON.
"""

import importlib
import json
import os
import subprocess
import sys

from tf_btgmi.cli import program

# Marks the line of the result among other output.
_RESULT = "RESULT "


def call(module: str, function: str, **arguments) -> dict:
    """Returns the result of `module.function(**arguments)`, with `peak_mib` added.

    Args:
        module: full name of the module.
        function: name of the function; it returns a dict that JSON can hold.
        **arguments: values that JSON can hold.

    Raises:
        ProgramFailure: it failed; the message ends with its last line of output.
    """
    command = [sys.executable, "-m", "benchmarks.children", module, function]
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ}
    done = subprocess.run(
        [*command, json.dumps(arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in done.stdout.splitlines():
        if done.returncode == 0 and line.startswith(_RESULT):
            return json.loads(line[len(_RESULT) :])
    output = (done.stderr.strip() or done.stdout.strip()).splitlines()
    reason = output[-1] if output else "no output"
    raise program.ProgramFailure(
        f"{module}.{function} ended with {done.returncode}: {reason}"
    )


def peak_mib() -> float:
    """Returns the peak of this process's memory since its program began, in MiB."""
    # `resource.getrusage` also counts the process it was forked from.
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main(argv):
    """Calls the function named on the command line."""
    module, function, arguments = argv
    result = getattr(importlib.import_module(module), function)(**json.loads(arguments))
    print(_RESULT + json.dumps({**result, "peak_mib": peak_mib()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

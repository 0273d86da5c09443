"""Runs a function in a fresh Python: its own devices, precision and peak of memory.

`call("benchmarks.train_step", "measure", size=128)` starts this file as a program of
its own, which imports the module, calls the function and prints what it returns as
JSON.
"""

import importlib
import json
import os
import subprocess
import sys

from tf_btgmi.cli import program

# Marks the line of the result among whatever else is printed.
_RESULT = "RESULT "


def call(module: str, function: str, **arguments) -> dict:
    """What `module.function(**arguments)` returns, with `peak_mib` added.

    Args:
        module: a module's full name.
        function: one of its functions, which returns a dict that JSON can hold.
        **arguments: what JSON can hold.

    Raises:
        ProgramFailure: it failed; the message has the last of what it said.
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
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    reason = said[-1] if said else "nothing was said"
    raise program.ProgramFailure(
        f"{module}.{function} ended with {done.returncode}: {reason}"
    )


def peak_mib() -> float:
    """The most memory that this process has held since its program began, in MiB."""
    # `resource.getrusage` counts what it was forked from as well.
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main(argv):
    """Calls the function that the command line names."""
    module, function, arguments = argv
    result = getattr(importlib.import_module(module), function)(**json.loads(arguments))
    print(_RESULT + json.dumps({**result, "peak_mib": peak_mib()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

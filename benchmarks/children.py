"""Runs a function in a new Python process: own devices, precision and memory peak."""

import concurrent.futures
import multiprocessing
import os
from typing import Callable

from tf_btgmi.cli import program
from tf_btgmi.files import one_line


def call(function: Callable[..., dict], **arguments) -> dict:
    """Returns `function(**arguments)`, with `peak_mib` added.

    Args:
        function: defined at the top level of a module; returns a dict.
        **arguments: values that can be pickled, like the result.

    Raises:
        ProgramFailure: it failed, or its process was killed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        try:
            return pool.submit(_measured, function, arguments).result()
        except Exception as error:
            raise program.ProgramFailure(
                f"{function.__name__} failed: {one_line(error)}"
            ) from error
        except BaseException:
            # The pool would wait for the end of the work.
            for child in multiprocessing.active_children():
                child.kill()
            raise


def _measured(function, arguments) -> dict:
    return {**function(**arguments), "peak_mib": peak_mib()}


def peak_mib() -> float:
    """Returns the peak of this process's memory since its program began, in MiB."""
    # `resource.getrusage` also counts the process it was forked from.
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024

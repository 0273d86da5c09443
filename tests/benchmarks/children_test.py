import os
import signal
import subprocess
import threading
import time

import pytest

from benchmarks import children, timing
from tf_btgmi.cli import program


def test_a_child_returns_the_functions_result_and_its_peak_of_memory():
    found = children.call(timing.medians, seconds={"a": [3, 1, 2]})
    assert found.pop("a") == 2
    # Python and its standard library alone.
    assert 5 < found.pop("peak_mib") < 2000
    assert not found


@pytest.mark.parametrize(
    "function, arguments, message",
    [
        (timing.medians, {"seconds": {"a": []}}, "medians failed: no median for empty"),
        (os._exit, {"status": 9}, "_exit failed: .*terminated"),
    ],
)
def test_a_failed_child_is_reported_in_one_line(function, arguments, message):
    with pytest.raises(program.ProgramFailure, match=message):
        children.call(function, **arguments)


def test_an_interrupt_does_not_wait_for_the_child(interruptible):
    interrupt = threading.Timer(2, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        children.call(subprocess.run, args=["sleep", "20"])
    assert time.monotonic() - start < 10

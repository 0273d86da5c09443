"""Signals: Ctrl-C while a program still imports, and handlers for a while."""

import contextlib
import os
import signal
import sys

EXIT_CODE = 128 + signal.SIGINT
# Packages whose modules are programs, started by `python -m PACKAGE.PROGRAM`.
_PACKAGES = ("tf_btgmi", "export", "benchmarks")


def end_silently() -> None:
    """Lets Ctrl-C end a starting program silently, until `raise_again`.

    Called by the packages that have programs. Does nothing unless Python imports them
    for `python -m`, or if SIGINT has another handler or is ignored.
    """
    if _is_found() or _handler() is not signal.default_int_handler:
        return
    signal.signal(signal.SIGINT, _end)


def raise_again() -> None:
    """Lets Ctrl-C raise KeyboardInterrupt."""
    if _handler() is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def handled(handler, *numbers: int):
    """Gives signals a handler inside the `with` statement.

    A signal that is ignored stays ignored: a shell starts a background job so.

    Args:
        handler: as for `signal.signal`.
        *numbers: the signals.
    """
    previous = {
        number: signal.signal(number, handler)
        for number in numbers
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler_before in previous.items():
            signal.signal(number, handler_before)


def _handler():
    return signal.getsignal(signal.SIGINT)


def _is_found() -> bool:
    """Whether Python has found the main module; before, it imports its package."""
    return sys.argv[:1] != ["-m"]


def _end(signal_number, frame) -> None:
    if _is_found():
        spec = sys.modules["__main__"].__spec__
        # The package of somebody else's program may import this one.
        if spec is None or spec.parent not in _PACKAGES:
            signal.default_int_handler(signal_number, frame)
    # No exception: imports may catch it.
    os._exit(EXIT_CODE)

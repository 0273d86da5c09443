"""Start-up and ending of the programs: flags, one-line errors, exit codes.

A user error ends a program with one line on standard error and exit code 2, a failure
of the work with one line and exit code 1, Ctrl-C with 130, a closed pipe (`| head`)
silently with 141, SIGTERM silently with 143. Tracebacks are for bugs only.
"""

import os
import re
import select
import signal
import sys
from typing import Callable, Optional

from absl import app, flags, logging

from tf_btgmi import interrupts
from tf_btgmi.cli import config_flag
from tf_btgmi.files import first_line

FAILURE_EXIT_CODE = 1
USAGE_EXIT_CODE = 2
CLOSED_PIPE_EXIT_CODE = 128 + signal.SIGPIPE


# Regular expressions for messages of Python and of the flag libraries.
_VALUE_ERRORS = (
    (r"invalid literal for int\(\)", "is not a whole number."),
    ("could not convert string to float", "is not a number."),
    (r"\('Non-boolean argument to boolean flag'", "is neither true nor false."),
    ("Unable to parse value", "is not valid: it is a group of fields."),
)
# TensorFlow's errors for a disk that is full or read-only, and for memory; others are
# bugs. By name, because TensorFlow takes seconds to import.
_TENSORFLOW_FAILURES = ("PermissionDeniedError", "ResourceExhaustedError")


class UsageError(ValueError):
    """An error in the command line or the input; the text is the whole message."""


class ProgramFailure(RuntimeError):
    """Work that could not be done; the text is the whole message."""


def run(
    main: Callable[[list[str]], int],
    define_flags: Callable[[], None] = lambda: None,
    takes_rest: bool = False,
) -> None:
    """Parses the flags, calls `main(argv)` and exits with its return value.

    Args:
        main: takes the rest of the command line; returns an exit code or None.
        define_flags: defines the flags of this program. Only the program that runs
            defines flags, so that several programs with flags of the same name can be
            imported into one process.
        takes_rest: whether `main` accepts the arguments after a lone `--`, as argv[1:].
    """
    _open_standard_streams()
    before = set(flags.FLAGS)
    try:
        define_flags()
    except config_flag.ConfigFileError as error:
        _stop(str(error), USAGE_EXIT_CODE)
    for name in set(flags.FLAGS) - before:
        # Key flags of the program, wherever they were defined: --help lists those.
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flags.FLAGS[name])
    logging.set_verbosity(logging.INFO)
    logging.use_absl_handler()
    logging.get_absl_handler().setFormatter(None)
    sys.argv = [_with_home(argument) for argument in sys.argv]
    if "config" in flags.FLAGS:
        sys.argv = config_flag.rewritten(sys.argv)
    if {"--help", "-help", "-h", "--helpshort"} & set(sys.argv[1:]):
        _end_quietly_if_pipe_is_closed(_print_help)
        sys.exit(0)
    app.run(_guarded(main, takes_rest), flags_parser=_parse)


def _open_standard_streams() -> None:
    """Opens the null device in place of standard streams that are closed.

    Otherwise a result could get the number of such a stream, and what libraries print.
    """
    while True:
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor > 2:
            os.close(descriptor)
            break
        os.set_inheritable(descriptor, True)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    # A character that the terminal's encoding lacks is not worth the run.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    sys.stderr = sys.stderr or os.fdopen(2, "w")


def message_of(error: BaseException) -> str:
    """The message of an error: for errors of the operating system `file: reason`."""
    if isinstance(error, FileExistsError) and error.filename is not None:
        return f"{error.filename} exists already and is not a folder."
    if isinstance(error, OSError) and error.strerror and error.errno is not None:
        names = [str(n) for n in (error.filename, error.filename2) if n is not None]
        return f"{' and '.join(names) or type(error).__name__}: {error.strerror}."
    return str(error)


def failure_of(error: Exception) -> Optional[str]:
    """The message of an error that a picture can cause; None for a bug.

    By name, because TensorFlow and OpenCV take long to import.
    """
    if isinstance(error, MemoryError):
        return message_of(error) or "Out of memory."
    if isinstance(error, (ValueError, OSError)):
        return message_of(error)
    if type(error).__name__ in _TENSORFLOW_FAILURES:
        return f"{first_line(error)}."
    if (type(error).__module__, type(error).__name__) == ("cv2", "error"):
        if "Failed to allocate" in error.err:
            return "Out of memory."
        return f"OpenCV cannot process a picture of this size or kind: {error.err}."
    return None


def _with_home(argument: str) -> str:
    """Replaces the `~/` in `--flag=~/...`, which bash passes as it is."""
    return re.sub(
        r"^(--?[\w.]+=(?:[\w.-]+[:=])?)~(?=/|$)",
        lambda found: found.group(1) + os.path.expanduser("~"),
        argument,
    )


def _print_help() -> None:
    print(f"{sys.modules['__main__'].__doc__}\n{flags.FLAGS.main_module_help()}")


def _guarded(main, takes_rest: bool):
    def guarded(argv):
        after = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
        if len(argv) > 1 and not (takes_rest and argv[1:] == after):
            hint = " Put quotes around a pattern." if os.path.exists(argv[1]) else ""
            _stop(
                f"Unexpected argument {argv[1]!r}; flags begin with --.{hint} "
                "See --help.",
                USAGE_EXIT_CODE,
            )

        def work():
            interrupts.raise_again()
            if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
                signal.signal(signal.SIGTERM, _leave)
            return main(argv)

        return answered(work)

    return guarded


def _leave(number, frame) -> None:
    """Ends the program by an exception, so that it removes its temporary files."""
    # A second signal ends the process at once.
    signal.signal(number, signal.SIG_DFL)
    sys.exit(128 + number)


def answered(work: Callable[[], int]) -> int:
    """Runs the work of a program and ends the program at an error, as `run` does.

    Args:
        work: returns an exit code or None, which is the result.
    """
    try:
        return _end_quietly_if_pipe_is_closed(work)
    except KeyboardInterrupt:
        _stop("Interrupted.", interrupts.EXIT_CODE)
    except (ValueError, FileNotFoundError, NotADirectoryError) as error:
        _stop(message_of(error), USAGE_EXIT_CODE)
    except (ProgramFailure, FloatingPointError) as error:
        _stop(message_of(error), FAILURE_EXIT_CODE)
    except Exception as error:
        message = failure_of(error)
        if message is None:
            raise
        _stop(message, FAILURE_EXIT_CODE)


def _end_quietly_if_pipe_is_closed(function: Callable):
    """Calls a function that prints; exits if standard output was closed."""
    try:
        result = function()
        sys.stdout.flush()
        return result
    except BrokenPipeError:
        if not _is_closed(sys.stdout.fileno()):
            # Another pipe: of a server, or of a child process.
            raise
        # The interpreter flushes once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(CLOSED_PIPE_EXIT_CODE)


def _is_closed(pipe: int) -> bool:
    """Whether a pipe's other end is closed."""
    poll = select.poll()
    poll.register(pipe, 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def _parse(argv):
    try:
        return flags.FLAGS(argv)
    except config_flag.ConfigFileError as error:
        _stop(str(error), USAGE_EXIT_CODE)
    except flags.Error as error:
        _stop(f"{_flag_message(error)} See --help.", USAGE_EXIT_CODE)
    except (KeyError, AttributeError):
        _stop(config_flag.unknown_override(argv), USAGE_EXIT_CODE)
    except (ValueError, TypeError) as error:
        _stop(str(error), USAGE_EXIT_CODE)


def _flag_message(error: flags.Error) -> str:
    """The message of a flag error, without Python's words for wrong values."""
    message = re.sub("^flag ", "", str(error))
    for python, plain in _VALUE_ERRORS:
        match = re.match(f"(--[^=]+=.*): {python}", message, re.DOTALL)
        if match:
            return f"{match.group(1)} {plain}"
    return message if message.endswith((".", "?", "!")) else f"{message}."


def _stop(message: str, code: int) -> None:
    print(f"{os.path.basename(sys.argv[0])}: {message}", file=sys.stderr)
    sys.exit(code)

"""What the command-line programs share: flags of a config, and errors in one line.

A user's mistake ends with one line on standard error and exit code 2, a failure of
the work with one line and exit code 1, Ctrl-C with 130. Tracebacks are for bugs.
"""

import os
import sys
from typing import Callable, List, Optional

from absl import app, flags, logging
from ml_collections import config_flags

from tf_btgmi import config as config_lib
from tf_btgmi.config import files as config_files

USAGE_EXIT_CODE = 2
FAILURE_EXIT_CODE = 1
INTERRUPT_EXIT_CODE = 130


class UsageError(ValueError):
    """A mistake in what the user asked for; its text is the whole message."""


class ProgramFailure(RuntimeError):
    """Work that could not be done; its text is the whole message."""


def define_config_flag(default: Optional[str] = None) -> None:
    """Defines `--config=FILE.py` or `FILE.json`, and `--config.FIELD=VALUE`.

    Args:
        default: the file taken where none is given.
    """
    config_flags.DEFINE_config_file(
        "config",
        default,
        "The experiment: a file of configs/, or a config.json that a run has written. "
        "Its fields (tf_btgmi/config/schema.py) are changed by --config.FIELD=VALUE, "
        "for instance --config.data.global_batch_size=16.",
    )


def define_model_flag() -> None:
    """Defines `--model=PLACE`, for `loading.load`, and its older name `--workdir`."""
    flags.DEFINE_string(
        "model",
        None,
        "Bundled model by name, or the folder of a training run, a release or an "
        "exported model; by default the first bundled one that can do it.",
    )
    flags.DEFINE_alias("workdir", "model")


def define_retouched_flag() -> None:
    """Defines `--[no]retouched`, see `Predictor`."""
    flags.DEFINE_bool(
        "retouched", True, "Whether models' fills are redrawn near the hole's edge."
    )


def run(
    main: Callable[[List[str]], int],
    define_flags: Callable[[], None] = lambda: None,
    takes_rest: bool = False,
) -> None:
    """Parses the flags, calls `main(argv)` and exits with what it returns.

    Args:
        main: takes what is left of the command line; returns an exit code or None.
        define_flags: defines the program's flags. Only the program that runs has any,
            so that importing several of them is safe though they share names.
        takes_rest: whether `main` takes what comes after a lone `--`, as argv[1:].
    """
    before = set(flags.FLAGS)
    define_flags()
    for name in set(flags.FLAGS) - before:
        # The program's own flag, wherever it was defined: --help should list it.
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flags.FLAGS[name])
    logging.set_verbosity(logging.INFO)
    logging.use_absl_handler()
    logging.get_absl_handler().setFormatter(None)
    if "config" in flags.FLAGS:
        sys.argv = _with_checked_config(sys.argv)
    if {"--help", "-help", "-h", "--helpshort"} & set(sys.argv[1:]):
        print(f"{sys.modules['__main__'].__doc__}\n{flags.FLAGS.main_module_help()}")
        sys.exit(0)
    app.run(_guarded(main, takes_rest), flags_parser=_parse)


def _guarded(main, takes_rest: bool):
    def guarded(argv):
        after = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
        if len(argv) > 1 and not (takes_rest and argv[1:] == after):
            _stop(f"Not a flag: {argv[1]}. See --help.", USAGE_EXIT_CODE)
        try:
            return main(argv)
        except KeyboardInterrupt:
            _stop("Interrupted.", INTERRUPT_EXIT_CODE)
        except (ValueError, FileNotFoundError, NotADirectoryError) as error:
            _stop(str(error), USAGE_EXIT_CODE)
        except (ProgramFailure, FloatingPointError, OSError, MemoryError) as error:
            _stop(str(error) or "Out of memory.", FAILURE_EXIT_CODE)

    return guarded


def _parse(argv):
    try:
        return flags.FLAGS(argv)
    except flags.Error as error:
        _stop(f"{error} See --help.", USAGE_EXIT_CODE)
    except (KeyError, AttributeError):
        _stop(config_lib.unknown_field(_unknown_override(argv)), USAGE_EXIT_CODE)
    except (ValueError, TypeError, FileNotFoundError) as error:
        _stop(str(error), USAGE_EXIT_CODE)


def _unknown_override(argv) -> str:
    known = set(config_lib.field_names(config_lib.Config()))
    for argument in argv:
        if argument.startswith(("--config.", "-config.")):
            path = argument.split("=", 1)[0].split(".", 1)[1]
            if path not in known:
                return path
    return "?"


def _with_checked_config(argv):
    # A missing or broken file is answered here in one line; the flag would answer
    # later and at length. For JSON, the flag reads Python files that take a text after
    # a colon, and config/files.py is one that takes the path of a JSON file.
    result = []
    for position, argument in enumerate(argv):
        name, sign, value = argument.partition("=")
        alone = position and argv[position - 1] in ("--config", "-config")
        if alone or (sign and name in ("--config", "-config")):
            path = argument if alone else value
            if not os.path.isfile(path.split(":")[0]):
                _stop(f"There is no config file {path}.", USAGE_EXIT_CODE)
            if path.endswith(".json"):
                try:
                    config_lib.load(path)
                except ValueError as error:
                    _stop(f"{path}: {error}", USAGE_EXIT_CODE)
                path = f"{config_files.__file__}:{path}"
            argument = path if alone else f"{name}={path}"
        result.append(argument)
    return result


def _stop(message: str, code: int) -> None:
    print(f"{os.path.basename(sys.argv[0])}: {message}", file=sys.stderr)
    sys.exit(code)

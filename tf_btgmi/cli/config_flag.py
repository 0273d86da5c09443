"""The flag `--config`: a config file, and overrides of its fields.

`ml_collections` loads the file that the flag names and calls its `get_config`. To get
one-line errors and JSON files as well, the command line is rewritten so that the flag
always loads this module, with the user's file as the argument of `get_config` below.
"""

import os
from typing import Optional

from absl import flags
from ml_collections import config_flags

from tf_btgmi import config as config_lib
from tf_btgmi.config import files


class ConfigFileError(flags.Error):
    """A config file that cannot be used; the text is the whole message."""


def define(default: Optional[str] = None) -> None:
    """Defines `--config=FILE.py` or `FILE.json`, and `--config.SECTION.FIELD=VALUE`.

    Args:
        default: the file used when the flag is absent. Where it does not exist, the
            flag has to be given; --help works nevertheless.
    """
    is_there = bool(default) and os.path.isfile(default)
    config_flags.DEFINE_config_file(
        "config",
        f"{__file__}:{default}" if is_there else None,
        "Config of the experiment: a file of configs/, or the config.json of an "
        "earlier run. --config.SECTION.FIELD=VALUE overrides a field, for instance "
        "--config.data.global_batch_size=16; tf_btgmi/config/schema.py lists them.",
    )
    if is_there:
        flags.FLAGS["config"].default_as_str = f"'{default}'"
    if default and not is_there:
        flags.register_validator(
            "config",
            lambda config: config is not None,
            f"There is no config file {default}. Give --config=FILE.",
        )


def get_config(path: str) -> config_lib.Config:
    """Reads a config file for the flag.

    Raises:
        ConfigFileError: the file cannot be used.
    """
    # The flag loads this file a second time, under another name: the exception has to
    # be the class that `program` knows.
    from tf_btgmi.cli import config_flag

    try:
        return files.read(path)
    except ValueError as error:
        raise config_flag.ConfigFileError(str(error)) from error


def rewritten(argv: list[str]) -> list[str]:
    """The command line with every config file as the argument of this module."""
    result = []
    for position, argument in enumerate(argv):
        name, equals, path = argument.partition("=")
        if position and argv[position - 1] in ("--config", "-config"):
            argument = f"{__file__}:{argument}"
        elif equals and name in ("--config", "-config"):
            argument = f"{name}={__file__}:{path}"
        result.append(argument)
    return result


def unknown_override(argv: list[str]) -> str:
    """The message for an override of a field that does not exist."""
    known = config_lib.field_names(config_lib.Config())
    for argument in argv:
        if argument.startswith(("--config.", "-config.")):
            path = argument.split("=", 1)[0].split(".", 1)[1]
            if path not in known:
                return config_lib.unknown_field(path)
    return "--config: a field that does not exist was overridden."

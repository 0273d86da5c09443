"""Config files: a Python file of `configs/`, or the `config.json` of a run or model."""

import dataclasses
import importlib.machinery
import importlib.util
import os
import traceback
from typing import Any

from tf_btgmi import files
from tf_btgmi.config.checks import validate
from tf_btgmi.config.fields import unknown_field
from tf_btgmi.config.schema import Config

# Name of the config in the folder of a run or a release.
FILE = "config.json"


def read(path: str) -> Config:
    """Reads a config file of either kind.

    Args:
        path: a `.json` file, or a Python file whose function `get_config` returns a
            `Config`. `FILE.py:TEXT` calls `get_config("TEXT")`.

    Returns:
        The config. That of a Python file is not validated yet, since fields may still
        be overridden.

    Raises:
        ValueError: naming the file and the reason, in one line.
    """
    file, colon, text = path.partition(":")
    if os.path.isdir(file):
        inside = os.path.join(file, FILE)
        advice = inside if os.path.exists(inside) else "a file of configs/"
        raise ValueError(f"{file} is a folder; give {advice}.")
    if not os.path.isfile(file):
        raise ValueError(f"There is no config file {path}.")
    if file.lower().endswith(".json"):
        try:
            return load(path)
        except ValueError as error:
            message = str(error)
            raise ValueError(
                message if path in message else f"{path}: {message}"
            ) from None
    return _call_get_config(file, [text] if colon else [])


def beside(config_file: str, name: str) -> Config:
    """The config of `NAME.py` in the folder of a config file that builds on it.

    Args:
        config_file: `__file__` of the config file.
        name: of the other one, without its extension.

    Raises:
        ValueError: see `read`.
    """
    return read(os.path.join(os.path.dirname(config_file), f"{name}.py"))


def _call_get_config(file: str, arguments: list) -> Config:
    try:
        loader = importlib.machinery.SourceFileLoader("experiment_config", file)
        spec = importlib.util.spec_from_loader(loader.name, loader)
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
        function = getattr(module, "get_config", None)
        config = function(*arguments) if callable(function) else None
    except SyntaxError as error:
        line = f"line {error.lineno}: " if error.lineno else ""
        raise ValueError(
            f"{file} is not a Python file: {line}{error.msg}. Give a file of configs/ "
            "or the config.json of a run."
        ) from error
    # Whatever somebody's own code raises; sys.exit() too.
    except (Exception, SystemExit) as error:
        lines = [
            f.lineno
            for f in traceback.extract_tb(error.__traceback__, None)
            if f.filename == file
        ]
        place = f", line {lines[-1]}" if lines else ""
        message = " ".join(str(error).split())
        reason = type(error).__name__ + (f": {message}" if message else "")
        raise ValueError(f"{file}{place}: {reason.rstrip('.')}.") from error
    if not callable(function):
        raise ValueError(
            f"{file} has no function get_config(), which must return a "
            "tf_btgmi.config.Config."
        )
    if not isinstance(config, Config):
        raise ValueError(
            f"{file}: get_config() must return a tf_btgmi.config.Config; it returned "
            f"{type(config).__name__}."
        )
    return config


def load(json_path: str) -> Config:
    """Reads and validates a config written by `save`.

    Raises:
        ValueError: the file is missing or not JSON, or has an unknown field, a wrong
            type or an invalid value.
    """
    if not os.path.exists(json_path):
        raise ValueError(f"There is no config file {json_path}.")
    tree = files.read_json(json_path)
    return from_dict(tree)


def save(config: Config, json_path: str) -> None:
    """Writes `config` as JSON, atomically."""
    files.write_json(json_path, dataclasses.asdict(config))


def from_dict(tree: dict[str, Any]) -> Config:
    """Builds a validated `Config` from nested dicts; other fields keep their defaults.

    Raises:
        ValueError: an unknown field, a wrong type or an invalid value.
    """
    config = _fill(Config(), tree, path="")
    validate(config)
    return config


def _fill(node: Any, tree: Any, path: str) -> Any:
    if not isinstance(tree, dict):
        raise ValueError(f"config{path and '.' + path} must be an object of fields.")
    known = {item.name: item for item in dataclasses.fields(node)}
    values = {}
    for name, value in tree.items():
        full = f"{path}.{name}" if path else name
        if name not in known:
            raise ValueError(unknown_field(full))
        default = getattr(node, name)
        if dataclasses.is_dataclass(default):
            values[name] = _fill(default, value, full)
        else:
            values[name] = _typed(value, type(default), full)
    return dataclasses.replace(node, **values)


def _typed(value: Any, expected: type, path: str) -> Any:
    if expected is float and type(value) is int and abs(value) < 2**53:
        return float(value)
    if type(value) is not expected:
        raise ValueError(
            f"config.{path} must be of type {expected.__name__}; it is {value!r}."
        )
    return value

"""A config as a JSON file: `config.json` of a run or of a released model."""

import dataclasses
import json
import os
from typing import Any, Dict

from tf_btgmi.config.checks import validate
from tf_btgmi.config.fields import unknown_field
from tf_btgmi.config.schema import Config


def get_config(json_path: str) -> Config:
    """Reads a `config.json`: what `--config=RUN/config.json` comes down to.

    Raises:
        ValueError: no such file, no JSON, a field that does not exist, a wrong type.
    """
    return load(json_path)


def load(json_path: str) -> Config:
    """Reads and checks a config written by `save`.

    Raises:
        ValueError: no such file, no JSON, a field that does not exist, a wrong type
            or a value out of range.
    """
    try:
        with open(json_path, encoding="utf-8") as file:
            tree = json.load(file)
    except FileNotFoundError:
        raise ValueError(f"There is no config file {json_path}.") from None
    except OSError as error:
        raise ValueError(f"{json_path} cannot be read: {error.strerror}.") from None
    # Of brackets within brackets without end, or of a number of thousands of digits.
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{json_path} is not a JSON file: {error}.") from None
    return from_dict(tree)


def save(config: Config, json_path: str) -> None:
    """Writes `config` as JSON, beside its place first and then moved into it."""
    temporary = f"{json_path}.tmp-{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(dataclasses.asdict(config), file, indent=2)
        file.write("\n")
    os.replace(temporary, json_path)


def from_dict(tree: Dict[str, Any]) -> Config:
    """Builds a checked `Config` from nested dictionaries; what is missing is default.

    Raises:
        ValueError: a field that does not exist, a wrong type or value.
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


def _typed(value: Any, wanted: type, path: str) -> Any:
    if wanted is float and type(value) is int and abs(value) < 2**53:
        return float(value)
    if type(value) is not wanted:
        raise ValueError(
            f"config.{path} must be of type {wanted.__name__}; it is {value!r}."
        )
    return value

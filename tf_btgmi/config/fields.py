"""Fields of a config by dotted path, such as `data.image_size`."""

import dataclasses
import difflib
from typing import Any, Dict

from tf_btgmi.config.schema import Config


def field_names(config: Config) -> list:
    """Dotted paths of all fields, in order."""
    names = []
    for item in dataclasses.fields(config):
        value = getattr(config, item.name)
        if dataclasses.is_dataclass(value):
            names += [f"{item.name}.{name}" for name in field_names(value)]
        else:
            names.append(item.name)
    return names


def value_of(config: Config, path: str) -> Any:
    """The value of the field at a dotted path."""
    for name in path.split("."):
        config = getattr(config, name)
    return config


def differences(first: Config, second: Config) -> Dict[str, tuple]:
    """The differing fields of two configs: dotted path -> (first, second)."""
    return {
        path: (value_of(first, path), value_of(second, path))
        for path in field_names(first)
        if value_of(first, path) != value_of(second, path)
    }


def unknown_field(path: str) -> str:
    """Error message for an unknown field, with the most similar known field."""
    names = field_names(Config())
    leaves = {name.split(".")[-1]: name for name in names}
    near = difflib.get_close_matches(path, names, n=1, cutoff=0.6)
    near = near or [
        leaves[leaf]
        for leaf in difflib.get_close_matches(path.split(".")[-1], leaves, 1, 0.6)
    ]
    hint = f"; did you mean config.{near[0]}?" if near else "."
    return f"There is no field config.{path}{hint}"

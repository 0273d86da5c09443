"""Fields of a config by dotted path, such as `data.image_size`."""

import dataclasses
import difflib
from typing import Any, Iterator, Mapping

from tf_btgmi.config.schema import Config


def walk(config: Any, prefix: str = "") -> Iterator[tuple[str, Mapping, Any]]:
    """Yields dotted path, metadata (`range` or `choices`) and value of every field."""
    for item in dataclasses.fields(config):
        value = getattr(config, item.name)
        if dataclasses.is_dataclass(value):
            yield from walk(value, f"{prefix}{item.name}.")
        else:
            yield prefix + item.name, item.metadata, value


def field_names(config: Config) -> list:
    """Dotted paths of all fields, in order."""
    return [path for path, _, _ in walk(config)]


def choices_of(path: str) -> tuple[str, ...]:
    """Valid values of a field of texts; empty for other fields."""
    metadata = {name: metadata for name, metadata, _ in walk(Config())}
    return metadata[path].get("choices", ())


def differences(first: Config, second: Config) -> dict[str, tuple]:
    """The differing fields of two configs: dotted path -> (first, second)."""
    pairs = zip(walk(first), walk(second))
    return {path: (old, new) for (path, _, old), (_, _, new) in pairs if old != new}


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

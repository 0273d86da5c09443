"""Wording of messages."""

import difflib
from typing import Any, Callable, Iterable, Mapping

# Changes that a message lists; it counts the others.
_MOST_CHANGES = 5


def number_of(count: int, noun: str) -> str:
    """A count and its noun, in the plural unless the count is 1.

    Example:
        >>> number_of(1, "picture"), number_of(2, "picture")
        ('1 picture', '2 pictures')
    """
    return f"{count} {noun}" + ("" if count == 1 else "s")


def changes(pairs: Mapping[str, tuple[Any, Any]]) -> str:
    """The first changed values, by their names.

    Args:
        pairs: the old and the new value by name.

    Example:
        >>> changes({"seed": (0, 1), "source": ("tfds:coco", "folder:photos")})
        "seed was 0 and is now 1; source was 'tfds:coco' and is now 'folder:photos'"
    """
    texts = [
        f"{name} was {old!r} and is now {new!r}" for name, (old, new) in pairs.items()
    ]
    others = len(texts) - _MOST_CHANGES
    return "; ".join(texts[:_MOST_CHANGES] + [f"and {others} more"] * (others > 0))


def did_you_mean(
    value: str, known: Iterable[str], form: Callable[[str], str] = str
) -> str:
    """The end of an error message: the known name most similar to `value`, if any.

    Args:
        value: an unknown name.
        known: the known names.
        form: how the name is written.

    Example:
        >>> did_you_mean("mirored", ["mirrored", "one_device"])
        '; did you mean mirrored?'
        >>> did_you_mean("tpu", ["mirrored", "one_device"])
        '.'
    """
    near = difflib.get_close_matches(value, known, n=1)
    return f"; did you mean {form(near[0])}?" if near else "."

"""Wording of messages."""

import difflib
from typing import Callable, Iterable, Sequence


def number_of(count: int, noun: str) -> str:
    """A count and its noun, in the plural unless the count is 1.

    Example:
        >>> number_of(1, "picture"), number_of(2, "picture")
        ('1 picture', '2 pictures')
    """
    return f"{count} {noun}" + ("" if count == 1 else "s")


def first_of(items: Sequence[str], most: int = 5) -> str:
    """The first `most` items of a list, and the number of the others.

    Example:
        >>> first_of(["seed was 0 and is 1", "limit was 0 and is 9"], most=1)
        'seed was 0 and is 1; and 1 more'
    """
    others = [f"and {len(items) - most} more"] if len(items) > most else []
    return "; ".join([*items[:most], *others])


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

"""Wording of messages."""


def number_of(count: int, noun: str) -> str:
    """A count and its noun, in the plural unless the count is 1.

    Example:
        >>> number_of(1, "picture"), number_of(2, "picture")
        ('1 picture', '2 pictures')
    """
    return f"{count} {noun}" + ("" if count == 1 else "s")

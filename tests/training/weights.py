"""Weights before and after a training step."""


def values(variables):
    """Copies of the variables' values."""
    return [v.numpy().copy() for v in variables]


def changed(before, variables):
    """Whether each variable differs from its earlier value."""
    return [bool((a != v.numpy()).any()) for a, v in zip(before, variables)]  # noqa: B905

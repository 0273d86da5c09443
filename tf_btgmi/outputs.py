"""Names of the outputs of a network, in configs, graphs, flags and files."""

from typing import Any, Sequence

INPAINTED = "inpainted"
HARMONIZED = "harmonized"
OUTPUT_NAMES = (INPAINTED, HARMONIZED)


def by_name(predictions: Any, names: Sequence[str]) -> dict[str, Any]:
    """A network's predictions by output name; a network with one output gives it alone.

    Args:
        predictions: one prediction, or a dict of them.
        names: of the network's outputs.

    Example:
        >>> by_name("picture", ("inpainted",))
        {'inpainted': 'picture'}
    """
    return predictions if isinstance(predictions, dict) else {names[0]: predictions}

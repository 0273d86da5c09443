"""Flags that several benchmarks have, and how their values are read."""

from typing import List

from absl import flags

from tf_btgmi.cli import program
from tf_btgmi.config.limits import CHOICES

FLAGS = flags.FLAGS
PRECISIONS = CHOICES["training.precision"]


def define_precisions() -> None:
    """Defines `--precisions`."""
    flags.DEFINE_list("precisions", list(PRECISIONS), "Values of training.precision.")


def define_sizes(*default: int) -> None:
    """Defines `--sizes`."""
    sizes = [str(size) for size in default]
    flags.DEFINE_list("sizes", sizes, "Sides of the pictures in pixels.")


def define_batch() -> None:
    """Defines `--batch`."""
    flags.DEFINE_integer("batch", 8, "Pictures in a batch.", lower_bound=1)


def define_rounds(default: int, what: str = "Turns that are timed.") -> None:
    """Defines `--rounds`."""
    flags.DEFINE_integer("rounds", default, what, lower_bound=1)


def precisions() -> List[str]:
    """The values of `--precisions`.

    Raises:
        UsageError: one is no precision.
    """
    if not FLAGS.precisions or not set(FLAGS.precisions) <= set(PRECISIONS):
        raise program.UsageError(
            f"--precisions must be {' or '.join(PRECISIONS)}, or both with a comma."
        )
    return FLAGS.precisions


def whole_numbers(name: str, least: int = 1) -> List[int]:
    """The values of a flag that is a list of numbers, `least` or more.

    Raises:
        UsageError: it is empty, or one is no such number.
    """
    texts = FLAGS[name].value
    # Other than isdigit(), isdecimal() knows nothing that int() cannot read.
    if not texts or not all(t.isdecimal() and int(t) >= least for t in texts):
        raise program.UsageError(
            f"--{name} must be whole numbers from {least} on, with commas."
        )
    return [int(text) for text in texts]

"""Flags shared by benchmarks, and readers of their values."""

from absl import flags

from tf_btgmi.cli import program
from tf_btgmi.config import choices_of

FLAGS = flags.FLAGS
PRECISIONS = choices_of("training.precision")


def define_precisions() -> None:
    """Defines `--precisions`."""
    default = ["float32", "mixed_bfloat16"]
    flags.DEFINE_list("precisions", default, "Values of training.precision.")


def define_sizes(*default: int) -> None:
    """Defines `--sizes`."""
    sizes = [str(size) for size in default]
    flags.DEFINE_list("sizes", sizes, "Sides of the pictures in pixels.")


def precisions() -> list[str]:
    """Returns the values of `--precisions`.

    Raises:
        UsageError: one of them is not a precision.
    """
    if not FLAGS.precisions or not set(FLAGS.precisions) <= set(PRECISIONS):
        raise program.UsageError(
            f"--precisions must be some of {', '.join(PRECISIONS)}, with commas."
        )
    return FLAGS.precisions


def whole_numbers(name: str, least: int = 1) -> list[int]:
    """Returns the values of a flag that lists whole numbers of at least `least`.

    Raises:
        UsageError: the list is empty or has an invalid value.
    """
    texts = FLAGS[name].value
    # isdigit() accepts characters that int() does not, such as superscripts.
    if not texts or not all(t.isdecimal() and int(t) >= least for t in texts):
        raise program.UsageError(
            f"--{name} must be whole numbers from {least} on, with commas."
        )
    return [int(text) for text in texts]

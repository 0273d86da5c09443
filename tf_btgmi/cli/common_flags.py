"""Flags that several programs define."""

from typing import Tuple

from absl import flags

from tf_btgmi.cli import program

FLAGS = flags.FLAGS


def define_model() -> None:
    """Defines `--model`, for `loading.load`, and its older name `--workdir`."""
    flags.DEFINE_string(
        "model",
        None,
        "Model: the name of a bundled model, the folder of a training run, a release "
        "or an exported model, a .tflite file, or the address of a server. Default: "
        "the first bundled model with the required output.",
    )
    flags.DEFINE_alias("workdir", "model")


def define_retouched() -> None:
    """Defines `--[no]retouched`, see `Predictor`."""
    flags.DEFINE_bool(
        "retouched",
        True,
        "Redraw fills with patches of the surrounding picture, near the hole's edge. "
        "--noretouched gives the network's own output.",
    )


def require(*required: Tuple[str, str, str]) -> None:
    """Checks that flags have values.

    Args:
        *required: for each flag its name, the placeholder of its value, and its
            meaning.

    Raises:
        UsageError: a flag has no value.
    """
    for name, placeholder, meaning in required:
        if FLAGS[name].value in (None, "", []):
            raise program.UsageError(f"--{name}={placeholder} is missing: {meaning}.")

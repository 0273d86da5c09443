"""Packages that some benchmarks need and the project does not."""

import importlib.util

from tf_btgmi.cli import program


def need_pytorch() -> None:
    """Raises with the command that installs PyTorch if it is missing.

    Raises:
        UsageError: it is.
    """
    if importlib.util.find_spec("torch") is None:
        raise program.UsageError(
            "PyTorch is not installed: pip install -r requirements-benchmarks.txt."
        )

"""Reads the weights of networks that are never trained from `.npz` files."""

import os
from typing import Callable, Mapping

import numpy as np


def read_weights(
    path: str,
    what: str,
    damaged: str = "cannot be read",
    check: Callable[[Mapping[str, np.ndarray]], None] = lambda weights: None,
) -> Mapping[str, np.ndarray]:
    """Reads the arrays of a file as float32.

    Args:
        path: an `.npz` file.
        what: name of the content, for the message about a missing file.
        damaged: the message's words for a file that cannot be read or that `check`
            rejects.
        check: raises an error if the arrays are not these weights.

    Raises:
        ValueError: no such file, or a damaged one.
    """
    if not os.path.isfile(path):
        raise ValueError(f"{what}: there is no file {path}.")
    try:
        with np.load(path, allow_pickle=False) as archive:
            weights = {name: archive[name].astype(np.float32) for name in archive.files}
        check(weights)
    # NumPy raises nearly anything for a damaged file.
    except Exception as error:
        raise ValueError(f"{path} {damaged}: {error}") from error
    return weights

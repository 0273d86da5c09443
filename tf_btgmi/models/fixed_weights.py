"""Weights of the networks that nothing trains, out of `.npz` files."""

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
        what: what should be in it; begins the message where there is no file.
        damaged: what the message says of a file that cannot be read, or that `check`
            refuses.
        check: raises an error where the arrays are not these weights.

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

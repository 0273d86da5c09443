"""Reads the weights of networks that are never trained from `.npz` files."""

import os
import zipfile
from typing import Callable, Mapping

import numpy as np


def read_weights(
    path: str,
    what: str,
    check: Callable[[Mapping[str, np.ndarray]], None] = lambda weights: None,
) -> Mapping[str, np.ndarray]:
    """Reads the arrays of a file as float32.

    Args:
        path: an `.npz` file.
        what: name of the content, for messages.
        check: raises an error if the arrays are not these weights.

    Raises:
        ValueError: no such file, or a damaged one.
    """
    if not os.path.isfile(path):
        raise ValueError(f"There is no file {path} with {what}.")
    try:
        with np.load(path, allow_pickle=False) as archive:
            weights = {name: archive[name].astype(np.float32) for name in archive.files}
        check(weights)
    # NumPy raises nearly anything for a damaged file.
    except Exception as error:
        reason = error if zipfile.is_zipfile(path) else "it is not an .npz file."
        raise ValueError(f"{path} does not hold {what}: {reason}") from error
    return weights

"""Runs networks over many pictures, in batches that fit the free memory."""

import os
from typing import Callable, Sequence

import numpy as np

# The share of free memory that a batch may take.
_SHARE = 0.25
_MOST = 64
# Where the system does not say what is free.
_FEW = 8
_MEMINFO = "/proc/meminfo"
_CGROUP = "/sys/fs/cgroup"


def in_batches(
    network: Callable[[np.ndarray], np.ndarray],
    pictures: Sequence[np.ndarray],
    bytes_each: int,
) -> np.ndarray:
    """Runs a network on pictures of one size.

    A batch starts with as many pictures as free memory allows, and is halved whenever
    an accelerator has no room for it.

    Args:
        network: [b, H, W, 3] uint8 -> [b, ...].
        pictures: n of them, [H, W, 3] uint8, n at least 1.
        bytes_each: memory per picture while the network runs.

    Returns:
        [n, ...].

    Raises:
        tf.errors.ResourceExhaustedError: no room for a single picture.
    """
    # Imported here: it takes seconds, which a wrong flag should not wait for.
    import tensorflow as tf

    size = batch_size(bytes_each)
    parts, start = [], 0
    while start < len(pictures):
        try:
            parts.append(network(np.stack(pictures[start : start + size])))
        except tf.errors.ResourceExhaustedError:
            if size == 1:
                raise
            size = max(min(size, len(pictures) - start) // 2, 1)
            continue
        start += size
    return np.concatenate(parts)


def batch_size(bytes_each: int) -> int:
    """Largest batch that fits the free memory, 1 to 64."""
    free = free_memory()
    if free is None:
        return _FEW
    return int(np.clip(free * _SHARE // bytes_each, 1, _MOST))


def free_memory():
    """Free memory of this process in bytes; None where Linux does not report it."""
    found = []
    try:
        with open(_MEMINFO, encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        found.append(int(lines["MemAvailable"].split()[0]) * 1024)
        # A container's own limit, where it has one.
        limit = _number("memory.max")
        found.append(limit - _number("memory.current"))
    except (OSError, KeyError, ValueError):
        pass
    return max(min(found), 0) if found else None


def _number(name: str) -> int:
    with open(os.path.join(_CGROUP, name), encoding="ascii") as file:
        return int(file.read())

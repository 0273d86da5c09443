"""Runs networks over many pictures in batches of limited memory."""

from typing import Callable, Sequence

import numpy as np

# Memory of a batch while the network runs, and the largest batch.
BATCH_BYTES = 1 << 29
_MAX_PICTURES = 64


def in_batches(
    network: Callable[[np.ndarray], np.ndarray],
    pictures: Sequence[np.ndarray],
    bytes_each: int,
) -> np.ndarray:
    """Runs a network on pictures of one size.

    A batch is halved whenever an accelerator has no room for it.

    Args:
        network: [b, H, W, 3] uint8 -> [b, ...].
        pictures: n of them, [H, W, 3] uint8, n at least 1.
        bytes_each: memory per picture while the network runs.

    Returns:
        [n, ...].

    Raises:
        tf.errors.ResourceExhaustedError: no room for a single picture.
    """
    # Imported on demand: it takes seconds, which a wrong flag should not wait for.
    import tensorflow as tf

    size = int(np.clip(BATCH_BYTES // bytes_each, 1, _MAX_PICTURES))
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

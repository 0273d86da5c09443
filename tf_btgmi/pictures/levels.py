"""Grey levels of arrays: rounded to uint8, and as a network's values in [-1, 1].

`ops.image_ops` does the same in TensorFlow.
"""

import numpy as np

# Weights of red, green and blue in luma, ITU-R BT.601.
LUMA = (0.299, 0.587, 0.114)


def rounded(values: np.ndarray) -> np.ndarray:
    """Values of any size and range to the nearest uint8 level, clipped to 0..255."""
    return np.rint(values).clip(0, 255).astype(np.uint8)


def to_float(levels: np.ndarray) -> np.ndarray:
    """Maps uint8 levels to float32 in [-1, 1]; any shape."""
    return levels / np.float32(127.5) - np.float32(1.0)


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Maps [-1, 1] to the nearest uint8 level, clipping what lies outside.

    `to_uint8(to_float(x)) == x` for every uint8 `x`; any shape.
    """
    return rounded((image + 1.0) * 127.5)

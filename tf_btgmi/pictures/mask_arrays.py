"""Which pixels of a mask array are hole, and the box around them."""

import numpy as np


def bounding_box(mask: np.ndarray):
    """The smallest (y0, x0, y1, x1) around the hole of `mask`; None without a hole.

    Args:
        mask: [H, W], bool, or uint8 with the hole at >= 128.
    """
    limit = 1 if mask.dtype == bool else 128
    mask = mask.view(np.uint8)
    rows = np.flatnonzero(mask.max(axis=1) >= limit)
    if not rows.size:
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(mask[top:bottom].max(axis=0) >= limit)
    return top, int(columns[0]), bottom, int(columns[-1]) + 1


def is_hole(mask: np.ndarray) -> np.ndarray:
    """A mask of either type as bool."""
    return mask if mask.dtype == bool else mask >= 128

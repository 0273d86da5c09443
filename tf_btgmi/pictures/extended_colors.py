"""Extends known colours into pixels whose colours mean nothing."""

from typing import Optional

import cv2
import numpy as np


def extended_colors(colors: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Gives every other pixel the colours of its nearest known one.

    Args:
        colors: [H, W, C].
        known: bool [H, W], not empty.

    Returns:
        An array like `colors`, equal to it where known.
    """
    if known.all():
        return colors
    _, labels = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8),
        cv2.DIST_L2,
        5,
        labelType=cv2.DIST_LABEL_PIXEL,
    )
    nearest = np.zeros((labels.max() + 1, colors.shape[2]), colors.dtype)
    nearest[labels[known]] = colors[known]
    return nearest[labels]


def visible_colors(colors: np.ndarray, alpha: Optional[np.ndarray]) -> np.ndarray:
    """Replaces the colours below full transparency, which nobody sees.

    Most editors leave black there, which a fill or a recoloured object would take on.

    Args:
        colors: [H, W, C].
        alpha: [H, W], or None for an opaque picture.

    Returns:
        `colors` with those of the nearest pixels whose alpha is above 0; unchanged if
        there are none.
    """
    if alpha is None or alpha.all() or not alpha.any():
        return colors
    return extended_colors(colors, alpha > 0)

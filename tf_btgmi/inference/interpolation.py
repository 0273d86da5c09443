"""Interpolates hole pixels that have known pixels close by on all sides.

A network learns from holes with solid known surroundings and fails in checkerboards,
interlaced lines and dithers. Known pixels that lie so close together determine the
picture between them well: it is the solution of Laplace's equation, computed by Jacobi
iteration from a normalized convolution. A single thin scratch is left to the network,
which is better there.
"""

import cv2
import numpy as np

from tf_btgmi.pictures.levels import rounded

# Lines up to one pixel narrower than this are thin.
_WIDE = 5
# Thin parts are a lattice where more than this share of the steps from pixel to pixel,
# along either axis in a square of this side, crosses the edge of the hole. One straight
# stroke has .08, two that cross have .16 at their crossing.
_LATTICE, _AROUND = 0.17, 25
# Distance in pixels, along each axis, to known pixels in all four quadrants.
_REACH = 6
# Known pixels are scattered where fewer than this share of those nearby belongs to
# solid known areas, squares of this side.
_MAX_SOLID_SHARE, _SOLID = 0.5, 3
_ROUNDS = 60
_SIGMA = 1.5


def interpolated_part(hole: np.ndarray) -> np.ndarray:
    """Selects the hole pixels to be interpolated.

    These are thin parts that lie as close together as in a lattice, and what lies amid
    scattered known pixels.

    Args:
        hole: bool [H, W].

    Returns:
        bool [H, W], True only inside the hole.
    """
    unknown = hole.astype(np.uint8)
    lattice = _edge_share(unknown) > _LATTICE
    # Rough edges of wide parts are not thin parts.
    rim = np.ones((_WIDE, _WIDE), np.uint8)
    lattice &= cv2.dilate(_opened(unknown, _WIDE), rim) == 0
    return hole & (lattice | _is_amid_scattered(1 - unknown))


def _edge_share(unknown: np.ndarray) -> np.ndarray:
    """Share of steps along an axis that cross the hole's edge, the larger of both."""
    shares = []
    for shift in ((0, 1), (1, 0)):
        edge = np.abs(np.diff(unknown.astype(np.float32), axis=shift.index(1)))
        edge = np.pad(
            edge, [(0, n) for n in shift], mode="edge" if edge.size else "empty"
        )
        shares.append(_mean_around(edge, _AROUND))
    return np.maximum(*shares)


def _is_amid_scattered(known: np.ndarray) -> np.ndarray:
    """Whether isolated known pixels lie in all directions."""
    solid = _opened(known, _SOLID).astype(np.float32)
    known = known.astype(np.float32)
    side = 2 * _REACH + 1
    scattered = _mean_around(solid, side) < _MAX_SOLID_SHARE * _mean_around(known, side)
    for anchor in ((0, 0), (_REACH, 0), (0, _REACH), (_REACH, _REACH)):
        scattered &= _mean_around(known, _REACH + 1, anchor) > 0.5 / (_REACH + 1) ** 2
    return scattered


def _mean_around(values: np.ndarray, side: int, anchor=(-1, -1)) -> np.ndarray:
    return cv2.blur(
        values, (side, side), anchor=anchor, borderType=cv2.BORDER_REFLECT_101
    )


def interpolate(image: np.ndarray, hole: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Solves Laplace's equation in the hole, with the known pixels as boundary values.

    Args:
        image: uint8 [H, W, 3].
        hole: bool [H, W], pixels to solve for.
        known: bool [H, W], pixels with a value. Pixels that are neither take part in
            the solution and are discarded.

    Returns:
        uint8 [H, W, 3], equal to `image` outside the hole.
    """
    weight = known.astype(np.float32)[..., None]
    pixels = image.astype(np.float32)
    total = cv2.GaussianBlur(pixels * weight, (0, 0), _SIGMA)
    share = cv2.GaussianBlur(weight, (0, 0), _SIGMA)[..., None]
    unknown = ~known[..., None]
    # Far from all known pixels nothing is interpolated; the value is not used.
    np.copyto(pixels, total / np.maximum(share, 1e-6), where=unknown)
    kernel = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4
    for _ in range(_ROUNDS):
        mean = cv2.filter2D(pixels, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
        np.copyto(pixels, mean, where=unknown)
    return np.where(hole[..., None], rounded(pixels), image)


def _opened(mask: np.ndarray, side: int) -> np.ndarray:
    """Morphological opening by a square of the mask, mirrored at its edges."""
    padded = cv2.copyMakeBorder(mask, *4 * [side], cv2.BORDER_REFLECT_101)
    square = np.ones((side, side), np.uint8)
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, square)
    return opened[side:-side, side:-side]

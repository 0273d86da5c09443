"""The one reader of mask files.

A mask file has a *level* per pixel, 0 to 255:

- No transparency: the grey level (ITU-R 601; 16 bits and 1 bit are scaled). White is
  hole. A photograph, by its many colours or its texture, is refused.
- Strokes on a transparent layer: 255 wherever something is drawn, whatever its colour
  and opacity.
- A photograph, or a layer of one colour, with an erased part: how far a pixel is
  erased. Of the picture's own file as the mask of an object, the visible part.

The frame and the area of the picture distinguish the last two: strokes leave most of
both transparent, an erased part leaves most of both visible. Any other is refused.

Hole is a level of at least 128, and a soft rim: pixels of lower levels, above that of
the background, that are connected to it. An object has no such rim: what is below is
mostly background, or a shadow. Masks are taken upright, as displayed.
"""

import dataclasses
from typing import Optional

import cv2
import numpy as np

from tf_btgmi.pictures.reader import MAX_PIXELS, decode_picture

# Levels up to which lossy formats make noise around an edge.
_LOSSY_NOISE = 32
# Strokes have at most so many colours, each with a tolerance: canvas programs store
# colours multiplied by alpha, which moves them by some levels.
_MAX_COLORS, _COLOR_TOLERANCE = 8, 24
# Share of the visible pixels that may have another colour (blends of two strokes).
_OTHER_COLORS = 0.1
_SAMPLE = 1 << 16
# Levels in between are rare in masks.
_DARK, _BRIGHT = 32, 224
# What a photograph has at least: a share of coloured pixels, or, in grey, a share of
# pixels that differ from their neighbours by more levels (the Laplacian) than noise of
# JPEG; and the share that it has at most of those that do not differ.
_LEAST_COLORED, _LEAST_TEXTURED, _MOST_FLAT = 0.02, 0.12, 0.4
_TEXTURE = 8
_HOW_TO_SAVE = "save it as white (the hole) on black, without transparency."


def read_mask(
    path: str,
    invert: bool = False,
    picture: Optional[bytes] = None,
    is_object: bool = False,
) -> np.ndarray:
    """Reads the mask in a file.

    Args:
        path: a picture of any mode.
        invert: whether black is hole.
        picture: the file of the picture that the mask is for; see `decode_mask`.
        is_object: see `decode_mask`.

    Returns:
        [H, W] bool, True = hole.

    Raises:
        FileNotFoundError: no such file.
        ValueError: as `decode_mask`, or the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from None
    return decode_mask(data, path, invert, picture, is_object=is_object)


def decode_mask(
    data: bytes,
    name: str = "The mask",
    invert: bool = False,
    picture: Optional[bytes] = None,
    max_pixels: int = MAX_PIXELS,
    is_object: bool = False,
) -> np.ndarray:
    """Decodes a mask.

    Args:
        data: the bytes of its file.
        name: what messages call it.
        invert: whether black is hole.
        picture: the file of the picture that the mask is for. Where both are the same,
            the hole is its transparent part.
        max_pixels: see `decode_picture`.
        is_object: whether it is the mask of an object: without a soft rim, and, where
            it and the picture are the same file, the visible part.

    Returns:
        [H, W] bool, True = hole; may be empty.

    Raises:
        ValueError: not a picture, damaged, ambiguous, too dark for a mask, or the
            picture itself without a transparent part.
    """
    mask = decode_picture(data, name, max_pixels)
    if mask.pixels.dtype == np.uint16:
        brightest = int(mask.pixels.max())
        # A layer of faint strokes is a mask, unless 8 bits hold none of its levels.
        if 0 < brightest < (257 if mask.mode in ("LA", "RGBA") else 128 * 257):
            raise _no_white(name, brightest, 65535, mask.mode in ("L", "LA"))
        pixels = (mask.pixels // 257).astype(np.uint8)
        mask = dataclasses.replace(mask, pixels=pixels)
    alpha, rgb = mask.alpha(), None
    if picture == data:
        if alpha is None or alpha.min() == alpha.max():
            raise ValueError(
                f"{name} is the picture itself; a mask is a picture of its own, white "
                "where the hole is, or this picture with that part erased."
            )
        levels = 255 - _erased(alpha) if is_object else _erased(alpha)
    elif alpha is None or alpha.min() == alpha.max() != 0 or alpha.min() >= 128:
        levels = mask.grey()
        if levels is None:
            rgb = mask.stored_rgb()
            levels = _grey(rgb)
        if _is_photograph(levels, rgb):
            raise ValueError(
                f"{name} is a photograph, not a mask: most of it is neither black nor "
                "white. Give a picture that is white where the hole is, and otherwise "
                "black."
            )
    else:
        levels = _levels_of_alpha(mask.stored_rgb(), alpha, name)
    brightest = int(levels.max())
    if 0 < brightest < 128:
        # A brighter red would soon be at its maximum, and still too dark a grey.
        helps = rgb is None or int(rgb.max()) * (255 // brightest) <= 255
        raise _no_white(name, brightest, 255, helps)
    if invert:
        levels = 255 - levels
    if is_object:
        return levels >= 128
    is_lossy = mask.format == "JPEG" or mask.encoding.get("lossless") is False
    return _with_rim(levels, _LOSSY_NOISE if is_lossy else 0)


def _no_white(name: str, brightest: int, white: int, brighter: bool) -> ValueError:
    """The error for a dark mask; `brighter` is whether it can be multiplied."""
    how = f"Multiply it by {white // brightest}, or {_HOW_TO_SAVE}"
    if not brighter:
        how = _HOW_TO_SAVE[0].upper() + _HOW_TO_SAVE[1:]
    return ValueError(
        f"{name} has no white pixel: its maximum is {brightest} of {white}, and the "
        f"hole is where it is {white // 255 * 128} or more. {how}"
    )


def _grey(rgb: np.ndarray) -> np.ndarray:
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    if (red == green).all() and (green == blue).all():
        return np.ascontiguousarray(red)
    # In integers, as the serving graph does, so that white stays 255.
    weights = np.array([299, 587, 114], np.int32)
    return ((rgb @ weights) // 1000).astype(np.uint8)


def _is_photograph(levels: np.ndarray, rgb: Optional[np.ndarray]) -> bool:
    """Whether a picture has many levels in between, and colours or texture.

    Soft masks have no texture. Grey pictures have no `rgb`.
    """
    between = cv2.inRange(levels, _DARK, _BRIGHT - 1) > 0
    if np.count_nonzero(between) <= levels.size / 2:
        return False
    counts = np.bincount(levels[between])
    if np.sort(counts)[-_MAX_COLORS:].sum() >= counts.sum() / 2:
        return False
    if rgb is not None:
        colors = rgb.reshape(-1, 3)[:: 1 + levels.size // _SAMPLE].astype(np.int16)
        if (np.ptp(colors, axis=1) > _COLOR_TOLERANCE).mean() > _LEAST_COLORED:
            return True
    changes = np.abs(cv2.Laplacian(levels, cv2.CV_16S)[between])
    # A small map enlarged by repeating its pixels is flat between its edges.
    is_flat = (changes == 0).mean() > _MOST_FLAT
    return bool((changes > _TEXTURE).mean() > _LEAST_TEXTURED and not is_flat)


def _erased(alpha: np.ndarray) -> np.ndarray:
    least, most = int(alpha.min()), int(alpha.max())
    return ((most - alpha.astype(np.int32)) * 255 // (most - least)).astype(np.uint8)


def _levels_of_alpha(rgb: np.ndarray, alpha: np.ndarray, name: str) -> np.ndarray:
    if not alpha.any():
        raise ValueError(f"{name} is transparent everywhere: nothing is drawn on it.")
    least, most = int(alpha.min()), int(alpha.max())
    visible = alpha > (least + most) // 2
    frame = np.concatenate(
        [visible[0], visible[-1], visible[1:-1, 0], visible[1:-1, -1]]
    )
    colors = rgb[visible]
    has_few_colors = _has_few_colors(colors)
    if frame.mean() >= 0.5:
        # A layer of both black and white may be a mask in itself.
        is_one_layer = not has_few_colors or not _is_black_and_white(colors)
        if is_one_layer and (visible.mean() >= 0.5 or not has_few_colors):
            return _erased(alpha)
    elif has_few_colors:
        return np.where(alpha > least, 255, 0).astype(np.uint8)
    raise ValueError(
        f"{name} is partly transparent, and it is not clear which part is the hole: "
        f"{_HOW_TO_SAVE}"
    )


def _has_few_colors(colors: np.ndarray) -> bool:
    """Whether almost all pixels have one of a few colours; [N, 3] uint8."""
    colors = colors[:: 1 + len(colors) // _SAMPLE].astype(np.int16)
    colors, counts = np.unique(colors, axis=0, return_counts=True)
    left = counts.sum() * _OTHER_COLORS
    for _ in range(_MAX_COLORS):
        far = np.abs(colors - colors[counts.argmax()]).max(axis=1) > _COLOR_TOLERANCE
        colors, counts = colors[far], counts[far]
        if counts.sum() <= left:
            return True
    return False


def _is_black_and_white(colors: np.ndarray) -> bool:
    grey = _grey(colors)
    shares = (grey < _COLOR_TOLERANCE).mean(), (grey > 255 - _COLOR_TOLERANCE).mean()
    return min(shares) > 0.001


def _with_rim(levels: np.ndarray, noise: int) -> np.ndarray:
    """Levels of at least 128, and what is connected to them above the background."""
    hole = levels >= 128
    if not hole.any() or not cv2.inRange(levels, 1, 127).any():
        return hole
    below = np.bincount(levels.ravel(), minlength=256)[:128]
    soft = levels > int(below.argmax()) + noise
    if (soft == hole).all():
        return hole
    _, owners = cv2.connectedComponents(soft.astype(np.uint8), connectivity=8)
    touches = np.zeros(int(owners.max()) + 1, bool)
    touches[owners[hole]] = True
    touches[0] = False
    return touches[owners] | hole

"""Examples whose foreground has wrong colours (Sec. 3.4): the geometry and the draws.

The paper pastes an object, with the colours of a second picture, on that picture and
cuts its box out. The network never sees what the second picture shows in the box,
since the gap is emptied at once; so nothing is pasted here, and the second picture only
provides colour statistics. Everything is drawn from one NumPy generator; `recoloring`
then changes the colours.
"""

from typing import NamedTuple

import cv2
import numpy as np

from tf_btgmi.config import GUIDED_KINDS, GuidedConfig
from tf_btgmi.data.masks import object_hole
from tf_btgmi.pictures.levels import rounded
from tf_btgmi.pictures.mask_arrays import bounding_box, disc

BOX, BAND, EMPTY, OBJECT, PLAIN = GUIDED_KINDS
WITH_FOREGROUND = (BOX, BAND, EMPTY)
# A foreground may be thinner than the object by this share of the picture's side, the
# gap reaching into it: masks drawn by hand are not exact.
_MAX_EROSION = 0.015
# The narrowest band around a foreground.
_MIN_BAND = 0.01
# Maximum dilation of removed objects, as a share of the side; programs dilate as well.
_MAX_HOLE_DILATION = 0.03
# Standard deviations of the shifts of L, a and b.
_SHIFT_DEVIATIONS = (15.0, 10.0, 10.0)
_CLASHING_SATURATION = 1.3


class Changes(NamedTuple):
    """Colour changes of a foreground; the defaults change nothing.

    Attributes:
        strength: of the statistics transfer, 0 to 1.
        gamma: exponent.
        contrast: factor.
        turns: of the hue, in full turns.
        saturation: factor.
        gradient: strength of the gradient of light.
        direction: of that gradient, in radians.
        lightness: added to L of CIE Lab.
        green_red: added to a.
        blue_yellow: added to b.
        lightness_spread: factor of the distance from the foreground's mean, of L.
        green_red_spread: the same, of a.
        blue_yellow_spread: the same, of b.
    """

    strength: float = 0.0
    gamma: float = 1.0
    contrast: float = 1.0
    turns: float = 0.0
    saturation: float = 1.0
    gradient: float = 0.0
    direction: float = 0.0
    lightness: float = 0.0
    green_red: float = 0.0
    blue_yellow: float = 0.0
    lightness_spread: float = 1.0
    green_red_spread: float = 1.0
    blue_yellow_spread: float = 1.0


def draw_kind(weights: dict[str, float], rng: np.random.Generator) -> str:
    """Draws one of `GUIDED_KINDS` by weight."""
    kinds = [kind for kind in GUIDED_KINDS if weights.get(kind, 0.0) > 0.0]
    shares = np.array([weights[kind] for kind in kinds])
    return kinds[rng.choice(len(kinds), p=shares / shares.sum())]


def draw_changes(guided: GuidedConfig, rng: np.random.Generator) -> Changes:
    """Draws changes by the config, at least one."""
    # Always the same draws in the same order, so that options do not affect each other.
    has_statistics, strength = rng.random(2)
    applied = rng.random(4) < guided.harder_changes
    gamma, contrast, saturation, turns, gradient = rng.uniform(-1.0, 1.0, 5)
    direction = rng.uniform(0.0, 2.0 * np.pi)
    statistics = has_statistics < guided.statistics or not applied.any()
    least = guided.min_strength
    return Changes(
        strength=(least + (1.0 - least) * strength) * statistics,
        gamma=guided.max_gamma ** (gamma * applied[0]),
        contrast=guided.max_contrast ** (contrast * applied[1]),
        turns=guided.max_hue * turns * applied[2],
        saturation=guided.max_saturation ** (saturation * applied[2]),
        gradient=guided.max_gradient * abs(gradient) * applied[3],
        direction=direction,
    )


def draw_shift(rng: np.random.Generator) -> Changes:
    """Draws a shift of the mean and a factor of the spread, per channel of Lab."""
    moves = np.clip(rng.normal(size=3), -2.0, 2.0) * _SHIFT_DEVIATIONS
    spreads = np.exp(np.clip(rng.normal(0.0, 0.2, 3), -0.5, 0.5))
    return Changes(
        lightness=moves[0],
        green_red=moves[1],
        blue_yellow=moves[2],
        lightness_spread=spreads[0],
        green_red_spread=spreads[1],
        blue_yellow_spread=spreads[2],
    )


def with_clashing_surroundings(
    image: np.ndarray, foreground: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The image with other hues, by a quarter of a turn or more, around a foreground.

    Args:
        image: [S, S, 3] uint8.
        foreground: [S, S] in {0, 1}.
        rng: draws the turn.
    """
    turned = turned_hue(image, rng.uniform(90.0, 270.0), _CLASHING_SATURATION)
    return np.where(foreground[..., None] > 0, image, turned)


def turned_hue(image: np.ndarray, degrees: float, saturation: float) -> np.ndarray:
    """The image, uint8, with its hue turned and its saturation times a factor."""
    hsv = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + degrees) % 360.0
    hsv[..., 1] = np.minimum(saturation * hsv[..., 1], 1.0)
    return rounded(255 * cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))


def is_usable(foreground: np.ndarray, guided: GuidedConfig) -> bool:
    """Whether the object's area is within the config's limits."""
    return bool(guided.min_object <= foreground.mean() <= guided.max_object)


def foreground_and_gap(
    foreground: np.ndarray,
    kind: str,
    guided: GuidedConfig,
    max_hole_ratio: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """The foreground and the gap around it, which do not overlap.

    A box that leaves too much or nothing to be filled becomes a band.

    Args:
        foreground: [S, S] uint8 in {0, 1}, not empty.
        kind: one of `WITH_FOREGROUND`.
        guided: limits.
        max_hole_ratio: maximum area of the gap, as a fraction of the picture.
        rng: random generator.

    Returns:
        Two masks [S, S] uint8 in {0, 1}.
    """
    size = foreground.shape[0]
    margins = rng.uniform(0.0, guided.max_box_margin, 4) * size
    band = rng.uniform(_MIN_BAND, max(_MIN_BAND, guided.max_band)) * size
    erosion = rng.uniform(0.0, _MAX_EROSION) * size
    if kind == EMPTY:
        return foreground, np.zeros_like(foreground)
    if kind == BOX:
        gap = _box(foreground, margins) - foreground
        if 0 < gap.mean() <= max_hole_ratio:
            return foreground, gap
    inner = cv2.erode(foreground, disc(erosion))
    # Not if hardly anything would remain.
    inner = inner if 2 * inner.sum() > foreground.sum() else foreground
    gap = cv2.dilate(foreground, disc(max(1.0, band))) - inner
    return (inner, gap) if gap.mean() <= max_hole_ratio else (foreground, 0 * gap)


def removal_hole(
    shape: np.ndarray, rng: np.random.Generator, size: int, limits: tuple[float, float]
) -> np.ndarray:
    """Another picture's object as a hole, grown as objects to be removed are.

    Args:
        shape: [h, w] bool, the object in its own picture.
        rng: random generator.
        size: side of the mask in pixels.
        limits: least and largest hole ratio.

    Returns:
        [size, size] uint8 in {0, 1}.
    """
    hole = object_hole(shape, rng, size, limits)
    dilation = rng.uniform(0.0, _MAX_HOLE_DILATION) * size
    grown = cv2.dilate(hole, disc(dilation))
    return grown if grown.mean() <= min(limits[1], 0.99) else hole


def _box(mask: np.ndarray, margins: np.ndarray) -> np.ndarray:
    y0, x0, y1, x1 = bounding_box(mask > 0)
    top, bottom, left, right = np.rint(margins).astype(int)
    box = np.zeros_like(mask)
    box[max(0, y0 - top) : y1 + bottom, max(0, x0 - left) : x1 + right] = 1
    return box

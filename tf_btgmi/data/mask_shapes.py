"""Shapes of holes: each function draws one mask from a NumPy random generator.

A mask is [height, width] uint8, 1 = hole. It may be empty, and its hole ratio is not
limited; `masks` draws again if necessary. Sizes are fractions of the picture's sides.
"""

import cv2
import numpy as np

from tf_btgmi.pictures.mask_arrays import bounding_box, disc

# Minimum and maximum brush width (fraction of the shorter side) and number of strokes.
THIN = ((0.015, 0.04), (2, 5))
MEDIUM = ((0.04, 0.09), (2, 5))
BROAD = ((0.09, 0.20), (1, 4))
ANY_BRUSH = ((0.02, 0.16), (1, 5))
# Minimum and maximum hole ratio of `large`.
LARGE = (0.5, 0.7)


def rectangles(
    rng: np.random.Generator,
    height: int,
    width: int,
    max_num: int = 2,
    sides: tuple[float, float] = (0.25, 0.5),
) -> np.ndarray:
    """1 to `max_num` rectangles anywhere, each side uniform in `sides` (Sec. 3.1)."""
    mask = np.zeros([height, width], np.uint8)
    for _ in range(rng.integers(1, max_num + 1)):
        rows = _pixels(rng.uniform(*sides), height)
        columns = _pixels(rng.uniform(*sides), width)
        top = rng.integers(0, height - rows + 1)
        left = rng.integers(0, width - columns + 1)
        mask[top : top + rows, left : left + columns] = 1
    return mask


def centre_square(height: int, width: int, side: float) -> np.ndarray:
    """A square in the middle, `side` times the shorter side."""
    mask = np.zeros([height, width], np.uint8)
    pixels = _pixels(side, min(height, width))
    top, left = (height - pixels) // 2, (width - pixels) // 2
    mask[top : top + pixels, left : left + pixels] = 1
    return mask


def strokes(
    rng: np.random.Generator,
    height: int,
    width: int,
    brush: tuple[tuple[float, float], tuple[int, int]] = ANY_BRUSH,
) -> np.ndarray:
    """Brush strokes: random walks of drifting direction and width, with round joints.

    Args:
        rng: random generator.
        height: rows.
        width: columns.
        brush: `ANY_BRUSH`, `THIN`, `MEDIUM`, `BROAD` or values of this form.
    """
    mask = np.zeros([height, width], np.uint8)
    widths, numbers = brush
    short = min(height, width)
    for _ in range(rng.integers(numbers[0], numbers[1] + 1)):
        num_steps = rng.integers(4, 13)
        thickness = rng.uniform(*widths) * rng.uniform(0.7, 1.4, num_steps)
        thickness = np.clip(thickness, *widths) * short
        angles = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.6, num_steps))
        lengths = rng.uniform(0.04, 0.14, num_steps) * short
        moves = np.stack([np.cos(angles), np.sin(angles)], -1) * lengths[:, None]
        start = rng.uniform(0, 1, [1, 2]) * [width, height]
        points = np.concatenate([start, start + np.cumsum(moves, 0)])
        # Strokes are mirrored at the edge of the picture.
        points = _fold(points, np.array([width - 1, height - 1]))
        _draw(mask, np.rint(points).astype(int), thickness)
    return mask


def scratches(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """1 to 8 scratches: slightly bent lines, 0.3 to 1.4 of the shorter side long."""
    mask = np.zeros([height, width], np.uint8)
    short = min(height, width)
    for _ in range(rng.integers(1, 9)):
        length, bend = rng.uniform(0.3, 1.4) * short, rng.normal(0, 0.15)
        angle, thickness = rng.uniform(0, np.pi), rng.uniform(0.004, 0.025) * short
        # A parabola along the x axis, rotated and placed at random.
        along = np.linspace(-0.5, 0.5, 17)
        curve = length * np.stack([along, bend * (1 - 4 * along**2)], -1)
        cos, sin = np.cos(angle), np.sin(angle)
        curve = curve @ [[cos, sin], [-sin, cos]]
        curve += rng.uniform(0, 1, 2) * [width, height]
        _draw(mask, np.rint(curve).astype(int), np.full(16, thickness))
    return mask


def large(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Rectangles and broad strokes alternately, up to a hole ratio of 50 to 70 %."""
    area = height * width
    target, most = rng.uniform(LARGE[0], LARGE[1] - 0.1), LARGE[1] * area
    mask = rectangles(rng, height, width, 1)
    is_stroke = True
    while np.count_nonzero(mask) < target * area:
        if is_stroke:
            added = strokes(rng, height, width, (BROAD[0], (1, 1)))
        else:
            added = rectangles(rng, height, width, 1)
        added |= mask
        if np.count_nonzero(added) <= most:
            mask = added
        is_stroke = not is_stroke
    return mask


def borders(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Outpainting: borders along 1 to 4 sides, with different widths."""
    mask = np.zeros([height, width], np.uint8)
    num_sides = rng.integers(1, 5)
    chosen = rng.permutation(4)[:num_sides]
    # More sides have narrower borders, so that enough known pixels remain.
    shares = rng.uniform(0.08, 0.5 / np.sqrt(num_sides), 4)
    for side in chosen:
        pixels = _pixels(shares[side], (height, width)[side % 2])
        edges = (mask[:pixels], mask[:, :pixels], mask[-pixels:], mask[:, -pixels:])
        edges[side][...] = 1
    return mask


def placed_object(
    rng: np.random.Generator,
    height: int,
    width: int,
    shape: np.ndarray,
    max_margin: float = 0.0,
) -> np.ndarray:
    """Places an object's shape at a random scale and position, mirrored half the time.

    Args:
        rng: random generator.
        height: rows.
        width: columns.
        shape: [rows, columns] bool, the object in its own picture. The scale is
            relative to that picture, from 1/2 to 3/2.
        max_margin: maximum dilation, as a fraction of the shorter side.

    Returns:
        The mask; a larger object is clipped to the picture.
    """
    mask = np.zeros([height, width], np.uint8)
    scale = np.exp(rng.uniform(np.log(0.5), np.log(1.5)))
    mirror, down, along = rng.random(3)
    box = bounding_box(shape)
    if box is None:
        return mask
    y0, x0, y1, x1 = box
    shown = shape[y0:y1, x0:x1]
    # One factor for both sides keeps the object's proportions.
    factor = scale * min(height / shape.shape[0], width / shape.shape[1])
    rows, columns = (max(1, int(round(side * factor))) for side in shown.shape)
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    drawn = cv2.resize(
        shown.astype(np.uint8) * 255, (columns, rows), interpolation=method
    )
    drawn = (drawn >= 128).astype(np.uint8)
    if mirror < 0.5:
        drawn = drawn[:, ::-1]
    # Inside the picture if it fits, otherwise covering it.
    top = _place(down, height - rows)
    left = _place(along, width - columns)
    y0, y1 = max(top, 0), min(top + rows, height)
    x0, x1 = max(left, 0), min(left + columns, width)
    mask[y0:y1, x0:x1] = drawn[y0 - top : y1 - top, x0 - left : x1 - left]
    if not max_margin:
        return mask
    return cv2.dilate(mask, disc(rng.uniform(0, max_margin) * min(height, width)))


def _pixels(share: float, side: int) -> int:
    return int(np.clip(round(share * side), 1, side))


def _place(share: float, room: int) -> int:
    return int(share * (abs(room) + 1)) * (1 if room >= 0 else -1)


def _fold(points: np.ndarray, limits: np.ndarray) -> np.ndarray:
    limits = np.maximum(limits, 1)
    around = np.mod(points, 2 * limits)
    return np.where(around > limits, 2 * limits - around, around)


def _draw(mask: np.ndarray, points: np.ndarray, thickness: np.ndarray) -> None:
    for step, value in enumerate(thickness):
        start, end = points[step], points[step + 1]
        pixels = max(1, int(round(value)))
        # OpenCV's thick lines have round ends, hence round joints.
        cv2.line(mask, tuple(map(int, start)), tuple(map(int, end)), 1, pixels)

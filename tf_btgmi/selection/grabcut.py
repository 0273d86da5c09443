"""GrabCut: an object found from a box, points or an earlier mask.

GrabCut (Rother, Kolmogorov and Blake, 2004; OpenCV's) divides the pixels by colour and
by edges, from a first guess:

- a box: everything outside it is background;
- points alone: the region of similar colour around each point, at the tolerance where
  its area changes least, as in maximally stable extremal regions (Matas et al., 2002);
- a mask: an earlier result, to be refined.

The picture is reduced to `WORKING_SIDE` pixels, so that time does not grow with its
size, and the outline is scaled back. Boxes are (y0, x0, y1, x1) in pixels,
end-exclusive; points are (y, x).
"""

from typing import Optional, Sequence

import cv2
import numpy as np

from tf_btgmi.pictures.mask_arrays import bounding_box

Point = tuple[float, float]
Box = tuple[float, float, float, float]

WORKING_SIDE = 400
# Around a click this share of the working side is certain.
_CLICK_RADIUS = 0.008
# Tolerances of the region around a click, in levels of Lab.
_TOLERANCES = (6, 8, 11, 15, 20, 26, 33, 41)
_SMALLEST_REGION, _LARGEST_REGION = 0.004, 0.3
# Where no region stands out: the disc around the click, as a share of the side.
_DISC_RADIUS = 0.06
# Parts smaller than this share of the largest one are specks.
_SPECK = 0.05
# Smallest object, as a share of the guess; a smaller result is discarded.
_LEFT_OF_GUESS = 0.25


def cut_out(
    image: np.ndarray,
    box: Optional[Box] = None,
    positive: Sequence[Point] = (),
    negative: Sequence[Point] = (),
    mask: Optional[np.ndarray] = None,
    certain: Optional[np.ndarray] = None,
    iterations: int = 3,
) -> np.ndarray:
    """Finds one object. The arguments are checked by `check`.

    Args:
        image: uint8 [H, W, 3].
        box: around the object.
        positive: points on the object.
        negative: points on the background.
        mask: bool [H, W], an earlier result to refine.
        certain: bool [H, W], pixels that are known to be objects; the search stays
            around the points.
        iterations: of GrabCut.

    Returns:
        uint8 [H, W], 255 on the object and 0 elsewhere.

    Raises:
        ValueError: nothing to start from, or no object found.
    """
    height, width = image.shape[:2]
    small, scale = _reduced(image)
    size = small.shape[1::-1]
    steps = np.array([size[1] / height, size[0] / width])
    inside, outside = (
        [tuple(np.minimum(np.array(p) * steps, (size[1] - 1, size[0] - 1))) for p in ps]
        for ps in (positive, negative)
    )
    mask, certain = (
        None if m is None else cv2.resize(m.astype(np.uint8), size) > 0
        for m in (mask, certain)
    )
    if box is not None:
        box = _scaled_box(box, steps, small.shape[:2])
    labels = _first_guess(small, box, inside, mask)
    guess = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))
    if certain is not None:
        labels[certain & (labels != cv2.GC_BGD)] = cv2.GC_FGD
    _mark(labels, inside, outside)
    selected = _without_specks(divide(small, labels, iterations), inside, outside)
    if inside and box is None and selected.sum() < _LEFT_OF_GUESS * guess.sum():
        # Object and surroundings look alike here; the clicks count for more.
        selected = _without_specks(guess.astype(np.uint8), inside, outside)
    if not selected.any() and box is not None:
        # The background was assumed to be uniform; the middle of the box is not.
        _guess_middle(labels, box)
        _mark(labels, inside, outside)
        selected = _without_specks(divide(small, labels, iterations), inside, outside)
    if not selected.any():
        raise ValueError(
            "No object was found there. Draw a box around all of it, or click on its "
            "middle."
        )
    if small.shape == image.shape:
        return selected * np.uint8(255)
    smooth = cv2.resize(selected * np.float32(255), (width, height), None, 0, 0)
    smooth = cv2.GaussianBlur(smooth, (0, 0), 0.4 / scale)
    return np.where(smooth >= 128, 255, 0).astype(np.uint8)


def similar_region(image: np.ndarray, point: Point) -> np.ndarray:
    """Pixels around a point that look like it and are connected to it, bool [H, W]."""
    small, scale = _reduced(image)
    y, x = (min(int(c * scale), side - 1) for c, side in zip(point, small.shape))
    region = _region_around(small, (y, x)).astype(np.uint8)
    size = image.shape[1::-1]
    return cv2.resize(region, size, interpolation=cv2.INTER_NEAREST) > 0


def divide(image: np.ndarray, labels: np.ndarray, iterations: int) -> np.ndarray:
    """GrabCut of a guess; only its surroundings are searched.

    Args:
        image: uint8 [H, W, 3].
        labels: OpenCV's, uint8 [H, W]: object, background, and likely either.
        iterations: of GrabCut.

    Returns:
        uint8 [H, W], 1 on the object and 0 elsewhere.
    """
    guess = labels != cv2.GC_BGD
    if not guess.any():
        return np.zeros(labels.shape, np.uint8)
    y0, x0, y1, x1 = bounding_box(guess)
    margin = max(8, round(0.2 * max(y1 - y0, x1 - x0)))
    area = np.s_[max(0, y0 - margin) : y1 + margin, max(0, x0 - margin) : x1 + margin]
    part = np.ascontiguousarray(labels[area])
    # Both sides need pixels to learn their colours from.
    object_like = np.isin(part, (cv2.GC_FGD, cv2.GC_PR_FGD))
    selected = np.zeros(labels.shape, np.uint8)
    if not object_like.any() or object_like.all():
        selected[area] = object_like
        return selected
    # GrabCut starts its colour models at random places.
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    pixels = np.ascontiguousarray(image[area])
    cv2.grabCut(pixels, part, None, *models, iterations, cv2.GC_INIT_WITH_MASK)
    selected[area] = np.isin(part, (cv2.GC_FGD, cv2.GC_PR_FGD))
    return selected


def _reduced(image: np.ndarray) -> tuple[np.ndarray, float]:
    """The picture at the working size, and the factor of its sides."""
    scale = min(1.0, WORKING_SIDE / max(image.shape[:2]))
    height, width = (max(2, round(length * scale)) for length in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), scale


def _first_guess(image, box, inside, mask) -> np.ndarray:
    height, width = image.shape[:2]
    labels = np.full((height, width), cv2.GC_BGD, np.uint8)
    if box is not None:
        y0, x0, y1, x1 = box
        labels[y0:y1, x0:x1] = cv2.GC_PR_FGD
        if mask is not None:
            labels[y0:y1, x0:x1][~mask[y0:y1, x0:x1]] = cv2.GC_PR_BGD
        elif not (labels == cv2.GC_BGD).any():
            # The whole picture: its edge is the only background there is.
            labels[[0, -1], :] = cv2.GC_BGD
            labels[:, [0, -1]] = cv2.GC_BGD
        return labels
    region = mask if mask is not None else np.zeros((height, width), bool)
    for point in inside:
        if not region[_pixel(point)]:
            region = region | _region_around(image, point)
    if not region.any():
        raise ValueError(
            "No click is on the object. Click on it, or draw a box around it."
        )
    # The object may extend a little beyond its guess, and no farther.
    y0, x0, y1, x1 = bounding_box(region)
    margin = max(6, round(0.25 * max(y1 - y0, x1 - x0)))
    y0, x0 = max(0, y0 - margin), max(0, x0 - margin)
    labels[y0 : y1 + margin, x0 : x1 + margin] = cv2.GC_PR_BGD
    labels[region] = cv2.GC_PR_FGD
    return labels


def _guess_middle(labels: np.ndarray, box) -> None:
    y0, x0, y1, x1 = box
    labels[y0:y1, x0:x1] = cv2.GC_PR_BGD
    centre = (x0 + x1) // 2, (y0 + y1) // 2
    axes = max(1, (x1 - x0) * 3 // 8), max(1, (y1 - y0) * 3 // 8)
    cv2.ellipse(labels, centre, axes, 0, 0, 360, int(cv2.GC_PR_FGD), -1)


def _region_around(image: np.ndarray, point: Point) -> np.ndarray:
    """Pixels that are connected to a point and look like it, bool."""
    smooth = cv2.bilateralFilter(image, 7, 40, 5)
    smooth = cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB)
    y, x = _pixel(point)
    regions = []
    for tolerance in _TOLERANCES:
        filled = np.zeros((image.shape[0] + 2, image.shape[1] + 2), np.uint8)
        flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (1 << 8)
        levels = (1.6 * tolerance, tolerance, tolerance)
        cv2.floodFill(smooth, filled, (x, y), 0, levels, levels, flags)
        regions.append(filled[1:-1, 1:-1].astype(bool))
    areas = np.array([region.mean() for region in regions])
    growth = areas[1:] / areas[:-1]
    usable = (areas[:-1] >= _SMALLEST_REGION) & (areas[1:] <= _LARGEST_REGION)
    if not usable.any():
        disc = np.zeros(image.shape[:2], np.uint8)
        radius = max(2, round(_DISC_RADIUS * max(disc.shape)))
        return cv2.circle(disc, (x, y), radius, 1, -1) > 0
    return regions[int(np.where(usable, growth, np.inf).argmin())]


def _mark(labels: np.ndarray, inside, outside) -> None:
    radius = max(1, round(_CLICK_RADIUS * max(labels.shape)))
    for points, label in ((inside, cv2.GC_FGD), (outside, cv2.GC_BGD)):
        for point in points:
            y, x = _pixel(point)
            cv2.circle(labels, (x, y), radius, int(label), -1)


def _without_specks(selected: np.ndarray, inside, outside) -> np.ndarray:
    """Keeps the clicked parts, or the large ones, and closes small gaps in them."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats(selected, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    if len(areas) == 1:
        return selected
    clicked = {int(parts[_pixel(point)]) for point in inside} - {0}
    largest = areas[1:].max()
    numbers = [
        number
        for number in range(1, len(areas))
        if number in clicked or (not clicked and areas[number] >= _SPECK * largest)
    ]
    selected = np.isin(parts, numbers).astype(np.uint8)
    _, gaps, stats, _ = cv2.connectedComponentsWithStats(1 - selected, connectivity=4)
    clicked_gaps = {int(gaps[_pixel(point)]) for point in outside}
    limit = 0.01 * selected.sum()
    for number in range(1, len(stats)):
        if stats[number, cv2.CC_STAT_AREA] < limit and number not in clicked_gaps:
            selected[gaps == number] = 1
    return selected


def _pixel(point: Point) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def _scaled_box(box: Box, steps: np.ndarray, shape) -> tuple[int, int, int, int]:
    low = np.floor(np.array(box[:2]) * steps).astype(int)
    high = np.ceil(np.array(box[2:]) * steps).astype(int)
    low, high = np.maximum(low, 0), np.minimum(high, shape)
    return (*low.tolist(), *high.tolist())

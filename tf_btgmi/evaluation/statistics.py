"""Means over pictures, their bootstrap intervals, and paired differences.

Pictures are drawn with replacement, the same ones for every method, so that what makes
a picture hard for all of them falls out of the differences. Intervals are percentile
intervals over the draws, of 95 %.
"""

from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from tf_btgmi.metrics.picture_scores import psnr

NUM_DRAWS = 2000
LEVEL = 0.95
_SEED = 0
# Draws held in memory at once: a number a picture each.
_CHUNK = 100


class Estimate(NamedTuple):
    """A value and its interval; no interval where one picture is all there is."""

    value: float
    low: Optional[float]
    high: Optional[float]

    @property
    def excludes_zero(self) -> bool:
        """Whether there is an interval, and 0 is not in it."""
        return self.low is not None and (self.low > 0 or self.high < 0)


def estimates(
    values: np.ndarray, is_psnr: List[bool], baseline: int
) -> Tuple[List[List[Estimate]], List[List[Estimate]]]:
    """Values and differences of every method in every measure.

    Args:
        values: [n, num_methods, num_measures], n at least 1, finite. Where `is_psnr`
            these are mean squared errors.
        is_psnr: of each measure, whether it is told in decibels.
        baseline: position of the method that the others are compared with.

    Returns:
        The estimates, and those of the method minus the baseline: a list a method of a
        list a measure.

    Raises:
        ValueError: no pictures, or a value that is not finite.
    """
    num, num_methods, num_measures = values.shape
    if not num or not np.isfinite(values).all():
        raise ValueError("Estimates need at least one picture, and finite values only.")
    decibels = np.array(is_psnr, bool)
    centre = _told(values.mean(axis=0), decibels)
    draws = _told(_draw_means(values), decibels)
    return (
        _with_intervals(centre, draws, num),
        _with_intervals(
            centre - centre[baseline], draws - draws[:, baseline][:, None], num
        ),
    )


def by_hole_ratio(ratios: np.ndarray) -> Dict[str, np.ndarray]:
    """Positions of the pictures in each tenth of the hole ratio; none is empty.

    Args:
        ratios: [n] in (0, 1).

    Returns:
        By label, "0-10" to "50-60" (percent, upper end included) and "60-100".
    """
    tenths = np.ceil(np.round(np.asarray(ratios) * 10.0, 9)).astype(int)
    bins = {}
    for upper in range(1, 7):
        bins[f"{10 * upper - 10}-{10 * upper}"] = np.flatnonzero(tenths == upper)
    bins["60-100"] = np.flatnonzero(tenths > 6)
    return {label: places for label, places in bins.items() if places.size}


def _told(means: np.ndarray, decibels: np.ndarray) -> np.ndarray:
    told = means.copy()
    told[..., decibels] = psnr(means[..., decibels])
    return told


def _draw_means(values: np.ndarray) -> np.ndarray:
    num = len(values)
    flat = values.reshape(num, -1)
    rng = np.random.default_rng(_SEED)
    means = []
    for _ in range(NUM_DRAWS // _CHUNK):
        counts = rng.multinomial(num, np.full(num, 1.0 / num), size=_CHUNK)
        means.append(counts @ flat / num)
    return np.concatenate(means).reshape(-1, *values.shape[1:])


def _with_intervals(centre, draws, num) -> List[List[Estimate]]:
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.quantile(draws, [tail, 1.0 - tail], axis=0)
    if num < 2:
        return [[Estimate(float(v), None, None) for v in row] for row in centre]
    return [
        [Estimate(*map(float, triple)) for triple in zip(*rows)]
        for rows in zip(centre, low, high)
    ]

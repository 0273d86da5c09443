"""Preference rates of the methods, and their ranking, from independent answers."""

import collections
from statistics import NormalDist
from typing import NamedTuple, Optional, Sequence

import numpy as np
from scipy import stats

LEVEL = 0.95
NO_DIFFERENCE = "no difference"
_Z = NormalDist().inv_cdf(0.5 + LEVEL / 2.0)
_NUM_ITERATIONS = 200
_TOLERANCE = 1e-10


class Comparison(NamedTuple):
    """Methods that were shown side by side, and the preferred one or None."""

    methods: tuple[str, ...]
    winner: Optional[str]


class Rate(NamedTuple):
    """A rate with its Wilson confidence interval; None without any answer."""

    count: int
    num: int
    value: Optional[float]
    low: Optional[float]
    high: Optional[float]


class Strength(NamedTuple):
    """Logarithmic strength of a method; the mean of all methods is 0."""

    value: float
    low: float
    high: float

    @property
    def chance(self) -> float:
        """Probability of being preferred to a method of strength 0."""
        return float(1.0 / (1.0 + np.exp(-self.value)))


def wilson(count: int, num: int) -> Rate:
    """The rate `count / num` with its 95 % confidence interval (Wilson 1927)."""
    if not num:
        return Rate(count, num, None, None, None)
    result = stats.binomtest(count, num)
    interval = result.proportion_ci(LEVEL, method="wilson")
    return Rate(count, num, count / num, *map(float, interval))


def preference_rates(
    comparisons: Sequence[Comparison],
) -> dict[tuple[str, ...], dict[str, Rate]]:
    """Rates of each method and of `NO_DIFFERENCE`, by the compared methods."""
    counts = _counts(comparisons)
    rates = {}
    for methods in sorted(counts):
        num = sum(counts[methods].values())
        rates[methods] = {
            name or NO_DIFFERENCE: wilson(counts[methods][name], num)
            for name in (*methods, None)
        }
    return rates


def bradley_terry(
    comparisons: Sequence[Comparison], methods: Sequence[str]
) -> dict[str, Strength]:
    """Strengths of the methods, the strongest first.

    The model of Bradley and Terry 1952, with Luce's rule for more than two methods: the
    probability of being preferred is a method's share of the strengths shown. No
    difference is an equal part of a win for each. One additional comparison per method,
    half won, with a method of strength 1 keeps all strengths finite. Estimated by
    Newton's method; 95 % confidence intervals are from the curvature of the likelihood.

    Args:
        comparisons: comparisons of `methods`; may be empty.
        methods: at least one.
    """
    shown, wins, nums = _tables(comparisons, methods)
    strengths = np.zeros(len(methods))
    for _ in range(_NUM_ITERATIONS):
        weights = np.exp(strengths)
        chances = shown * weights / (shown @ weights)[:, None]
        against_one = weights / (1.0 + weights)
        slope = wins + 0.5 - nums @ chances - against_one
        curvature = np.diag(nums @ chances + against_one * (1.0 - against_one))
        curvature -= chances.T @ (chances * nums[:, None])
        # The likelihood has one maximum; limited steps do not overshoot it.
        step = np.clip(np.linalg.solve(curvature, slope), -1.0, 1.0)
        strengths = strengths + step
        if np.abs(step).max() < _TOLERANCE:
            break
    # Covariance of differences to the mean, which are reported.
    centring = np.eye(len(methods)) - 1.0 / len(methods)
    covariance = centring @ np.linalg.inv(curvature) @ centring
    values = centring @ strengths
    reach = _Z * np.sqrt(np.clip(np.diag(covariance), 0.0, None))
    ranking = {
        name: Strength(*map(float, (value, value - r, value + r)))
        for name, value, r in zip(methods, values, reach)
    }
    return dict(sorted(ranking.items(), key=lambda item: (-item[1].value, item[0])))


def _counts(comparisons) -> dict[tuple[str, ...], collections.Counter]:
    counts = collections.defaultdict(collections.Counter)
    for methods, winner in comparisons:
        counts[tuple(sorted(methods))][winner] += 1
    return counts


def _tables(comparisons, methods):
    """For each set of methods shown: which they are, and how often; wins by method."""
    place = {name: position for position, name in enumerate(methods)}
    counts = _counts(comparisons)
    shown = np.zeros([len(counts), len(methods)])
    nums, wins = np.zeros(len(counts)), np.zeros(len(methods))
    for row, (names, of_names) in enumerate(counts.items()):
        shown[row, [place[name] for name in names]] = 1.0
        nums[row] = sum(of_names.values())
        for winner, number in of_names.items():
            for name in names if winner is None else [winner]:
                wins[place[name]] += number / (len(names) if winner is None else 1)
    return shown, wins, nums

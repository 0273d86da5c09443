"""Means, intervals, paired differences and the parts by hole ratio."""

import numpy as np
import pytest
from scipy import stats

from tf_btgmi.evaluation.statistics import by_hole_ratio, estimates


def test_values_are_means_and_psnr_is_that_of_the_mean_error():
    values = np.array([[[1.0, 0.0]], [[3.0, 0.02]]])
    ((plain, decibels),), _ = estimates(values, [False, True], 0)
    assert plain.value == 2.0
    assert decibels.value == pytest.approx(20.0)


def test_an_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(100):
        ((estimate,),), _ = estimates(rng.normal(5, 1, (40, 1, 1)), [False], 0)
        covered += estimate.low <= 5 <= estimate.high
    assert 88 <= covered <= 99


def test_an_interval_is_as_wide_as_theory_says():
    values = np.random.default_rng(0).normal(0, 1, (400, 1, 1))
    ((estimate,),), _ = estimates(values, [False], 0)
    wanted = 2 * 1.96 * values.std() / 20
    assert estimate.high - estimate.low == pytest.approx(wanted, rel=0.08)
    assert estimate.low < estimate.value < estimate.high


def test_differences_are_paired():
    hard = np.random.default_rng(0).normal(0, 10, 50)
    values = np.stack([hard, hard + 1.0], axis=1)[..., None]
    plain, differences = estimates(values, [False], 0)
    # The pictures differ by much, the methods on each of them by the same.
    assert plain[1][0].high - plain[1][0].low > 3
    found = differences[1][0]
    assert found.value == pytest.approx(1.0)
    assert found.low == pytest.approx(1.0) and found.high == pytest.approx(1.0)
    assert found.excludes_zero and not differences[0][0].excludes_zero


def test_the_same_numbers_give_the_same_intervals():
    values = np.random.default_rng(0).random((20, 2, 2))
    assert estimates(values, [False, True], 1) == estimates(values, [False, True], 1)


def test_one_picture_has_no_interval():
    plain, differences = estimates(np.full((1, 2, 1), 0.5), [False], 0)
    assert plain[0][0] == (0.5, None, None) == plain[1][0]
    assert differences[1][0] == (0.0, None, None)
    assert not differences[1][0].excludes_zero


def test_parts_by_hole_ratio_include_their_upper_end_and_none_is_empty():
    parts = by_hole_ratio(np.array([0.001, 0.1, 0.1001, 0.3, 0.6, 0.61, 0.99]))
    assert {label: places.tolist() for label, places in parts.items()} == {
        "0-10": [0, 1],
        "10-20": [2],
        "20-30": [3],
        "50-60": [4],
        "60-100": [5, 6],
    }


def test_psnr_has_the_interval_of_the_mean_errors_that_scipy_resamples():
    errors = np.random.default_rng(3).uniform(0.001, 0.1, (30, 2, 1))
    plain = estimates(errors, [False], 0)
    decibels = estimates(errors, [True], 0)
    for mean, told in zip(plain[0], decibels[0]):
        ends = [-10 * np.log10(end) for end in (mean[0].high, mean[0].low)]
        # The same resamples; quantiles between two of them are interpolated.
        assert (told[0].low, told[0].high) == pytest.approx(ends, abs=1e-2)
    difference = errors[:, 1, 0] - errors[:, 0, 0]
    wanted = stats.bootstrap(
        (difference,),
        np.mean,
        n_resamples=20000,
        method="percentile",
        random_state=np.random.default_rng(1),
    )
    found = plain[1][1][0]
    spread = wanted.standard_error
    assert found.low == pytest.approx(wanted.confidence_interval.low, abs=spread / 8)
    assert found.high == pytest.approx(wanted.confidence_interval.high, abs=spread / 8)

"""Wilson intervals and the ranking, against numbers from elsewhere and by hand."""

import numpy as np
import pytest

from tf_btgmi.study.preferences import (
    NO_DIFFERENCE,
    Comparison,
    bradley_terry,
    preference_rates,
    wilson,
)


@pytest.mark.parametrize(
    "count, num, low, high",
    [
        # Newcombe 1998, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_of_newcombes_table(count, num, low, high):
    rate = wilson(count, num)
    assert rate.value == count / num
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=5e-5)


def test_nothing_counted_has_no_rate_and_all_stays_below_one():
    assert wilson(0, 0) == (0, 0, None, None, None)
    assert wilson(7, 7).high == pytest.approx(1.0) and 0.6 < wilson(7, 7).low < 0.7


def test_rates_are_of_the_methods_that_were_shown_together():
    answers = [("b", "a"), ("a", "b"), ("a", "b")]
    comparisons = [Comparison(shown, "a") for shown in answers]
    comparisons += [Comparison(("a", "b"), None), Comparison(("a", "b", "c"), "c")]
    rates = preference_rates(comparisons)
    assert list(rates) == [("a", "b"), ("a", "b", "c")]
    pair = {name: rate[:2] for name, rate in rates["a", "b"].items()}
    assert pair == {"a": (3, 4), "b": (0, 4), NO_DIFFERENCE: (1, 4)}
    assert rates["a", "b", "c"]["c"].count == 1


def likelihood(strengths, comparisons):
    """The logarithm, prior included, straight from the model's definition."""
    total = sum(
        np.log(s / (1 + s)) / 2 + np.log(1 / (1 + s)) / 2 for s in strengths.values()
    )
    for methods, winner in comparisons:
        shown = sum(strengths[name] for name in methods)
        for name in methods if winner is None else [winner]:
            share = len(methods) if winner is None else 1
            total += np.log(strengths[name] / shown) / share
    return total


def drawn(truth, num, num_shown, seed=0, ties=0.1):
    rng = np.random.default_rng(seed)
    comparisons = []
    for _ in range(num):
        shown = tuple(rng.choice(list(truth), num_shown, replace=False).tolist())
        weights = np.exp([truth[name] for name in shown])
        winner = str(rng.choice(shown, p=weights / weights.sum()))
        comparisons.append(Comparison(shown, None if rng.random() < ties else winner))
    return comparisons


@pytest.mark.parametrize("num_shown", [2, 3])
def test_strengths_make_the_answers_likeliest(num_shown):
    comparisons = drawn({"a": 1.0, "b": 0.0, "c": -0.5, "d": 0.2}, 120, num_shown)
    found = bradley_terry(comparisons, ["a", "b", "c", "d"])
    assert list(found)[0] == "a" and list(found)[-1] == "c"
    assert sum(f.value for f in found.values()) == pytest.approx(0.0, abs=1e-9)
    # The ranking is centred; the likelihood's own scale is found along that line.
    logs = {name: f.value for name, f in found.items()}

    def at(shift, changed=None, by=0.0):
        moved = {n: np.exp(v + shift + by * (n == changed)) for n, v in logs.items()}
        return likelihood(moved, comparisons)

    shifts = np.linspace(-0.5, 0.5, 401)
    best = shifts[np.argmax([at(shift) for shift in shifts])]
    for name in logs:
        assert at(best) > at(best, name, 0.02) and at(best) > at(best, name, -0.02)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    truth = {"a": 0.6, "b": 0.0, "c": -0.6}
    held = []
    for seed in range(150):
        found = bradley_terry(drawn(truth, 90, 2, seed, ties=0.0), list(truth))
        held += [found[n].low <= value <= found[n].high for n, value in truth.items()]
    assert 0.92 <= np.mean(held) <= 0.99


def test_who_always_wins_has_a_finite_strength_and_a_wide_interval():
    always = [Comparison(("a", "b"), "a")] * 10
    found = bradley_terry(always, ["a", "b"])
    assert list(found) == ["a", "b"]
    assert 1.0 < found["a"].value < 4.0 and found["a"].low < found["a"].value - 0.7
    assert found["a"].value == pytest.approx(-found["b"].value)
    assert found["a"].chance == pytest.approx(1 / (1 + np.exp(-found["a"].value)))


def test_no_answers_leave_all_methods_equal():
    found = bradley_terry([], ["b", "a"])
    assert {name: round(f.value, 9) for name, f in found.items()} == {"a": 0, "b": 0}
    assert all(np.isfinite(f).all() and f.low < 0 < f.high for f in found.values())

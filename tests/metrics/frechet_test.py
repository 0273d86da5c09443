"""Distances between feature sets: known values, few vectors, degenerate ones."""

import numpy as np
import pytest

from tf_btgmi.metrics.frechet import frechet_distance, kernel_distance, shrinkage


def normal(num, width=4, seed=0, scale=1.0, shift=0.0):
    return np.random.default_rng(seed).normal(shift, scale, (num, width))


def test_a_shifted_set_is_the_squared_shift_away():
    features = normal(50)
    assert frechet_distance(features, features + 3.0) == pytest.approx(36.0, abs=1e-9)


def test_a_scaled_set_has_the_distance_of_two_gaussians():
    # Of N(0, 1) and N(0, 4): (1 - 2)^2 a dimension.
    first, second = normal(200_000, 2), normal(200_000, 2, seed=1, scale=2.0)
    assert frechet_distance(first, second) == pytest.approx(2.0, abs=0.05)


def test_it_is_the_textbook_formula_where_nothing_is_shrunk():
    rng = np.random.default_rng(2)
    first = rng.normal(size=(100_000, 3)) @ rng.normal(size=(3, 3))
    second = rng.normal(size=(100_000, 3)) @ rng.normal(size=(3, 3)) + 1.0
    one, two = np.cov(first.T), np.cov(second.T)
    root = np.sqrt(np.linalg.eigvals(one @ two).astype(complex)).real.sum()
    wanted = np.square(first.mean(0) - second.mean(0)).sum()
    wanted += np.trace(one) + np.trace(two) - 2 * root
    assert frechet_distance(first, second) == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("nums", [(1, 1), (5, 9), (9, 5), (40, 12)])
def test_few_vectors_unshrunk_have_the_distance_of_their_covariances(nums):
    # A column that is always 0 changes no distance, but what it is computed by.
    first = normal(nums[0], 12) @ normal(12, 12, seed=3)
    second = normal(nums[1], 12, seed=1, shift=0.5)
    wide = [np.pad(rows, ((0, 0), (0, 40))) for rows in (first, second)]
    by_values = frechet_distance(*wide, shrunk=False)
    covariances = [
        np.cov(rows.T) if len(rows) > 1 else np.zeros([12, 12])
        for rows in (first, second)
    ]
    product = np.linalg.eigvals(covariances[0] @ covariances[1]).astype(complex)
    wanted = np.square(first.mean(0) - second.mean(0)).sum()
    wanted += sum(map(np.trace, covariances)) - 2.0 * np.sqrt(product).real.sum()
    assert by_values == pytest.approx(wanted, rel=1e-5)
    assert frechet_distance(first, second, shrunk=False) == pytest.approx(
        by_values, rel=1e-5
    )


def test_a_round_reference_does_not_round_the_other_set():
    stretched = normal(100_000, 2, seed=1) * [1.0, 3.0]
    assert frechet_distance(normal(100_000, 2), stretched) == pytest.approx(4, abs=0.1)
    assert frechet_distance(stretched, normal(100_000, 2)) == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize("num", [1, 2, 3, 10])
def test_few_vectors_of_many_dimensions_have_a_real_distance(num):
    first, second = normal(num, 256), normal(num, 256, seed=1)
    distance = frechet_distance(first, second)
    assert isinstance(distance, float) and np.isfinite(distance) and distance > 0
    assert frechet_distance(first, first) == pytest.approx(0.0, abs=1e-8)


def test_equal_vectors_are_no_trouble():
    same, zeros = np.ones((5, 8)), np.zeros((5, 8))
    assert frechet_distance(same, same) == 0.0
    assert frechet_distance(same, zeros) == pytest.approx(8.0)
    assert kernel_distance(same, same) == pytest.approx(0.0, abs=1e-12)


def test_shrinkage_goes_from_one_to_nothing():
    assert shrinkage(normal(1)) == 1.0
    stretched = np.array([1.0, 2.0, 3.0, 4.0])
    few, many = shrinkage(normal(5) * stretched), shrinkage(normal(50_000) * stretched)
    assert 0.05 < few <= 1.0 and many < 0.001


def test_shrinkage_agrees_with_its_definition():
    features = normal(12, 3, seed=4) * [1.0, 2.0, 3.0]
    centred = features - features.mean(0)
    covariance = centred.T @ centred / 12
    target = np.trace(covariance) / 3 * np.eye(3)
    noise = [np.square(np.outer(x, x) - covariance).sum() for x in centred]
    wanted = np.mean(noise) / 12 / np.square(covariance - target).sum()
    assert shrinkage(features) == pytest.approx(min(wanted, 1.0), abs=1e-12)


def test_kernel_distance_agrees_with_sums_over_pairs():
    first, second = normal(5, 3), normal(4, 3, seed=1)

    def kernel(a, b):
        return (a @ b / 3 + 1) ** 3

    def within(vectors):
        pairs = [(a, b) for a in range(len(vectors)) for b in range(len(vectors))]
        return np.mean([kernel(vectors[a], vectors[b]) for a, b in pairs if a != b])

    between = np.mean([kernel(a, b) for a in first for b in second])
    wanted = within(first) + within(second) - 2 * between
    assert kernel_distance(first, second) == pytest.approx(wanted, abs=1e-12)


def test_kernel_distance_of_paired_equal_sets_is_zero():
    features = normal(30, 8)
    assert kernel_distance(features, features, paired=True) == pytest.approx(
        0, abs=1e-12
    )
    assert kernel_distance(features, features + 1.0, paired=True) > 0.1


def test_kernel_distance_is_the_same_in_blocks(monkeypatch):
    first, second = normal(10, 3), normal(10, 3, seed=1)
    whole = kernel_distance(first, second, paired=True)
    monkeypatch.setattr("tf_btgmi.metrics.frechet._BLOCK", 3)
    blocks = kernel_distance(first, second, paired=True)
    assert blocks == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize(
    "first, second, text",
    [
        (np.zeros((0, 4)), normal(3), "n at least 1"),
        (np.full((2, 4), np.nan), normal(3), "finite"),
        (normal(3), normal(3, 5), "one width"),
        (normal(3), np.zeros(4), "n, d"),
    ],
)
def test_wrong_sets_are_named(first, second, text):
    with pytest.raises(ValueError, match=text):
        frechet_distance(first, second)


def test_kernel_distance_needs_two_vectors():
    with pytest.raises(ValueError, match="at least 2"):
        kernel_distance(normal(1), normal(1, seed=1))
    with pytest.raises(ValueError, match="as many"):
        kernel_distance(normal(3), normal(4), paired=True)

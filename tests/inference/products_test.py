"""The exhaustive search by TensorFlow finds what NumPy finds."""

import os

import numpy as np
import pytest

from tf_btgmi.inference import network, products


# Whole numbers, so that no sum is rounded; 300 rows are more than one batch.
@pytest.mark.parametrize("num_rows", [0, 1, 300])
@pytest.mark.parametrize("num_groups, size", [(1, 7), (3, 5)])
def test_the_smallest_product_of_each_group_is_found(num_rows, num_groups, size, rng):
    factors = rng.integers(-9, 10, (num_rows, 11)).astype(np.float32)
    terms = rng.integers(-9, 10, (num_groups * size, 11)).astype(np.float32)
    best = products.smallest(factors, terms, num_groups)
    expected = [
        (factors @ group.T).argmin(axis=1) for group in np.split(terms, num_groups)
    ]
    np.testing.assert_array_equal(best, expected)


def test_the_process_is_claimed_because_tensorflow_runs(monkeypatch):
    rows = np.ones((1, 1), np.float32)
    monkeypatch.setattr(network, "_owner", None)
    products.smallest(rows, rows)
    assert network._owner == os.getpid()
    monkeypatch.setattr(network, "_owner", os.getpid() + 1)
    with pytest.raises(RuntimeError, match="forked"):
        products.smallest(rows, rows)

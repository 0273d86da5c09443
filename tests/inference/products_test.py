"""The exhaustive search by TensorFlow finds what NumPy finds."""

import numpy as np
import pytest

from tf_btgmi.inference import products


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

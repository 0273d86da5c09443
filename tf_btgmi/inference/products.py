"""Smallest inner products: the costly part of an exhaustive patch search."""

import numpy as np

from tf_btgmi.inference.network import claim_process

# Rows multiplied at once; more would not fit the processor's cache.
_BATCH = 256


def smallest(factors: np.ndarray, terms: np.ndarray, num_groups: int = 1) -> np.ndarray:
    """For each row of factors, the row of terms with the smallest inner product.

    TensorFlow multiplies, because NumPy's matrix product is four times slower on
    processors that its BLAS does not know (NumPy 1.26 on a recent Xeon). Always on the
    CPU: GPUs may round to TF32.

    Args:
        factors: float32 [B, K].
        terms: float32 [G * N, K], in groups of N.
        num_groups: G, the number of groups.

    Returns:
        int64 [G, B], the best row of each group, counted within the group.

    Raises:
        RuntimeError: TensorFlow has run in the parent of this forked process.
    """
    claim_process()
    # TensorFlow takes seconds to import, and programs read their flags before.
    import tensorflow as tf

    shape = (-1, num_groups, len(terms) // num_groups)
    best = np.empty((num_groups, len(factors)), np.int64)
    with tf.device("CPU"):
        terms = tf.constant(terms)
        for start in range(0, len(factors), _BATCH):
            part = slice(start, start + _BATCH)
            products = tf.matmul(factors[part], terms, transpose_b=True)
            best[:, part] = np.asarray(products).reshape(shape).argmin(axis=2).T
    return best

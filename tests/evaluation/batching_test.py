"""Batches of limited memory."""

import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.evaluation import batching


def pictures(num):
    return [np.full((4, 4, 3), value, np.uint8) for value in range(num)]


def network(room, seen):
    def run(batch):
        seen.append(len(batch))
        if len(batch) > room:
            raise tf.errors.ResourceExhaustedError(None, None, "no room")
        return batch[:, 0, 0, :1].astype(np.float32)

    return run


@pytest.mark.parametrize(
    "bytes_each, sizes",
    [(1, [64, 6]), (batching.BATCH_BYTES // 30, [30, 30, 10]), (2**40, [1] * 70)],
)
def test_every_picture_is_seen_once_and_in_order(bytes_each, sizes):
    seen = []
    found = batching.in_batches(network(64, seen), pictures(70), bytes_each)
    np.testing.assert_array_equal(found[:, 0], np.arange(70))
    assert seen == sizes


def test_a_batch_without_room_is_halved_until_it_fits():
    seen = []
    found = batching.in_batches(network(3, seen), pictures(8), 1)
    np.testing.assert_array_equal(found[:, 0], np.arange(8))
    assert seen == [8, 4, 2, 2, 2, 2]
    with pytest.raises(tf.errors.ResourceExhaustedError):
        batching.in_batches(network(0, []), pictures(2), 1)

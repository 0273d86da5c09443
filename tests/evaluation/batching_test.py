"""Batches follow the memory there is."""

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


def test_every_picture_is_seen_once_and_in_order(monkeypatch):
    monkeypatch.setattr(batching, "free_memory", lambda: 4 * 1000)
    seen = []
    found = batching.in_batches(network(64, seen), pictures(8), 333)
    np.testing.assert_array_equal(found[:, 0], np.arange(8))
    # A quarter of what is free has room for three.
    assert seen == [3, 3, 2]


def test_a_batch_without_room_is_halved_until_it_fits(monkeypatch):
    monkeypatch.setattr(batching, "free_memory", lambda: 2**40)
    seen = []
    found = batching.in_batches(network(3, seen), pictures(8), 1)
    np.testing.assert_array_equal(found[:, 0], np.arange(8))
    assert seen == [8, 4, 2, 2, 2, 2]
    with pytest.raises(tf.errors.ResourceExhaustedError):
        batching.in_batches(network(0, []), pictures(2), 1)


@pytest.mark.parametrize("free, size", [(0, 1), (4000, 1), (8000, 2), (2**40, 64)])
def test_the_size_stays_within_one_and_sixty_four(monkeypatch, free, size):
    monkeypatch.setattr(batching, "free_memory", lambda: free)
    assert batching.batch_size(1000) == size


def test_a_system_that_does_not_tell_gets_a_few(monkeypatch, tmp_path):
    monkeypatch.setattr(batching, "_MEMINFO", str(tmp_path / "none"))
    assert batching.free_memory() is None
    assert batching.batch_size(1) == 8


def test_the_limit_of_a_container_counts(monkeypatch, tmp_path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9000 kB\nMemAvailable:    8000 kB\n")
    monkeypatch.setattr(batching, "_MEMINFO", str(meminfo))
    monkeypatch.setattr(batching, "_CGROUP", str(tmp_path))
    assert batching.free_memory() == 8000 * 1024
    (tmp_path / "memory.max").write_text("max\n")
    assert batching.free_memory() == 8000 * 1024
    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.current").write_text("2000\n")
    assert batching.free_memory() == 3000

import pytest
import tensorflow as tf

from tf_btgmi.data.batch_slice import batch_slice


def test_one_pipeline_has_every_example():
    own = batch_slice(6)
    assert [own.index(position) for position in range(14)] == list(range(14))


def test_slices_are_contiguous_and_together_the_global_batch():
    slices = [batch_slice(6, tf.distribute.InputContext(3, i, 3)) for i in range(3)]
    assert [[own.index(p) for p in range(4)] for own in slices] == [
        [0, 1, 6, 7],
        [2, 3, 8, 9],
        [4, 5, 10, 11],
    ]
    for own in slices:
        indices = {own.index(p) for p in range(4)}
        assert {i for i in range(12) if own.owns(i)} == indices


def test_positions_start_at_the_step():
    own = batch_slice(6, tf.distribute.InputContext(2, 1, 2))
    positions = own.positions(start_step=5, num_steps=2)
    assert [int(p) for p in positions] == [15, 16, 17, 18, 19, 20]
    assert own.index(15) == 33


def test_a_batch_that_cannot_be_divided_is_refused():
    with pytest.raises(ValueError, match=r"\(7\) must be a multiple .* \(2\)"):
        batch_slice(7, tf.distribute.InputContext(2, 0, 2))

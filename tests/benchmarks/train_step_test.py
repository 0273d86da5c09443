import pytest

from benchmarks import train_step
from tf_btgmi.config import Config

VALUES = [["float32", "mixed_bfloat16"], [128, 64], [8], [0], [1, 2]]


def test_each_further_value_makes_a_row_in_which_only_it_differs():
    rows = [tuple(row.values()) for row in train_step.settings(VALUES)]
    assert rows == [
        ("float32", 128, 8, 0, 1),
        ("mixed_bfloat16", 128, 8, 0, 1),
        ("float32", 64, 8, 0, 1),
        ("float32", 128, 8, 0, 2),
    ]


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"jit": 2}, "--jit must be 0 or 1"),
        ({"replicas": 3}, "A batch of 8 cannot be split over 3"),
        ({"sizes": 100}, "image_size"),
    ],
)
def test_a_row_that_cannot_be_measured_is_refused_first(changes, message):
    (row,) = train_step.settings([[axis[0]] for axis in VALUES])
    with pytest.raises(ValueError, match=message):
        train_step.check(Config(), {**row, **changes})


def test_a_config_is_copied_before_it_is_changed():
    config = Config()
    row = {"precisions": "mixed_bfloat16", "sizes": 64, "batches": 2}
    assert train_step.changed(config, row).data.global_batch_size == 2
    assert config == Config()

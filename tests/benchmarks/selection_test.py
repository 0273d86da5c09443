import numpy as np

from benchmarks import selection


def test_figures_are_rounded_to_what_can_be_read_from_them():
    shares = np.array([0.70049, 0.80051, 0.90051])
    assert selection.summary("box_iou", shares) == "0.801 [0.700, 0.901], median 0.801"
    milliseconds = np.array([80.4444, 80.4444, 83.4444])
    found = selection.summary("milliseconds", milliseconds)
    assert found == "81 [80, 83], median 80"
    found = selection.summary("clicks", np.array([1, 2, 4]))
    assert found == "2.3 [1.0, 4.0], median 2.0"

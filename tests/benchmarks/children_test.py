import pytest

from benchmarks import children
from tf_btgmi.cli import program


def test_a_child_says_what_its_function_returns_and_its_peak_of_memory():
    found = children.call("benchmarks.operations", "operation_counts", batch_size=2)
    assert found["3x3, 96 channels"] == 2 * (9 * 96 * 96) * (2 * 32 * 32)
    # Transposed, it is applied at the pixels of its input.
    assert found["transposed 3x3, 96 to 48"] == 2 * (9 * 96 * 48) * (2 * 32 * 32)
    # Python and NumPy alone.
    assert 5 < found["peak_mib"] < 2000


def test_a_child_that_fails_is_told_with_its_last_line():
    with pytest.raises(program.ProgramFailure, match="ended with 1: .*no_such"):
        children.call("benchmarks.timing", "no_such")

import pytest

from benchmarks import children
from tf_btgmi.cli import program


def test_a_child_returns_the_functions_result_and_its_peak_of_memory():
    found = children.call("benchmarks.timing", "medians", seconds={"a": [3, 1, 2]})
    assert found.pop("a") == 2
    # Python and its standard library alone.
    assert 5 < found.pop("peak_mib") < 2000
    assert not found


def test_a_failed_child_is_reported_with_its_last_line():
    with pytest.raises(program.ProgramFailure, match="ended with 1: .*no_such"):
        children.call("benchmarks.timing", "no_such")

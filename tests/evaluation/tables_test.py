"""Numbers as text."""

import pytest

from tf_btgmi.evaluation.tables import Cell, Table, number, to_markdown


@pytest.mark.parametrize(
    "value, digits, signed, text",
    [
        (1.2345, 2, False, "1.23"),
        (-1.5, 1, False, "−1.5"),
        (-0.0001, 2, True, "0.00"),
        (0.0, 3, True, "0.000"),
        (0.25, 2, True, "+0.25"),
        (100.0, 2, False, "100.00"),
    ],
)
def test_numbers_have_real_minus_signs_and_no_negative_zero(
    value, digits, signed, text
):
    assert number(value, digits, signed) == text


def test_markdown_has_bold_intervals_and_no_stray_bars():
    rows = [[Cell("a|b"), Cell("1.0", True, "[0.5, 1.5]")]]
    lines = to_markdown([Table("T", "Note.", ["method", "L1"], rows)]).splitlines()
    assert lines[0] == "## T" and lines[4] == "| method | L1 |"
    assert lines[5:] == ["|---|---:|", "| a\\|b | **1.0** [0.5, 1.5] |"]

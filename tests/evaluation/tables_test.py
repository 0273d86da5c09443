"""Numbers as text."""

import pytest

from tf_btgmi.evaluation import tables
from tf_btgmi.evaluation.fid import InceptionDistances
from tf_btgmi.evaluation.statistics import Estimate
from tf_btgmi.evaluation.summary import Cost, Group, SetDistances, Summary
from tf_btgmi.evaluation.tables import Cell, Table, number, to_markdown
from tf_btgmi.evaluation.tasks import INPAINTING

SETTINGS = {
    "mask_kind": "thin_strokes",
    "seed": 0,
    "metric_version": "1",
    "image_size": 32,
}


@pytest.fixture
def summary():
    """Of two methods: the numbers of `high` are larger, which is not always better."""
    values = {"low": Estimate(0.5, 0.4, 0.6), "high": Estimate(0.75, 0.6, 0.9)}
    differences = {"low": Estimate(0.0, 0.0, 0.0), "high": Estimate(0.25, 0.1, 0.4)}
    names = [metric.name for metric in INPAINTING.metrics]
    by_method = [
        {method: dict.fromkeys(names, estimate) for method, estimate in each.items()}
        for each in (values, differences)
    ]
    distances = {"low": SetDistances(0.25, 0.0015), "high": SetDistances(0.5, None)}
    costs = {"low": Cost(None, None), "high": Cost(Estimate(12, 9, 17), 2_500_000)}
    methods = {"low": "l", "high": "h"}
    fid = InceptionDistances("means", {"low": 12.5, "high": 25.0})
    groups = [Group("all", 3, *by_method)]
    parts = groups, {"features": distances}, fid, {}, [], [], [], costs
    return Summary(SETTINGS, methods, "low", *parts)


def test_one_picture_has_no_interval(summary):
    several = tables.totals(summary)
    only = [group._replace(num=1) for group in summary.groups]
    single = tables.totals(summary._replace(groups=only))
    assert all("intervals over 3 pictures" in table.note for table in several)
    note = "1 picture, without intervals; the best is bold."
    assert {table.note for table in single} == {note}


def test_the_best_is_bold_whichever_way_is_better(summary):
    for table, metrics in zip(
        tables.totals(summary), (INPAINTING.inside, INPAINTING.whole)
    ):
        low, high = table.rows
        for place, metric in enumerate(metrics, 1):
            bold = low[place].strong, high[place].strong
            assert bold == (not metric.higher_is_better, metric.higher_is_better)


def test_a_difference_is_called_better_whichever_way_that_is(summary):
    for table, metrics in zip(
        tables.differences(summary), (INPAINTING.inside, INPAINTING.whole)
    ):
        (row,) = table.rows
        assert row[0].text == "high"
        for cell, metric in zip(row[1:], metrics):
            verdict = "better" if metric.higher_is_better else "worse"
            assert (cell.strong, cell.verdict) == (True, verdict)


def test_distances_and_costs_have_the_units_of_their_headings(summary):
    _, whole = tables.totals(summary)
    place = whole.headings.index("FAD, AlexNet ↓")
    assert whole.headings[place + 1 : place + 3] == ["KID × 1000, AlexNet ↓", "FID ↓"]
    texts = [[cell.text for cell in row[place : place + 3]] for row in whole.rows]
    assert texts == [["0.2500", "1.500", "12.50"], ["0.5000", "–", "25.00"]]
    (costs,) = tables.costs(summary)
    assert costs.headings[1:3] == ["ms per picture", "MB"]
    assert [cell.text for cell in costs.rows[0][:3]] == ["low", "–", "–"]
    times, size = costs.rows[1][1:3]
    assert (times.text, times.detail, size.text) == ("12.0", "[9.0, 17.0]", "2.50")


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

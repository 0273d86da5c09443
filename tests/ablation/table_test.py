"""The ablation's numbers, by hand."""

import math

import pytest

from tf_btgmi.ablation.table import numbers, tables, to_json
from tf_btgmi.evaluation.tables import to_markdown

NAMES = ["a", "b"]


def row(lpips, hole_l1, hole_l2):
    return {
        "lpips": lpips,
        "box_lpips": 2 * lpips,
        "hole_l1": hole_l1,
        "hole_l2": hole_l2,
    }


ROWS = {
    "base-seed0": {"a": row(0.1, 0.2, 0.1), "b": row(0.3, 0.4, 0.1)},
    "base-seed1": {"a": row(0.2, 0.2, 0.1), "b": row(0.4, 0.4, 0.1)},
    # LPIPS 0.1 above the base with either seed; L1 above it with one of them only.
    "l1-seed0": {"a": row(0.2, 0.3, 0.01), "b": row(0.4, 0.5, 0.01)},
    "l1-seed1": {"a": row(0.3, 0.15, 0.01), "b": row(0.5, 0.35, 0.01)},
}


@pytest.fixture
def found():
    return numbers(ROWS, NAMES, ["base", "l1"], [0, 1])


def test_the_judge_is_reported_where_every_training_has_it(found):
    assert "lpips_vgg" not in found["base"].values
    judged = {"lpips_vgg": 2.0, "box_lpips_vgg": 3.0}
    rows = {
        run: {name: {**row, **judged} for name, row in by_name.items()}
        for run, by_name in ROWS.items()
    }
    with_judge = numbers(rows, NAMES, ["base", "l1"], [0, 1])
    assert with_judge["l1"].values["lpips_vgg"].value == 2.0
    assert with_judge["l1"].values["lpips"] == found["l1"].values["lpips"]
    first, second = (tables(n, 2, [0, 1], "masks") for n in (found, with_judge))
    assert "LPIPS-VGG ↓" not in first[0].headings
    assert second[0].headings[2:4] == ["LPIPS-VGG ↓", "LPIPS-VGG of the hole's box ↓"]
    del rows["l1-seed1"]["b"]["lpips_vgg"]
    assert "lpips_vgg" not in numbers(rows, NAMES, ["base", "l1"], [0, 1])["l1"].values


def test_values_are_means_over_seeds_and_pictures(found):
    assert found["base"].values["lpips"].value == pytest.approx(0.25)
    assert found["base"].values["box_lpips"].value == pytest.approx(0.5)
    assert found["l1"].values["hole_l1"].value == pytest.approx(0.325)
    # Of the mean squared error.
    assert found["l1"].values["hole_psnr"].value == pytest.approx(20.0)
    assert found["base"].values["hole_psnr"].value == pytest.approx(10.0)


def test_intervals_are_over_pictures(found):
    low, high = found["base"].values["lpips"][1:]
    assert (low, high) == pytest.approx((0.15, 0.35))


def test_differences_are_paired_and_told_for_each_seed(found):
    difference = found["l1"].differences["lpips"]
    assert difference == pytest.approx((0.1, 0.1, 0.1))
    assert found["l1"].by_seed["lpips"] == pytest.approx([0.1, 0.1])
    assert found["l1"].by_seed["hole_l1"] == pytest.approx([0.1, -0.05])
    assert found["l1"].differences["hole_l1"].value == pytest.approx(0.025)
    # Wherever the base stands among the arms.
    assert numbers(ROWS, NAMES, ["l1", "base"], [0, 1]) == found


def test_a_difference_is_clear_where_the_seeds_agree_too(found):
    assert found["l1"].is_clear("lpips")
    assert found["l1"].differences["hole_l1"].excludes_zero
    assert not found["l1"].is_clear("hole_l1")


def test_the_tables_show_both_and_bold_what_is_clear(found):
    text = to_markdown(tables(found, 2, [0, 1], "rectangles, seed 0"))
    assert "| base | the method | " in text
    assert "| l1 | L1 in place of PPL | " in text
    assert text.count(" | 2 | rectangles, seed 0 |") == 3
    (line,) = [line for line in text.splitlines() if line.startswith("| l1 | ")][1:]
    assert "**+0.1000** [+0.1000, +0.1000] (+0.1000, +0.1000)" in line
    assert "| +0.0250 [+0.0250, +0.0250] (+0.1000, −0.0500) |" in line


def test_json_has_the_changes_and_every_seed(found):
    tree = to_json(found)["l1"]
    assert tree["changes"] == {"losses.reconstruction": "l1"}
    assert tree["differences"]["lpips"]["clear"] is True
    assert tree["differences"]["hole_l1"]["by_seed"] == pytest.approx([0.1, -0.05])
    assert math.isclose(tree["values"]["hole_psnr"]["value"], 20.0)


def test_one_picture_has_numbers_without_intervals():
    one = {name: {"a": rows["a"]} for name, rows in ROWS.items()}
    found = numbers(one, ["a"], ["base", "l1"], [0, 1])
    assert found["l1"].differences["lpips"].low is None
    assert not found["l1"].is_clear("lpips")
    assert "**" not in to_markdown(tables(found, 1, [0, 1], "rectangles, seed 0"))


def test_the_base_alone_is_compared_with_nothing():
    found = numbers(ROWS, NAMES, ["base"], [0, 1])
    shown = tables(found, 2, [0, 1], "rectangles, seed 0")
    assert [table.title for table in shown] == ["The arms"]

"""Damaged pictures in an evaluation."""

import csv
import os

import pytest
from PIL import Image

from tests.evaluate.running import FILES, harmonization, object_masks, run, summary
from tf_btgmi import evaluate

PROGRAM_MODULE = evaluate


def damage(*names):
    for name in names:
        with open(f"photos/{name}.jpg", "r+b") as file:
            file.truncate(300)


def numbers(output):
    groups = summary(output)["methods"]["telea"]["groups"]
    return summary(output)["n"], groups, open(f"{output}/rows.csv").read()


def test_a_damaged_picture_is_skipped_by_every_method_and_reported(
    folder, capsys, caplog
):
    damage("b")
    assert run() == 0
    assert "Skipped unreadable picture 1 of photos: b (" in caplog.text
    note = "Skipped 1 unreadable picture: b."
    assert note in capsys.readouterr().out.splitlines()
    found = summary()
    assert (found["n"], found["unreadable"], found["left_out"]) == (2, ["b"], [])
    assert note in found["notes"] and note in open("out/report.html").read()
    with open("out/rows.csv", encoding="utf-8", newline="") as file:
        rows = {(row["method"], row["picture"]) for row in csv.DictReader(file)}
    assert rows == {(m, p) for m in ("telea", "mean_fill") for p in "ac"}
    # A rerun agrees; so does an evaluation without the damaged picture.
    first = [open(f"out/{name}", "rb").read() for name in FILES]
    assert run() == 0
    assert [open(f"out/{name}", "rb").read() for name in FILES] == first
    os.remove("photos/b.jpg")
    run(output="without")
    assert numbers("without") == numbers("out")
    Image.new("RGB", (48, 40)).save("photos/b.jpg")
    with pytest.raises(ValueError, match="the picture files have changed"):
        run()


def test_a_link_that_leads_nowhere_is_a_damaged_picture(folder, caplog):
    os.remove("photos/b.jpg")
    os.symlink("gone.jpg", "photos/b.jpg")
    assert run() == 0
    assert summary()["unreadable"] == ["b"] and summary()["n"] == 2
    assert "photos: b (" in caplog.text
    assert run() == 0


def test_a_page_without_truth_names_damaged_pictures(folder, capsys):
    object_masks()
    damage("b")
    assert harmonization(no_truth=True) == 0
    note = "Skipped 1 unreadable picture: b."
    assert note in open("out/report.html").read()
    assert note in capsys.readouterr().out.splitlines()
    assert sorted(os.listdir("out/composites/reinhard")) == ["a.png", "c.png"]


@pytest.mark.parametrize("names", ["bc", "abc"])
def test_many_damaged_pictures_are_an_error(folder, names):
    damage(*names)
    with pytest.raises(ValueError, match=r"\d of the 3 pictures .*more than 1%: "):
        run()


def test_results_need_not_have_the_damaged_picture_but_all_others(folder):
    damage("b")
    run(methods=["telea"])
    run(results=["theirs=out/composites/telea"], methods=["telea"])
    assert "theirs" in summary()["methods"] and summary()["n"] == 2
    os.remove("out/composites/telea/c.png")
    with pytest.raises(ValueError, match="no result for 1 picture; the first is c"):
        run(results=["others=out/composites/telea"], methods=["telea"])


def test_a_single_damaged_picture_is_an_error(folder):
    damage("a", "b", "c")
    with pytest.raises(ValueError, match="1 of the 1 pictures of photos cannot be"):
        run(limit=1)

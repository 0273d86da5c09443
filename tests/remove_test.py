"""The remove program, and files of jobs, which inpaint and harmonize take as well."""

import functools
import os

import numpy as np
import pytest
from PIL import Image

from tests.programs import loads, red, run_main, write_pairs
from tf_btgmi import loading, remove
from tf_btgmi.cli import program
from tf_btgmi.inference.holes import dilated
from tf_btgmi.inference.predictor import Predictor

PROGRAM_MODULE = remove
run = functools.partial(run_main, remove)
SIZE = (300, 200)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Two pictures and the masks of their objects; a predictor that fills red."""
    monkeypatch.chdir(tmp_path)
    loads(monkeypatch, Predictor(red, 32))
    values, mask = write_pairs("ab", SIZE, np.s_[50:60, 70:80])
    return values, mask > 0


def changed(path, values):
    with Image.open(path) as stored:
        return (np.array(stored) != values).any(axis=-1)


def one(name, **values):
    output = f"{len(os.listdir('.'))}.png"
    paths = {"image": f"photos/{name}.png", "mask": f"masks/{name}.png"}
    assert run(**paths, output=output, **values) == 0
    return output


def test_an_object_is_grown_by_a_share_of_the_shorter_side(files):
    values, mask = files
    # 1.5 % of 200 pixels.
    np.testing.assert_array_equal(changed(one("a"), values), dilated(mask, 3))


def test_mask_dilation_is_in_pixels_and_may_be_nothing(files):
    values, mask = files
    for pixels in (0, 7):
        output = one("a", mask_dilation=pixels)
        np.testing.assert_array_equal(changed(output, values), dilated(mask, pixels))


def test_an_inverted_mask_has_no_sense_with_a_box(files):
    del files
    with pytest.raises(ValueError, match="--mask_invert is for --mask"):
        run(image="photos/a.png", box="1,2,9,9", output="new.png", mask_invert=True)


@pytest.mark.parametrize("retouched", [True, False])
def test_fills_are_retouched_unless_told_otherwise(files, monkeypatch, retouched):
    asked = []
    predictor = Predictor(red, 32)
    monkeypatch.setattr(
        loading, "load", lambda *place: asked.append(place) or predictor
    )
    one("a", retouched=retouched)
    assert asked == [(None, "inpainted", retouched)]


def test_folders_work(files, capsys):
    assert run(image="photos", mask="masks", output="done") == 0
    assert sorted(os.listdir("done")) == ["a.png", "b.png"]
    assert "2 done, 0 skipped, 0 failed" in capsys.readouterr().out


def write_jobs(*lines, folder="."):
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/jobs.csv", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return f"{folder}/jobs.csv"


def test_jobs_take_their_paths_from_the_folder_of_the_file(files):
    values, mask = files
    path = write_jobs(
        "image,mask,output,mask_dilation",
        "../photos/a.png,../masks/a.png,done/a.png,0",
        "../photos/b.png,../masks/b.png,done/b.png,",
        folder="batch",
    )
    assert run(jobs=path, mask_dilation=5) == 0
    for name, pixels in (("a", 0), ("b", 5)):
        found = changed(f"batch/done/{name}.png", values)
        np.testing.assert_array_equal(found, dilated(mask, pixels))


@pytest.mark.parametrize(
    "row, words",
    [
        ("photos/none.png,masks/b.png,b.png,", "none.png: No such file or directory"),
        ("photos/b.png,,b.png,", "Exactly one of mask and box must be given"),
        (
            "photos/b.png,masks/b.png,b.png,many",
            "mask_dilation: 'many' is not",
        ),
        (
            "photos/b.png,masks/b.png,a.png,",
            "a.png is the output of an earlier job",
        ),
        ("photos/b.png,masks/b.png,photos/a.png,", "would replace the input"),
        ("photos/b.png,masks/b.png,masks/a.png,", "would replace the input"),
        ("photos/b.png,masks/b.png,b.gif,", "the file extension is .gif"),
        ("photos/b.png,masks/b.png,photos/b.png/c.png,", "photos/b.png"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_is_done(files, capsys, row, words):
    path = write_jobs(
        "image,mask,output,mask_dilation",
        "photos/a.png,masks/a.png,a.png,",
        row,
        "photos/b.png,masks/b.png,last.png,",
    )
    assert run(jobs=path) == 1
    captured = capsys.readouterr()
    (line,) = [x for x in captured.err.splitlines() if "jobs.csv" in x]
    assert line.startswith("jobs.csv, line 3: ") or "./jobs.csv, line 3: " in line
    assert __import__("re").search(words, line), line
    assert captured.out == "2 done, 0 skipped, 1 failed, 0 unmatched.\n"
    assert os.path.exists("a.png") and os.path.exists("last.png")


def test_jobs_stand_alone(files):
    path = write_jobs("image,mask,output", "photos/a.png,masks/a.png,a.png")
    with pytest.raises(
        program.UsageError, match="--image and --jobs cannot be used together"
    ):
        run(jobs=path, image="photos/a.png")
    with pytest.raises(ValueError, match="has the unknown column 'colour'"):
        run(jobs=write_jobs("image,mask,output,colour", "a,b,c,d"))
    with pytest.raises(program.UsageError, match="--image=PATH is missing"):
        run()


def picture_with_disc():
    """Writes photos/disc.png; returns its pixels and where its blue disc is."""
    y, x = np.mgrid[:200, :300]
    disc = np.hypot(y - 90, x - 140) < 40
    values = np.random.default_rng(0).integers(150, 180, (200, 300, 3), np.uint8)
    values[disc] = [20, 40, 160]
    Image.fromarray(values).save("photos/disc.png")
    return values, disc


def test_a_box_selects_the_object_in_place_of_a_mask(files):
    values, disc = picture_with_disc()
    image = "photos/disc.png"
    assert (
        run_main(
            remove, image=image, box="45,95,135,185", output="a.png", mask_dilation=0
        )
        == 0
    )
    found = changed("a.png", values)
    assert (found & disc).sum() / (found | disc).sum() > 0.85
    path = write_jobs("image,box,output", f'{image},"45,95,135,185",b.png')
    assert run(jobs=path, mask_dilation=0) == 0
    np.testing.assert_array_equal(changed("b.png", values), found)


@pytest.mark.parametrize(
    "arguments, error, words",
    [
        ({"box": "1,2,3"}, ValueError, "is not four numbers"),
        ({"box": "1,2,3,4", "mask": "masks/a.png"}, program.UsageError, "neither"),
        ({"box": "1,2,3,4", "image": "photos"}, program.UsageError, "one picture"),
        ({"box": "1,2,3,4", "image": "photos/*"}, program.UsageError, "one picture"),
        (
            {"box": "1,2,3,4", "image": "x.png"},
            ValueError,
            "there is no x.png",
        ),
        (
            {"box": "1,2,3,4", "image": None},
            program.UsageError,
            "--image=PATH is",
        ),
        ({"box": "1,2,3,4", "output": None}, program.UsageError, "--output"),
    ],
)
def test_a_box_that_cannot_be_used_is_refused(files, arguments, error, words):
    with pytest.raises(error, match=words):
        run(**{"image": "photos/a.png", "output": "a.png", **arguments})


def test_a_model_that_only_harmonizes_is_refused(files, monkeypatch):
    predictor = Predictor(red, 32, outputs=("harmonized",))
    monkeypatch.setattr(loading, "load", lambda *place: predictor)
    with pytest.raises(ValueError, match="does not remove objects"):
        run(image="photos", mask="masks", output="done")

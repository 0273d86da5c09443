"""The evaluate program: flags, error lines, exit codes, files."""

import csv
import json
import os
import re
from unittest import mock

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from tests.programs import run_main, run_program
from tf_btgmi import evaluate
from tf_btgmi.evaluation import inception, yardsticks
from tf_btgmi.inference import retouch

PROGRAM_MODULE = evaluate
FILES = ("report.html", "rows.csv", "summary.json", "table.md")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three pictures in photos/, the working folder."""
    monkeypatch.chdir(tmp_path)
    os.mkdir("photos")
    rng = np.random.default_rng(0)
    for name in "abc":
        small = Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8))
        small.resize((48, 40), Image.BICUBIC).save(f"photos/{name}.jpg")
    return tmp_path


def run(**values):
    values = {
        "data": "photos",
        "output": "out",
        "mask_kind": "rectangles",
        "methods": ["telea", "mean_fill"],
        "image_size": 32,
        **values,
    }
    return run_main(evaluate, **values)


def summary(output="out"):
    with open(os.path.join(output, "summary.json"), encoding="utf-8") as file:
        return json.load(file)


def test_all_files_are_written_and_agree(folder, capsys):
    assert run() == 0
    assert set(FILES) <= set(os.listdir("out"))
    found = summary()
    assert found["n"] == 3 and found["mask_kind"] == "rectangles"
    with open("out/rows.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    mine = [float(row["hole_l1"]) for row in rows if row["method"] == "telea"]
    total = found["methods"]["telea"]["groups"]["all"]["values"]["hole_l1"]
    assert np.mean(mine) == pytest.approx(total["value"], rel=1e-5)
    assert total["low"] <= total["value"] <= total["high"]
    assert {row["seed"] for row in rows} == {"0"}
    with open("out/table.md", encoding="utf-8") as file:
        assert "| telea | " in file.read()
    out = capsys.readouterr().out
    assert "In the hole" in out and out.endswith("Report: out/report.html\n")


def test_a_rerun_changes_nothing_and_other_settings_are_refused(folder):
    run()
    first = [open(f"out/{name}", "rb").read() for name in FILES]
    run()
    assert [open(f"out/{name}", "rb").read() for name in FILES] == first
    with pytest.raises(ValueError, match="seed was 0 and is now 1"):
        run(seed=1)
    with pytest.raises(ValueError, match="settings: limit was 0 and is now 2. Give"):
        run(limit=2)
    with pytest.raises(ValueError, match="image_size was 32 and is now 48"):
        run(image_size=48)
    Image.new("RGB", (50, 50)).save("photos/d.jpg")
    with pytest.raises(ValueError, match="the picture files have changed"):
        run()


def test_results_of_another_program_are_scored(folder):
    run(methods=["telea"])
    run(results=["theirs=out/composites/telea"], methods=["telea"])
    methods = summary()["methods"]
    totals = [methods[name]["groups"]["all"]["values"] for name in ("theirs", "telea")]
    for name, wanted in totals[1].items():
        assert totals[0][name]["value"] == pytest.approx(wanted["value"], abs=1e-6)
    difference = methods["theirs"]["groups"]["all"]["differences"]["hole_psnr"]
    assert difference["value"] == pytest.approx(0.0, abs=1e-6)


def test_results_that_lack_pictures_or_have_another_size_are_named(folder):
    os.mkdir("theirs")
    Image.new("RGB", (32, 32)).save("theirs/a.png")
    with pytest.raises(ValueError, match="theirs has no result for 2 .* first is b"):
        run(results=["theirs=theirs"])
    Image.new("RGB", (31, 32)).save("theirs/b.png")
    Image.new("RGB", (32, 32)).save("theirs/c.png")
    with pytest.raises(ValueError, match="b.png is 31x32 .* at 32x32"):
        run(results=["theirs=theirs"], methods=["telea"])
    # a.png is measured; its method would be another one now.
    Image.new("RGB", (32, 32)).save("theirs/b.png")
    with pytest.raises(ValueError, match="the method theirs was"):
        run(results=["theirs=theirs"], methods=["telea"])
    assert run(results=["mended=theirs"], methods=["telea"]) == 0


def test_mask_files_are_used_and_useless_ones_left_out(folder, capsys):
    os.mkdir("masks")
    for name in "abc":
        mask = Image.new("L", (48, 40))
        if name != "c":
            mask.paste(255, (20, 10, 30, 25))
        mask.save(f"masks/{name}.png")
    run(mask_kind=None, mask_folder="masks")
    found = summary()
    assert found["n"] == 2 and found["left_out"] == ["c"] and found["seed"] is None
    assert "Left out 1 picture: " in capsys.readouterr().out
    for name in "ab":
        Image.new("L", (48, 40)).save(f"masks/{name}.png")
    with pytest.raises(ValueError, match="Nothing to evaluate"):
        run(mask_kind=None, mask_folder="masks", output="other")


def test_files_passed_over_in_each_folder_are_counted(folder, capsys):
    os.mkdir("masks")
    for name in "abc":
        Image.new("L", (48, 40)).save(f"masks/{name}.png")
    hole = Image.new("L", (48, 40))
    hole.paste(255, (10, 10, 30, 30))
    hole.save("masks/a.png")
    for path in ("photos/1.cr2", "photos/2.cr2", "masks/notes.txt"):
        open(path, "w").close()
    assert run(mask_kind=None, mask_folder="masks") == 0
    lines = capsys.readouterr().err.splitlines()
    assert "Skipped in photos: 2 .cr2." in lines
    assert "Skipped in masks: 1 .txt." in lines


def test_a_name_that_is_not_utf_8_is_refused(folder):
    os.rename("photos/b.jpg", b"photos/b\xff.jpg")
    with pytest.raises(ValueError, match=r"not UTF-8: 'b\\udcff.jpg'; rename it."):
        run()
    assert not os.path.exists("out")


def test_one_picture_is_enough(folder, capsys):
    assert run(limit=1) == 0
    method = summary()["methods"]["telea"]
    assert method["kid"] is None and method["fad"] >= 0
    assert method["groups"]["all"]["values"]["l1"]["low"] is None
    assert "no intervals and no KID" in capsys.readouterr().out


@pytest.mark.parametrize(
    "values, text",
    [
        ({"data": None}, "--data=FOLDER is missing"),
        ({"data": "none"}, "There is no folder none"),
        ({"data": "empty"}, "no picture in empty"),
        ({"output": None}, "--output=FOLDER is missing"),
        ({"output": "photos"}, "photos is not empty"),
        ({"mask_kind": None}, "Exactly one of --mask_kind"),
        ({"mask_folder": "photos"}, "Exactly one of --mask_kind"),
        ({"mask_kind": None, "mask_folder": "none"}, "There is no folder none"),
        ({"mask_kind": "object"}, "needs --objects_folder"),
        ({"model": ["none"]}, "none is neither a folder nor the name of a model"),
        ({"model": ["empty"]}, "empty has no model"),
        ({"inception_weights": "none.pb"}, "there is no file none.pb"),
        ({"lpips_vgg": "none.npz"}, "--lpips_vgg=none.npz cannot be read"),
        ({"lpips_vgg": "photos/a.jpg"}, "does not hold the LPIPS weights of VGG16"),
        ({"data": "tfds:mnist:test"}, "tfds:mnist:test is not prepared"),
        ({"results": ["photos"]}, "must have the form NAME=FOLDER"),
        ({"results": ["telea=photos"]}, "Two methods are called telea"),
        ({"results": ["x=none"]}, "There is no folder none"),
        ({"methods": ["magic"]}, "no method 'magic'"),
        ({"methods": ["holed"]}, "--baseline=telea is not among .*: holed"),
        ({"methods": []}, "There is no method to evaluate"),
    ],
)
def test_mistakes_are_named(folder, values, text):
    os.mkdir("empty")
    with pytest.raises(ValueError, match=text):
        run(**values)
    assert not os.path.exists("out")


def test_a_baseline_that_cannot_run_says_what_it_needs(folder, monkeypatch):
    missing = {"patchmatch": "patchmatch needs a package"}
    monkeypatch.setattr(yardsticks, "why_missing", missing.get)
    with pytest.raises(ValueError, match="^patchmatch needs a package"):
        run(baseline="patchmatch", methods=None)
    assert not os.path.exists("out")


def test_a_split_of_tfds_is_measured(folder):
    with tfds.testing.mock_data(num_examples=3):
        assert run(data="tfds:mnist:test") == 0
        assert run(data="tfds:mnist:test", num_shown=1) == 0
        with pytest.raises(ValueError, match="data was 'tfds:mnist:test'"):
            run(data="tfds:mnist:train")
    found = summary()
    assert found["n"] == 3 and found["data"] == "tfds:mnist:test"
    assert len(os.listdir("out/images")) == 3


@pytest.mark.parametrize("colours", [(0, 0, 0), (255, 255, 255), (9, 120, 255)])
def test_pictures_of_one_colour_have_numbers(folder, colours):
    for name, colour in zip("abc", colours):
        Image.new("RGB", (40, 40), (colour,) * 3).save(f"photos/{name}.jpg")
    run(methods=["telea", "mean_fill", "holed"])
    # json and the tables refuse what is not finite; this is the value itself.
    values = summary()["methods"]["mean_fill"]["groups"]["all"]["values"]
    assert values["psnr"]["value"] == 100.0 and values["hole_ssim"]["value"] == 1.0
    with open("out/table.md", encoding="utf-8") as file:
        assert not re.search(r"\b(nan|inf)\b", file.read())


def test_fid_is_added_to_what_is_there(folder, monkeypatch, capsys):
    class Means:
        identity = "means"

        def __init__(self, path):
            assert path == "file.pb"

        def features(self, pictures):
            return np.stack([p.mean(axis=(0, 1)) for p in pictures]).astype("f4")

    run()
    assert summary()["inception"] is None
    monkeypatch.setattr(inception, "Inception", Means)
    run(inception_weights="file.pb")
    found = summary()
    assert found["inception"] == "means"
    assert found["methods"]["telea"]["fid"] > 0
    out = capsys.readouterr().out
    assert "| FAD, AlexNet ↓ | KID × 1000, AlexNet ↓ | FID ↓ |" in out
    assert "FAD, KID and FID of 3 pictures are rough" in out


def test_the_judge_is_added_to_what_is_there(folder, vgg_weights_path, capsys):
    calls = []
    fill, *rest = yardsticks.FILLS["mean_fill"]

    def counted(given, mask):
        calls.append(given.tobytes())
        return fill(given, mask)

    with mock.patch.dict(yardsticks.FILLS, {"mean_fill": (counted, *rest)}):
        run()
        assert "--lpips_vgg=FILE adds LPIPS-VGG, which nothing trains on" in (
            capsys.readouterr().out
        )
        before = summary()["methods"]["mean_fill"]["groups"]["all"]["values"]
        run(lpips_vgg=vgg_weights_path)
    # Measured from the composites, not filled again.
    assert len(calls) == len(set(calls)) == 3
    after = summary()["methods"]["mean_fill"]["groups"]["all"]["values"]
    assert set(after) - set(before) == {"lpips_vgg", "box_lpips_vgg"}
    for name, estimate in before.items():
        assert after[name]["value"] == pytest.approx(estimate["value"], abs=1e-6)
    assert after["box_lpips_vgg"]["low"] < after["box_lpips_vgg"]["value"]
    out = capsys.readouterr().out
    assert "| LPIPS-Alex of its box ↓ | LPIPS-VGG of its box ↓ |" in out
    assert "trains on; nothing trains on LPIPS-VGG." in out
    assert "| FAD, VGG16 ↓ | KID × 1000, VGG16 ↓ |" in out
    fill = summary()["methods"]["mean_fill"]
    assert fill["fad_vgg"] > 0 and fill["kid_vgg"] != fill["kid"]
    with open("out/rows.csv", encoding="utf-8") as file:
        assert file.readline().rstrip().endswith(",lpips,lpips_vgg")
    with open("out/report.html", encoding="utf-8") as file:
        page = file.read()
    assert page.count("<svg") == 5 and '<option value="box_lpips_vgg"' in page


def test_other_weights_of_the_judge_are_refused(folder, vgg_weights_path):
    run(lpips_vgg=vgg_weights_path, limit=1)
    run(limit=1)
    with np.load(vgg_weights_path) as archive:
        np.savez("other.npz", **{name: 2 * archive[name] for name in archive.files})
    with pytest.raises(ValueError, match="lpips_vgg was"):
        run(lpips_vgg="other.npz", limit=1)


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


def test_results_must_have_the_damaged_picture_too(folder):
    damage("b")
    run(methods=["telea"])
    with pytest.raises(ValueError, match="no result for 1 picture; the first is b"):
        run(results=["theirs=out/composites/telea"], methods=["telea"])


def test_a_single_damaged_picture_is_an_error(folder):
    damage("a", "b", "c")
    with pytest.raises(ValueError, match="1 of the 1 pictures of photos cannot be"):
        run(limit=1)


def test_a_trained_model_is_measured_under_its_name(folder, make_workdir):
    make_workdir(folder / "runs" / "mine", colour=20.0)
    models, holes = ["runs/mine", "again=runs/mine"], "centre64of256"
    run(model=models, mask_kind=holes, retouched=False)
    methods = summary()["methods"]
    assert list(methods) == ["mine", "again", "telea", "mean_fill"]
    assert methods["mine"]["identity"] == "workdir runs/mine, ckpt-1"
    assert methods["mine"]["groups"] == methods["again"]["groups"]
    with Image.open("out/composites/mine/a.png") as composite:
        assert (np.asarray(composite)[12:20, 12:20] == 255).all()
    run(model=models[:1], mask_kind=holes, output="retouched")
    retouched = summary("retouched")["methods"]
    assert list(retouched) == ["mine", "mine.network", "telea", "mean_fill"]
    mine = retouched["mine"]["identity"]
    assert mine == f"workdir runs/mine, ckpt-1, retouched v{retouch.VERSION}"
    # The network alone is what --noretouched measures.
    for found in (retouched["mine.network"], methods["mine"]):
        assert found.pop("milliseconds")["low"] > 0
    assert retouched["mine.network"] == methods["mine"]
    assert retouched["mine"]["groups"] != methods["mine"]["groups"]


def object_masks(folder="objects"):
    """Masks of an object in each picture."""
    os.mkdir(folder)
    for name in "abc":
        mask = Image.new("L", (48, 40))
        mask.paste(255, (14, 10, 34, 30))
        mask.save(f"{folder}/{name}.png")
    return folder


def harmonization(**values):
    values = {
        "task": "harmonization",
        "mask_kind": None,
        "mask_folder": "objects",
        "methods": ["reinhard", "copy_paste"],
        **values,
    }
    return run(**values)


@pytest.mark.parametrize("kind", ["plain", "hard"])
def test_harmonization_is_measured_on_the_object(folder, kind):
    object_masks()
    assert harmonization(composites=kind) == 0
    found = summary()
    assert found["task"] == "harmonization" and found["baseline"] == "copy_paste"
    with open("out/rows.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["method"] == "copy_paste"]
    assert len(rows) == found["n"] == 3
    for row in rows:
        names = [f"out/{part}/{row['picture']}.png" for part in ("images", "given")]
        truth, given = (np.asarray(Image.open(name)).astype(float) for name in names)
        mask = np.asarray(Image.open(f"out/masks/{row['picture']}.png")) > 0
        square = (truth - given) ** 2
        assert float(row["fmse"]) == pytest.approx(square[mask].mean(), rel=1e-5)
        assert float(row["mse"]) == pytest.approx(square.mean(), rel=1e-5)
        assert (square[~mask] == 0).all()
    values = found["methods"]["copy_paste"]["groups"]["all"]["values"]
    mean = np.mean([float(row["fmse"]) for row in rows])
    assert values["fmse"]["value"] == pytest.approx(mean, rel=1e-5)
    with open("out/report.html", encoding="utf-8") as file:
        page = file.read()
    assert "Evaluation of harmonization" in page and "On the object" in page
    words = re.sub(r"base64,[^\"]*", "", page.split("</style>")[1])
    assert not re.search(r"\bholes?\b", words)


def test_a_model_is_measured_as_it_is_used_and_directly(folder, monkeypatch):
    from tf_btgmi import loading
    from tf_btgmi.inference.predictor import Predictor

    object_masks()
    same = Predictor(lambda x: x[..., :3], 32, outputs=("harmonized",))
    monkeypatch.setattr(loading, "load", lambda place, retouched: same)
    monkeypatch.setattr(loading, "describe", lambda place: "same")
    monkeypatch.setattr(loading, "num_bytes", lambda place: None)
    harmonization(model=["mine=somewhere"], methods=["copy_paste"])
    methods = summary()["methods"]
    assert list(methods) == ["mine", "mine.direct", "copy_paste"]
    assert methods["mine"]["groups"] == methods["mine.direct"]["groups"]
    assert methods["mine"]["groups"] == methods["copy_paste"]["groups"]


def test_composites_without_truth_are_shown(folder, capsys):
    object_masks()
    assert harmonization(no_truth=True, image_size=36) == 0
    with open("out/report.html", encoding="utf-8") as file:
        page = file.read()
    assert page.count("<figure>") == 3 and page.count('class="tile"') == 9
    assert "Report: out/report.html" in capsys.readouterr().out
    with Image.open("out/composites/reinhard/a.png") as result:
        assert result.size == (36, 30)
        truth = np.asarray(Image.open("out/images/a.png"))
        mask = np.asarray(Image.open("out/masks/a.png")) > 0
        assert (np.asarray(result)[~mask] == truth[~mask]).all()


def test_object_removal_places_shapes_of_objects(folder):
    object_masks()
    run(task="object_removal", mask_kind=None, objects_folder="objects")
    found = summary()
    assert found["task"] == "object_removal" and found["mask_kind"] == "object"
    assert found["baseline"] == "telea"


@pytest.mark.parametrize(
    "values, text",
    [
        ({"mask_folder": None}, "--task=harmonization needs --mask_folder"),
        ({"mask_kind": "thin"}, "--task=harmonization needs --mask_folder"),
        ({"mask_folder": "none"}, "There is no folder none"),
        ({"methods": ["telea"]}, "no method 'telea'; these are: seamless_clone"),
        ({"methods": ["reinhard"]}, "--baseline=copy_paste is not among .*: reinhard"),
        ({"task": "inpainting", "no_truth": True}, "needs --task=harmonization"),
        (
            {"task": "object_removal", "mask_folder": None},
            "needs --objects_folder",
        ),
    ],
)
def test_mistakes_of_other_tasks_are_named(folder, values, text):
    object_masks()
    with pytest.raises(ValueError, match=text):
        harmonization(**values)


def test_the_command_line_ends_with_one_line_and_code_2(folder):
    flags = ("--data=none", "--output=o", "--mask_kind=thin")
    result = run_program("tf_btgmi.evaluate", *flags, folder=folder)
    assert result.returncode == 2
    assert result.stderr == "evaluate.py: There is no folder none.\n"

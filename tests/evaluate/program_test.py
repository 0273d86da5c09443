"""The evaluate program: flags, error lines, exit codes, files."""

import csv
import json
import os
import pathlib
import re
import shutil

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from tests.evaluate.running import FILES, object_masks, run, summary
from tf_btgmi import evaluate, files
from tf_btgmi.cli import program
from tf_btgmi.evaluation import classical_methods
from tf_btgmi.inference import detail, retouch

PROGRAM_MODULE = evaluate


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
    with pytest.raises(ValueError, match="settings: limit was 0 and is now 2. Choose"):
        run(limit=2)
    with pytest.raises(ValueError, match="image_size was 32 and is now 48"):
        run(image_size=48)
    Image.new("RGB", (50, 50)).save("photos/d.jpg")
    with pytest.raises(ValueError, match="the picture files have changed"):
        run()


def test_an_evaluation_stored_among_its_pictures_can_be_repeated(folder, capsys):
    for name in "abc":
        mask = Image.new("L", (48, 40))
        mask.paste(255, (14, 10, 34, 30))
        mask.save(f"photos/{name}_mask.png")
    for values in ({}, {"mask_kind": None, "mask_folder": "photos"}):
        output = f"{folder}/photos/out{len(values)}"
        for _ in range(2):
            assert run(**values, output=output) == 0
        assert summary(output)["n"] == (3 if values else 6)
        assert "Skipped" not in capsys.readouterr().err
        shutil.rmtree(output)


def test_a_second_evaluation_in_the_same_folder_is_refused(folder):
    os.mkdir("out")
    with files.only_one("evaluation", "out", "--output"):
        with pytest.raises(ValueError, match="Another evaluation is running in out. "):
            run()
    assert run() == 0


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


def test_masks_beside_the_pictures_are_used_and_useless_ones_left_out(folder, capsys):
    for name in "abc":
        mask = Image.new("L", (48, 40))
        if name != "c":
            mask.paste(255, (20, 10, 30, 25))
        mask.save(f"photos/{name}_mask.png")
    run(mask_kind=None, mask_folder="photos")
    found = summary()
    assert found["n"] == 2 and found["left_out"] == ["c"] and found["seed"] is None
    assert "Left out 1 picture: " in capsys.readouterr().out
    for name in "ab":
        Image.new("L", (48, 40)).save(f"photos/{name}_mask.png")
    with pytest.raises(ValueError, match="Nothing to evaluate"):
        run(mask_kind=None, mask_folder="photos", output="other")


@pytest.mark.parametrize("use", ["masks", "objects", "results"])
def test_masks_and_results_below_the_pictures_are_none(folder, use):
    values = {
        "masks": {"mask_kind": None, "mask_folder": "photos/below"},
        "objects": {"mask_kind": "objects", "objects_folder": "photos/below"},
        "results": {"results": ["theirs=photos/below"]},
    }
    object_masks("photos/below")
    if use == "results":
        for path in pathlib.Path("photos/below").iterdir():
            Image.new("RGB", (32, 32)).save(path)
    run(**values[use])
    found = summary()
    assert found["n"] == 3 and not found["left_out"]


def test_masks_whose_white_is_known_are_inverted(folder):
    os.mkdir("known")
    for name in "abc":
        mask = Image.new("L", (48, 40), 255)
        mask.paste(0, (20, 10, 30, 25))
        mask.save(f"known/{name}.png")
    run(mask_kind=None, mask_folder="known", mask_invert=True)
    hole = np.asarray(Image.open("out/masks/a.png")) > 0
    assert 0.05 < hole.mean() < 0.15
    with pytest.raises(ValueError, match="mask_kind was 'inverted files'"):
        run(mask_kind=None, mask_folder="known")


def test_a_difference_beyond_its_limit_is_a_failure(folder):
    for limit in (-100, 100):
        with open("limits.json", "w", encoding="utf-8") as file:
            json.dump({"mean_fill": {"hole_psnr": limit}}, file)
        if limit < 0:
            assert run(limits="limits.json") == 0
    with pytest.raises(program.ProgramFailure, match="mean_fill: PSNR, dB .* changed"):
        run(limits="limits.json")


def test_limits_of_other_methods_are_refused_before_anything_is_filled(folder, capsys):
    with open("limits.json", "w", encoding="utf-8") as file:
        json.dump({"mean_fil": {"l1": 9.0}}, file)
    with pytest.raises(ValueError, match="for mean_fil, .* baseline are mean_fill"):
        run(limits="limits.json")
    assert not os.path.exists("out")
    with open("limits.json", "w", encoding="utf-8") as file:
        json.dump({"mean_fill": {"l1": 9.0}}, file)
    assert run(limits="limits.json", methods=["telea", "mean_fill", "holed"]) == 0
    assert "--limits has no limits for holed." in capsys.readouterr().err


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
        ({"mask_kind": "objects"}, "needs --objects_folder"),
        ({"objects_folder": "photos"}, "--objects_folder is for --mask_kind=objects"),
        ({"mask_invert": True}, "--mask_invert is for --mask_folder"),
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
        ({"methods": ["holed"]}, "The baseline telea is not among .*: holed"),
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
    monkeypatch.setattr(classical_methods, "why_missing", missing.get)
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
    with open("out/report.html", encoding="utf-8") as file:
        assert file.read().count("<figure ") == 1
    assert len(os.listdir("out/images")) == 3


@pytest.mark.parametrize("colours", [(0, 0, 0), (255, 255, 255), (9, 120, 255)])
def test_pictures_of_one_colour_have_numbers(folder, colours):
    for name, colour in zip("abc", colours):
        Image.new("RGB", (40, 40), (colour,) * 3).save(f"photos/{name}.jpg")
    run(methods=["telea", "mean_fill", "holed"])
    # json and the tables refuse what is not finite; this is the value itself.
    method = summary()["methods"]["mean_fill"]
    values = method["groups"]["all"]["values"]
    wanted = {"psnr": 100.0, "ssim": 1.0, "hole_ssim": 1.0}
    assert {name: values[name]["value"] for name in wanted} == wanted
    assert method["fad"] == pytest.approx(0.0, abs=1e-6)
    with open("out/table.md", encoding="utf-8") as file:
        assert not re.search(r"\b(nan|inf)\b", file.read())


def test_a_model_in_a_folder_with_a_space_is_measured(folder, make_workdir):
    make_workdir(folder / "runs" / "run one", colour=20.0)
    make_workdir(folder / "runs" / "run_one", colour=20.0)
    run(model=["runs/run one"], retouched=False)
    identity = summary()["methods"]["run_one"]["identity"]
    assert re.fullmatch(
        f"workdir runs/run one, ckpt-1, [0-9a-f]{{12}}, detail v{detail.VERSION}",
        identity,
    )
    with pytest.raises(ValueError, match="Two methods are called run_one; --model="):
        run(model=["runs/run one", "runs/run_one"], retouched=False)
    with pytest.raises(ValueError, match="the method run_one was"):
        run(model=["runs/run_one"], retouched=False)


def test_another_run_of_as_many_steps_is_another_model(folder, make_workdir):
    make_workdir(folder / "runs" / "mine", colour=20.0)
    run(model=["runs/mine"], retouched=False)
    make_workdir(folder / "runs" / "mine", colour=-20.0)
    with pytest.raises(ValueError, match="the method mine was"):
        run(model=["runs/mine"], retouched=False)


def test_a_trained_model_is_measured_under_its_name(folder, make_workdir):
    make_workdir(folder / "runs" / "mine", colour=20.0)
    models, holes = ["runs/mine", "again=runs/mine"], "centre64of256"
    run(model=models, mask_kind=holes, retouched=False)
    methods = summary()["methods"]
    assert list(methods) == ["mine", "again", "telea", "mean_fill"]
    identity = methods["mine"]["identity"]
    assert re.fullmatch(
        f"workdir runs/mine, ckpt-1, [0-9a-f]{{12}}, detail v{detail.VERSION}", identity
    )
    assert methods["mine"]["groups"] == methods["again"]["groups"]
    with Image.open("out/composites/mine/a.png") as composite:
        assert (np.asarray(composite)[12:20, 12:20] == 255).all()
    run(model=models[:1], mask_kind=holes, output="retouched")
    retouched = summary("retouched")["methods"]
    assert list(retouched) == ["mine", "mine.network", "telea", "mean_fill"]
    mine = retouched["mine"]["identity"]
    assert mine == f"{identity}, retouched v{retouch.VERSION}"
    # The network alone is what --noretouched measures.
    for found in (retouched["mine.network"], methods["mine"]):
        assert found.pop("milliseconds")["low"] > 0
    assert retouched["mine.network"] == methods["mine"]
    assert retouched["mine"]["groups"] != methods["mine"]["groups"]


def test_a_name_before_the_model_is_told_from_a_path():
    assert evaluate._named("ours=runs/mine") == ("ours", "runs/mine")
    assert evaluate._named("runs/run one/") == ("run_one", "runs/run one/")
    assert evaluate._named("ours=runs/lr=0.1") == ("ours", "runs/lr=0.1")
    assert evaluate._named("runs/lr=0.1") == ("lr_0.1", "runs/lr=0.1")

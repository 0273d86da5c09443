"""Evaluations of harmonization and object removal."""

import csv
import re

import numpy as np
import pytest
from PIL import Image

from tests.evaluate.running import harmonization, object_masks, run, summary
from tf_btgmi import evaluate

PROGRAM_MODULE = evaluate


@pytest.mark.parametrize("kind", ["plain", "hard"])
def test_harmonization_is_measured_on_the_object(folder, kind):
    object_masks()
    assert harmonization(composites=kind, seed=3) == 0
    found = summary()
    assert (found["mask_kind"], found["seed"]) == (kind, 3)
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
        assert (np.asarray(result)[mask] != truth[mask]).mean() > 0.5


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

"""Evaluations of harmonization and object removal."""

import csv
import os
import re

import numpy as np
import pytest
from PIL import Image

from tests.evaluate.running import harmonization, object_masks, run, summary
from tests.programs import loads
from tf_btgmi import evaluate, loading
from tf_btgmi.inference.predictor import Predictor
from tf_btgmi.pictures.mask_arrays import bounding_box

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
    object_masks()
    darker = Predictor(lambda x: x[..., :3] ** 2 - 1, 32, outputs=("harmonized",))
    loads(monkeypatch, darker)
    monkeypatch.setattr(loading, "describe", lambda place: "darker")
    monkeypatch.setattr(loading, "num_bytes", lambda place: None)
    harmonization(model=["mine=somewhere"], methods=["copy_paste"])
    assert list(summary()["methods"]) == ["mine", "mine.direct", "copy_paste"]
    given, mask, *stored = (
        np.asarray(Image.open(f"out/{part}/a.png"))
        for part in ("given", "masks", "composites/mine", "composites/mine.direct")
    )
    for direct in (False, True):
        expected = darker.harmonize(given, mask, direct)
        np.testing.assert_array_equal(stored[direct], expected)
    assert (stored[0] != stored[1]).any()


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
    os.mkdir("objects")
    frame = Image.new("L", (48, 40))
    frame.paste(255, (8, 4, 40, 36))
    frame.paste(0, (18, 14, 30, 26))
    frame.save("objects/frame.png")
    run(task="object_removal", mask_kind=None, objects_folder="objects")
    found = summary()
    assert found["task"] == "object_removal" and found["mask_kind"] == "objects"
    assert found["baseline"] == "telea" and found["n"] == 3
    for name in "abc":
        mask = np.asarray(Image.open(f"out/masks/{name}.png")) > 0
        y0, x0, y1, x1 = bounding_box(mask)
        mask = mask[y0:y1, x0:x1]
        assert all(edge.all() for edge in (mask[0], mask[-1], *mask.T[[0, -1]]))
        assert not mask[len(mask) // 2, len(mask.T) // 2]


@pytest.mark.parametrize(
    "values, text",
    [
        ({"mask_folder": None}, "--task=harmonization needs --mask_folder"),
        ({"mask_kind": "thin_strokes"}, "--task=harmonization needs --mask_folder"),
        ({"mask_folder": "none"}, "There is no folder none"),
        ({"methods": ["telea"]}, "no method 'telea'; these are: seamless_clone"),
        (
            {"methods": ["reinhard"]},
            "The baseline copy_paste is not among .*: reinhard",
        ),
        ({"task": "inpainting", "no_truth": True}, "needs --task=harmonization"),
        ({"task": "inpainting", "composites": "plain"}, "needs --task=harmonization"),
        ({"no_truth": True, "limits": "x.json"}, "--limits needs a truth"),
        ({"no_truth": True, "composites": "hard"}, "--composites needs a truth"),
        (
            {"task": "object_removal", "objects_folder": "objects"},
            "--objects_folder is for --mask_kind=objects",
        ),
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

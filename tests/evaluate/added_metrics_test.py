"""FID and LPIPS-VGG, added to a finished evaluation."""

from unittest import mock

import numpy as np
import pytest

from tests.evaluate.running import run, summary
from tf_btgmi import evaluate
from tf_btgmi.evaluation import classical_methods, inception

PROGRAM_MODULE = evaluate


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
    fill, *rest = classical_methods.FILLS["mean_fill"]

    def counted(given, mask):
        calls.append(given.tobytes())
        return fill(given, mask)

    with mock.patch.dict(classical_methods.FILLS, {"mean_fill": (counted, *rest)}):
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

"""Promises of docs/reliability.md that no other test proves; its tests exist."""

import re

import numpy as np

from tests.programs import ROOT
from tf_btgmi import loading
from tf_btgmi.releases import save_release


def test_a_model_loaded_twice_fills_the_same_bytes_each_time(lively_workdir, rng):
    image = rng.integers(0, 256, (90, 120, 3), np.uint8)
    mask = np.zeros((90, 120), bool)
    mask[20:70, 30:90] = True
    mask[5:8, 2:110] = True
    first, second = (loading.load(lively_workdir) for _ in range(2))
    filled = first.inpaint(image, mask)
    assert (filled != image).any()
    for model in (first, second):
        np.testing.assert_array_equal(model.inpaint(image, mask), filled)


def test_a_release_written_twice_has_the_same_bytes(lively_workdir, tmp_path):
    for name in ("one", "two"):
        save_release(*loading.load_generator(lively_workdir), str(tmp_path / name))
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["config.json", "release.json", "weights.npz"]
    for name in names:
        first, second = ((tmp_path / run / name).read_bytes() for run in ("one", "two"))
        assert first == second, name


def test_every_test_that_the_statement_names_exists():
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text)
    assert len(named) >= 12
    for path, test in named:
        source = (ROOT / path).read_text(encoding="utf-8")
        assert f"def {test}(" in source, f"{path}::{test}"

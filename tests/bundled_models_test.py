"""The models that come with the package: whole, small, and better than no network."""

import json

import numpy as np
import pytest

import tf_btgmi
from tf_btgmi import assets, demo, loading
from tf_btgmi.evaluation.classical_methods import classical_method
from tf_btgmi.losses.lpips import LPIPSDistance

NAMES = assets.model_names()
MAX_BYTES = {**dict.fromkeys(NAMES, 25_000_000), assets.SELECTOR: 5_000_000}


def test_there_is_one_that_inpaints_and_it_is_the_default():
    assert NAMES[0] == "btgmi-outdoor-192"
    assert assets.SELECTOR not in NAMES


@pytest.mark.parametrize("name", MAX_BYTES)
def test_a_bundled_model_is_small_has_a_card_and_names_no_place(name):
    folder = assets.models_dir() / name
    files = {path.name: path for path in folder.iterdir()}
    assert set(files) == {"card.md", "config.json", "release.json", "weights.npz"}
    assert sum(path.stat().st_size for path in files.values()) < MAX_BYTES[name]
    card = files["card.md"].read_text(encoding="utf-8")
    assert json.loads(files["release.json"].read_text())["sha256"] in card
    assert '"/' not in files["config.json"].read_text()
    assert ":/" not in files["config.json"].read_text()
    if name in NAMES:
        assert loading.load_generator(name)[1].name == name


def lpips(image, composite):
    pair = [p[np.newaxis].astype(np.float32) / 127.5 - 1.0 for p in (image, composite)]
    return float(LPIPSDistance()(*pair)[0])


@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_model_fills_better_than_telea_does(name, tmp_path):
    """Six pictures that it was not trained on, LPIPS of the whole composite."""
    rows = demo.fill_samples(name, str(tmp_path))
    telea = classical_method("telea")
    assert len(rows) == 6
    found, others = [], []
    for sample, image, mask, composite in rows:
        np.testing.assert_array_equal(composite[~mask], image[~mask])
        found.append(lpips(image, composite))
        other = telea.fill(np.where(mask[..., None], 128, image), mask, sample)
        others.append(lpips(image, other.astype(np.uint8)))
    assert np.mean(found) < 0.9 * np.mean(others)


def test_the_package_loads_it_by_name_and_keeps_what_is_known():
    image = np.full((40, 60, 3), 90, np.uint8)
    mask = np.zeros((40, 60), bool)
    mask[10:20, 10:30] = True
    composite = tf_btgmi.load("btgmi-outdoor-192").inpaint(image, mask)
    np.testing.assert_array_equal(composite[~mask], image[~mask])
    # A flat picture stays nearly flat: no colour drift, no checkerboard.
    assert np.abs(composite[mask].astype(int) - 90).mean() < 6

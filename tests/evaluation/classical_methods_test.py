"""The classical_methods fill holes of any shape."""

import re
import sys
import types

import numpy as np
import pytest

from tf_btgmi.data.masks import NAMED_KINDS, named_mask
from tf_btgmi.evaluation import classical_methods
from tf_btgmi.evaluation.examples import HOLE_VALUE
from tf_btgmi.inference import retouch

RUNNABLE = [n for n in classical_methods.NAMES if not classical_methods.why_missing(n)]


def ramp(size=40):
    values = np.linspace(20, 230, size)
    image = np.stack(np.broadcast_arrays(values[:, None], values[None], 90), -1)
    return np.rint(image).astype(np.uint8)


def holed(image, mask):
    return np.where(mask[..., None], np.uint8(HOLE_VALUE), image)


@pytest.mark.parametrize("name", RUNNABLE)
@pytest.mark.parametrize("kind", [k for k in NAMED_KINDS if k != "objects"])
def test_every_kind_of_hole_is_filled(name, kind):
    image = ramp()
    mask = named_mask(kind, 40, 40, 3) > 0
    given = holed(image, mask)
    before = given.copy()
    filled = classical_methods.classical_method(name).fill(given, mask, "a")
    assert filled.dtype == np.uint8 and filled.shape == image.shape
    np.testing.assert_array_equal(given, before)
    again = classical_methods.classical_method(name).fill(given, mask, "b")
    np.testing.assert_array_equal(again, filled)


@pytest.mark.parametrize("name", [n for n in RUNNABLE if n != "holed"])
def test_a_picture_of_one_colour_is_restored(name):
    image = np.full((40, 40, 3), (10, 200, 77), np.uint8)
    mask = np.zeros((40, 40), bool)
    mask[12:25, 10:30] = True
    filled = classical_methods.classical_method(name).fill(
        holed(image, mask), mask, "a"
    )
    # OpenCV's Telea is off by a few levels even here.
    np.testing.assert_allclose(filled.astype(int), image, atol=3)


def test_telea_is_retouched_as_the_fill_of_a_model_is():
    # At the side of the window nothing is resized: it is Telea, then retouched.
    rng = np.random.default_rng(0)
    image = rng.integers(60, 200, (128, 128, 3), np.uint8)
    mask = np.zeros((128, 128), bool)
    mask[50:62, 40:90] = True
    given = holed(image, mask)
    filled = classical_methods.classical_method("telea_retouched").fill(
        given, mask, "a"
    )
    telea = classical_methods.classical_method("telea").fill(given, mask, "a")
    # The two outermost rows and columns are no examples.
    edge = np.ones((128, 128), bool)
    edge[2:-2, 2:-2] = False
    expected = retouch.retouch(telea, mask, edge)
    assert (np.abs(expected[mask].astype(int) - telea[mask]) > 5).mean() > 0.5
    np.testing.assert_allclose(filled.astype(int), expected, atol=1)


@pytest.mark.parametrize("name", ["telea", "navier_stokes", "biharmonic"])
def test_a_ramp_is_restored_better_than_by_its_mean(name):
    image = ramp()
    mask = np.zeros((40, 40), bool)
    mask[14:26, 14:26] = True
    errors = []
    for method in ("mean_fill", name):
        filled = classical_methods.classical_method(method).fill(
            holed(image, mask), mask, "a"
        )
        errors.append(np.abs(filled[mask].astype(float) - image[mask]).mean())
    assert errors[1] < errors[0]


def test_mean_fill_takes_the_mean_of_the_known_pixels():
    image = np.zeros((4, 4, 3), np.uint8)
    image[:2] = 100
    mask = np.zeros((4, 4), bool)
    mask[2:, :2] = True
    filled = classical_methods.mean_fill(holed(image, mask), mask)
    assert (filled[mask] == 67).all()


def test_an_unknown_classical_method_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="'magic'; these are: .*telea"):
        classical_methods.classical_method("magic")


def test_patchmatch_has_the_patch_size_of_its_identity(monkeypatch):
    calls = []

    def inpaint(image, mask, **options):
        calls.append((image, mask, options))
        return np.full_like(image, 7)

    library = types.SimpleNamespace(
        patchmatch_available=True,
        set_random_seed=lambda seed: calls.append(seed),
        inpaint=inpaint,
    )
    package = types.ModuleType("patchmatch")
    package.patch_match = library
    monkeypatch.setitem(sys.modules, "patchmatch", package)
    image, mask = ramp(), np.zeros([40, 40], bool)
    mask[3:9, 4:8] = True
    method = classical_methods.classical_method("patchmatch")
    assert (method.fill(image, mask, "a") == 7).all()
    seed, (given, hole, options) = calls
    assert (seed, options) == (0, {"patch_size": 3})
    np.testing.assert_array_equal(given, image)
    np.testing.assert_array_equal(hole, np.where(mask, 255, 0))
    assert method.identity.endswith("patch_size 3")


@pytest.mark.skipif("patchmatch" not in RUNNABLE, reason="pypatchmatch cannot run here")
def test_patchmatch_carries_a_pattern_into_the_hole():
    # Stripes of 8 pixels, which no smooth fill has.
    stripes = np.where(np.arange(64) // 4 % 2, 200, 40).astype(np.uint8)
    image = np.broadcast_to(stripes[None, :, None], (64, 64, 3)).copy()
    mask = np.zeros((64, 64), bool)
    mask[26:38, 26:38] = True
    errors = {}
    for name in ("patchmatch", "telea"):
        filled = classical_methods.classical_method(name).fill(
            holed(image, mask), mask, "a"
        )
        errors[name] = np.abs(filled[mask].astype(float) - image[mask]).mean()
    assert errors["patchmatch"] < 0.25 * errors["telea"]


def test_an_absent_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "patchmatch", None)
    with pytest.raises(ValueError, match="pip install pypatchmatch"):
        classical_methods.classical_method("patchmatch")


def test_an_identity_names_version_and_settings():
    identity = classical_methods.classical_method("telea").identity
    assert re.fullmatch(
        r"telea, opencv-python-headless \d+\.\d+\S*, radius 3", identity
    )

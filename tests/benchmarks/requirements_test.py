"""Benchmarks where a package is missing."""

import runpy
import sys

import pytest

from tests.programs import ROOT


@pytest.mark.parametrize("name", ["finetune_colors", "pytorch_arms", "train_pytorch"])
def test_a_missing_pytorch_is_one_line_with_what_to_do(name, monkeypatch, capsys):
    path = str(ROOT / "benchmarks" / f"{name}.py")
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(sys, "argv", [path])
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(path, run_name="__main__")
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        f"{name}.py: PyTorch is not installed: pip install -r "
        "requirements-benchmarks.txt.\n"
    )

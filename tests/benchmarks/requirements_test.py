"""Benchmarks where a package is missing."""

import sys

import pytest

from tests.programs import ROOT, exit_code_of_script


@pytest.mark.parametrize("name", ["finetune_colors", "train_pytorch"])
def test_a_missing_pytorch_is_one_line_with_what_to_do(name, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    path = ROOT / "benchmarks" / f"{name}.py"
    assert exit_code_of_script(monkeypatch, path) == 2
    assert capsys.readouterr().err == (
        f"{name}.py: PyTorch is not installed: pip install -r "
        "requirements-benchmarks.txt.\n"
    )

"""The program of export.tflite: the names of its files, and existing ones."""

import os

import pytest

from export import tflite
from tests.programs import run_main
from tf_btgmi.cli import program

PROGRAM_MODULE = tflite


@pytest.fixture
def export(tmp_path, monkeypatch, make_workdir):
    """Exports a run by its name; the file has the given content."""
    for name in ("first", "run two", "7"):
        make_workdir(tmp_path / "runs" / name)
    output = str(tmp_path / "out")

    def export(name, content, **values):
        monkeypatch.setattr(tflite, "convert", lambda *arguments: content)
        place = str(tmp_path / "runs" / name)
        return run_main(tflite, model=place, output=output, **values)

    return export


def test_files_are_named_after_the_model_and_kept(export, tmp_path):
    # Both are runs of one config.
    assert export("first", b"one") == export("run two", b"two") == 0
    assert export("7", b"seven") == 0
    out = tmp_path / "out"
    assert sorted(os.listdir(out)) == [
        "7-32-float32.tflite",
        "first-32-float32.tflite",
        "run two-32-float32.tflite",
    ]
    with pytest.raises(program.UsageError, match="first-32-float32.tflite exists alr"):
        export("first", b"three")
    assert (out / "first-32-float32.tflite").read_bytes() == b"one"
    export("first", b"three", overwrite=True)
    export("first", b"four", size=64, quantization="dynamic")
    assert (out / "first-32-float32.tflite").read_bytes() == b"three"
    assert (out / "first-64-dynamic.tflite").read_bytes() == b"four"

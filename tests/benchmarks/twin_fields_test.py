"""A new field must not be one that PyTorch's twin silently ignores."""

import dataclasses
import pathlib
import re

import pytest

import benchmarks
from tf_btgmi.config import Config

# Read by the input pipeline, which both share.
OF_THE_PIPELINE = {"losses.ppl_max_holes"}
SECTIONS = ("generator", "discriminator", "losses")


@pytest.mark.parametrize("section", SECTIONS)
def test_the_twin_reads_every_field(section):
    folder = pathlib.Path(benchmarks.__file__).parent
    code = "\n".join(path.read_text() for path in folder.glob("pytorch_*.py"))
    for field in dataclasses.fields(getattr(Config(name="any"), section)):
        if f"{section}.{field.name}" not in OF_THE_PIPELINE:
            assert re.search(rf"\b{field.name}\b", code), f"{section}.{field.name}"

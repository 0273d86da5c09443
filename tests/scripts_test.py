"""Scripts that no other test runs."""

import importlib

import pytest

from tests.programs import ROOT

SCRIPTS = sorted(path.stem for path in (ROOT / "scripts").glob("*.py"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_a_script_imports_is_there(name):
    importlib.import_module(f"scripts.{name}")

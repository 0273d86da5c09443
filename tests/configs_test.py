"""Every experiment of configs/ as a user would start it, but for the training."""

import ast

import pytest

from tests.programs import ROOT
from tf_btgmi import config as config_lib
from tf_btgmi.config import files
from tf_btgmi.schedules import Schedules

CONFIGS = ROOT / "configs"
PATHS = sorted(CONFIGS.glob("*.py"))


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_the_config_is_valid_named_after_its_file_and_survives_json(
    path, tmp_path, monkeypatch
):
    # Not the checkout, where Python would find `configs` as a package.
    monkeypatch.chdir(tmp_path)
    config = files.read(str(path))
    config_lib.validate(config)
    assert config.name == path.stem
    config_lib.save(config, str(tmp_path / "config.json"))
    assert config_lib.load(str(tmp_path / "config.json")) == config


def test_the_config_opens_with_its_command_its_time_and_what_to_expect(path):
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert f"--config=configs/{path.name}" in text
    assert "\nTime: " in text
    assert "\nTo expect: " in text


def test_stages_are_long_enough_to_fade_in(path):
    procedure = files.read(str(path)).procedure
    schedules = Schedules(procedure)
    plan, alpha = schedules.plan, schedules.fade_in_alpha
    for stage in range(1, procedure.num_refinement_blocks + 1):
        assert alpha(plan.start(stage)) == 0.0
        assert alpha(plan.start(stage + 1) - 1) == 1.0


@pytest.mark.parametrize("system", ["context_encoder", "globally_locally", "pix2pixhd"])
def test_a_compact_earlier_system_is_trained_for_as_many_steps_as_outdoor_128(system):
    compact = files.read(str(CONFIGS / f"{system}_outdoor_128.py")).procedure
    steps = files.read(str(CONFIGS / "outdoor_128.py")).procedure
    in_all = steps.head_steps + steps.num_refinement_blocks * steps.refinement_steps
    assert compact.num_refinement_blocks == 0 and compact.head_steps == in_all

"""Every experiment of configs/ as a user would start it, but for the training."""

import importlib.util
import pathlib

import pytest

from tf_btgmi import config as config_lib
from tf_btgmi.schedules import Schedules

CONFIGS = pathlib.Path(__file__).resolve().parents[1] / "configs"
PATHS = sorted(CONFIGS.glob("*.py"))
# Earlier systems in the size of `outdoor_128`: their large ones, and the fields that
# they have from neither.
COMPACT = {
    "context_encoder": ("context_encoder_128", set()),
    "globally_locally": (
        "globally_locally_256",
        {"procedure.generator_only_steps", "procedure.discriminator_only_steps"},
    ),
    "pix2pixhd": (
        "pix2pixhd_256",
        {"generator.max_filters", "procedure.learning_rate_decay_steps"},
    ),
}


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_the_config_is_valid_named_after_its_file_and_survives_json(path, tmp_path):
    config = load(path).get_config()
    config_lib.validate(config)
    assert config.name == path.stem
    config_lib.save(config, str(tmp_path / "config.json"))
    assert config_lib.load(str(tmp_path / "config.json")) == config


def test_the_config_opens_with_its_command_its_time_and_what_to_expect(path):
    text = load(path).__doc__
    assert f"--config=configs/{path.name}" in text
    assert "\nTime: " in text
    assert "\nTo expect: " in text


def test_stages_are_long_enough_to_fade_in(path):
    procedure = load(path).get_config().procedure
    schedules = Schedules(procedure)
    plan, alpha = schedules.plan, schedules.fade_in_alpha
    for stage in range(1, procedure.num_refinement_blocks + 1):
        assert alpha(plan.start(stage)) == 0.0
        assert alpha(plan.start(stage + 1) - 1) == 1.0


@pytest.mark.parametrize("system", COMPACT)
def test_a_compact_earlier_system_is_its_large_one_as_outdoor_128_is_trained(system):
    """The files repeat one another, so that each shows its experiment at one glance."""
    large_name, own = COMPACT[system]
    compact, large, outdoor = (
        load(CONFIGS / f"{name}.py").get_config()
        for name in (f"{system}_outdoor_128", large_name, "outdoor_128")
    )
    from_neither = set(config_lib.differences(compact, large))
    from_neither &= set(config_lib.differences(compact, outdoor))
    assert from_neither == own | {"name", "procedure.head_steps"}
    assert compact.data == outdoor.data
    assert compact.masks == outdoor.masks
    assert compact.training == outdoor.training
    steps = outdoor.procedure
    in_all = steps.head_steps + steps.num_refinement_blocks * steps.refinement_steps
    assert compact.procedure.head_steps == in_all

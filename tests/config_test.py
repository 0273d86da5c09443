import dataclasses
import json

import pytest

from tf_btgmi import config as config_lib
from tf_btgmi.config import Config, fields, files


def changed(**fields):
    """A config with `section__field=value` set."""
    config = Config()
    for name, value in fields.items():
        section, field = name.split("__")
        setattr(getattr(config, section), field, value)
    return config


def test_the_defaults_are_the_papers_and_valid():
    config = Config()
    config_lib.validate(config)
    assert (config.data.image_size, config.data.global_batch_size) == (256, 8)
    assert (config.masks.min_side, config.masks.max_side) == (0.25, 0.5)
    generator = config.generator
    assert (generator.base_filters, generator.max_filters) == (64, 512)
    assert (generator.num_downsamplings, generator.num_head_blocks) == (3, 9)
    assert (generator.dilation, generator.resampling) == (2, "strided")
    assert config.discriminator.num_scales == 3
    assert config.losses.reconstruction_weight == 10.0
    assert config.losses.ppl_context_margin == 1.5
    assert config.losses.adversarial == "lsgan"
    procedure = config.procedure
    assert (procedure.head_steps, procedure.refinement_steps) == (150_000, 1_500)
    assert procedure.num_refinement_blocks == 3
    assert (procedure.learning_rate, procedure.adversarial_weight) == (2e-4, 1.0)
    assert procedure.learning_rate_factor == procedure.adversarial_weight_factor == 0.1
    assert (procedure.optimizer, procedure.restart_optimizer) == ("adam", True)
    assert (procedure.adam_beta_1, procedure.adam_beta_2) == (0.5, 0.999)
    assert generator.init_stddev == config.discriminator.init_stddev == 0.02


def test_two_configs_share_no_section():
    first, second = Config(), Config()
    first.data.image_size = 64
    assert second.data.image_size == 256


def test_a_config_survives_its_json_file(tmp_path):
    config = changed(
        data__source="folder:ä ö/photos",
        data__image_size=64,
        generator__resampling="interpolated",
        procedure__learning_rate=1.2345678901234567e-5,
        procedure__block_wise=False,
        training__seed=7,
    )
    path = str(tmp_path / "config.json")
    config_lib.save(config, path)
    assert config_lib.load(path) == config
    assert files.read(path) == config
    assert [item.name for item in tmp_path.iterdir()] == ["config.json"]


def test_saving_replaces_the_file_that_was_there(tmp_path):
    path = str(tmp_path / "config.json")
    config_lib.save(changed(training__seed=1), path)
    config_lib.save(changed(training__seed=2), path)
    assert config_lib.load(path).training.seed == 2


def test_what_a_json_leaves_out_is_default():
    config = config_lib.from_dict({"data": {"image_size": 64}})
    assert config == changed(data__image_size=64)


def test_a_whole_number_is_taken_where_a_float_is_wanted():
    config = config_lib.from_dict({"losses": {"reconstruction_weight": 5}})
    assert type(config.losses.reconstruction_weight) is float


@pytest.mark.parametrize(
    "tree, message",
    [
        ({"data": {"globl_batch_size": 4}}, "did you mean .*data.global_batch_size"),
        ({"dat": {}}, "There is no field config.dat"),
        ({"data": {"image_size": "64"}}, "data.image_size must be of type int"),
        ({"data": {"image_size": 64.0}}, "data.image_size must be of type int"),
        ({"data": {"image_size": True}}, "data.image_size must be of type int"),
        ({"data": {"random_flip": 1}}, "data.random_flip must be of type bool"),
        ({"data": {"min_crop": None}}, "data.min_crop must be of type float"),
        ({"data": 3}, "config.data must be an object of fields"),
        ([], "config must be an object of fields"),
    ],
)
def test_a_wrong_field_or_type_in_json_is_named(tree, message):
    with pytest.raises(ValueError, match=message):
        config_lib.from_dict(tree)


def test_a_file_that_is_missing_or_no_json_is_named(tmp_path):
    path = tmp_path / "config.json"
    with pytest.raises(ValueError, match="There is no config file .*config.json"):
        config_lib.load(str(path))
    for content in (b'{"data": ', b"\xff\xfe\x00"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="config.json is not a JSON file"):
            config_lib.load(str(path))


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"data__min_crop": 1.5}, "data.min_crop must be 0.05 to 1; it is 1.5"),
        ({"data__global_batch_size": 0}, "global_batch_size must be at least 1"),
        ({"data__image_size": 100}, "image_size must be a multiple of 8"),
        ({"data__image_size": 24}, "data.image_size must be 32 to 8192; it is 24"),
        (
            {
                "procedure__warmup_steps": 5,
                "procedure__warmup_image_size": 24,
                "losses__reconstruction": "perceptual",
            },
            "warmup_image_size must be .* at least 32; it is 24",
        ),
        ({"generator__num_downsamplings": 5, "data__image_size": 48}, "multiple of 32"),
        ({"procedure__learning_rate": 0.0}, "learning_rate must be"),
        ({"procedure__learning_rate": float("nan")}, "learning_rate must be"),
        ({"losses__ppl_patch_size": 30}, "ppl_patch_size must be at least 31"),
        ({"generator__resampling": "strdied"}, "did you mean 'strided'"),
        ({"losses__adversarial": "gan"}, "must be one of lsgan, bce, hinge"),
        (
            {"procedure__adversarial_annealing": "cosine"},
            "must be one of stepwise, linear, constant; it is 'cosine'",
        ),
        ({"procedure__fade_in_steps": 1_500}, "must be below refinement_steps"),
        ({"procedure__warmup_steps": 5}, "warmup_image_size must be a multiple of 8"),
        (
            {
                "procedure__warmup_steps": 200_000,
                "procedure__warmup_image_size": 64,
            },
            "warmup_steps must not be more than head_steps",
        ),
        (
            {"generator__architecture": "context_encoder"},
            "num_refinement_blocks must be 0 .*; it is 3",
        ),
        (
            {
                "losses__reconstruction": "feature_matching",
                "discriminator__architecture": "global",
            },
            "feature_matching needs discriminator.architecture=multi_scale",
        ),
        (
            {
                "losses__reconstruction": "feature_matching",
                "procedure__generator_only_steps": 1,
            },
            "generator_only_steps must be 0 with .*feature_matching.*; it is 1",
        ),
        (
            {
                "procedure__generator_only_steps": 149_999,
                "procedure__discriminator_only_steps": 2,
            },
            "together must not be more than head_steps .*; they are 150001",
        ),
        (
            {
                f"guided__{kind}": 0.0
                for kind in (
                    "box_gaps",
                    "band_gaps",
                    "empty_gaps",
                    "object_holes",
                    "plain_holes",
                )
            },
            "one of config.guided.* must be above 0",
        ),
        ({"guided__min_object": 0.6}, "min_object .* must not be more than max_object"),
        ({"masks__rectangles": 0.0}, "must be above 0"),
        ({"masks__rectangles": -1.0}, "masks.rectangles must be at least 0"),
        ({"masks__min_side": 0.6}, "min_side .* must not be more than max_side"),
        ({"masks__min_hole_ratio": 0.7}, "min_hole_ratio .* max_hole_ratio"),
        ({"masks__objects": 1.0}, "objects_folder must name a folder"),
    ],
)
def test_a_value_out_of_range_is_named_with_what_is_allowed(fields, message):
    with pytest.raises(ValueError, match=message):
        config_lib.validate(changed(**fields))


@pytest.mark.parametrize(
    "fields, message",
    [
        (
            {"procedure__head_steps": 0, "procedure__num_refinement_blocks": 0},
            "head_steps or num_refinement_blocks must be above 0: there is no step",
        ),
        (
            {"masks__centre": 0.1, "masks__centre_side": 0.8},
            r"masks.centre is .* \(0.6\). Change them, or set config.masks.centre=0",
        ),
        (
            {"masks__centre": 0.1, "masks__min_hole_ratio": 0.1},
            "masks.centre is above 0, but by centre_side no such hole",
        ),
        ({"masks__max_hole_ratio": 0.06}, "masks.rectangles is above 0, but by min_"),
        ({"masks__min_hole_ratio": 0.55}, "masks.rectangles is above 0, but by min_"),
    ],
)
def test_a_config_that_cannot_be_trained_still_loads(fields, message, tmp_path):
    config = changed(**fields)
    with pytest.raises(ValueError, match=message):
        config_lib.validate_training(config)
    # As that of a model trained before the check.
    path = str(tmp_path / "config.json")
    config_lib.save(config, path)
    assert config_lib.load(path) == config


def test_training_needs_valid_fields_too():
    with pytest.raises(ValueError, match="image_size must be a multiple of 8"):
        config_lib.validate_training(changed(data__image_size=100))


def test_a_task_with_foregrounds_needs_the_papers_generator():
    config = changed(
        generator__architecture="context_encoder", procedure__num_refinement_blocks=0
    )
    config_lib.validate(config)
    config.task = "guided"
    with pytest.raises(
        ValueError, match="guided needs generator.architecture=residual"
    ):
        config_lib.validate(config)


def test_warm_up_and_phases_may_last_as_long_as_the_head():
    config = changed(
        procedure__head_steps=100,
        procedure__warmup_steps=100,
        procedure__warmup_image_size=16,
        procedure__generator_only_steps=60,
        procedure__discriminator_only_steps=40,
    )
    config_lib.validate(config)


def test_a_json_with_a_value_out_of_range_is_refused():
    with pytest.raises(ValueError, match="image_size must be a multiple of 8"):
        config_lib.from_dict({"data": {"image_size": 100}})


def test_every_number_and_every_choice_is_checked():
    names = set(config_lib.field_names(Config()))
    checked = {path for path, metadata, _ in fields.walk(Config()) if metadata}
    free = {"name", "data.source", "data.validation_source", "data.random_flip"}
    free |= {"masks.objects_folder", "guided.regions_folder", "procedure.block_wise"}
    free |= {"generator.harmonized_change"}
    assert names - checked == free | {"procedure.restart_optimizer"}


def test_differences_are_named_with_both_values():
    second = changed(data__image_size=64, training__seed=3)
    assert config_lib.differences(Config(), second) == {
        "data.image_size": (256, 64),
        "training.seed": (0, 3),
    }
    assert config_lib.differences(second, dataclasses.replace(second)) == {}


@pytest.mark.parametrize(
    "misspelt, near",
    [
        ("data.globl_batch_size", "data.global_batch_size"),
        ("global_batch_size", "data.global_batch_size"),
        ("learning_rate", "procedure.learning_rate"),
        ("trainning.seed", "training.seed"),
        ("losses.ppl_patchsize", "losses.ppl_patch_size"),
    ],
)
def test_a_misspelt_field_gets_the_near_miss(misspelt, near):
    line = config_lib.unknown_field(misspelt)
    assert line == (f"There is no field config.{misspelt}; did you mean config.{near}?")


def test_a_field_like_no_other_gets_no_suggestion():
    assert config_lib.unknown_field("zzzz") == "There is no field config.zzzz."


def test_the_json_is_the_tree_of_fields(tmp_path):
    path = tmp_path / "config.json"
    config_lib.save(Config(), str(path))
    tree = json.loads(path.read_text(encoding="utf-8"))
    assert tree == dataclasses.asdict(Config())

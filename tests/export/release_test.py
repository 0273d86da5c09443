import pytest

from export import release
from tests.programs import run_main
from tf_btgmi import config as config_lib
from tf_btgmi import loading

PROGRAM_MODULE = release


def test_a_workdir_becomes_a_release_that_names_no_place(make_workdir, tmp_path):
    workdir = make_workdir(tmp_path / "run")
    path = tmp_path / "run" / "config.json"
    config = config_lib.load(str(path))
    config.data.source = f"folder:{tmp_path}"
    config.data.validation_source = f"folder:{tmp_path}"
    config.masks.objects, config.masks.objects_folder = 0.5, str(tmp_path)
    config.guided.regions_folder = str(tmp_path)
    config_lib.save(config, str(path))
    assert run_main(release, workdir=workdir, name="mine-32", output=str(tmp_path)) == 0
    generator, found = loading.load_generator(str(tmp_path / "mine-32"))
    assert found.name == "mine-32"
    assert found.data.source == "folder:PHOTOGRAPHS"
    assert found.masks.objects_folder == "OBJECT_MASKS"
    assert found.masks.objects == 0.5
    assert found.generator == config.generator
    assert generator.stage == 0
    assert str(tmp_path) not in (tmp_path / "mine-32" / "config.json").read_text()


def test_a_release_is_replaced_on_request_only(make_workdir, tmp_path, capsys):
    values = {"workdir": make_workdir(tmp_path / "run"), "name": "a"}
    values["output"] = str(tmp_path)
    assert run_main(release, **values) == 0
    assert ", 0 refinement blocks." in capsys.readouterr().out
    with pytest.raises(ValueError, match="a holds a release already. --overwrite"):
        run_main(release, **values)
    assert run_main(release, overwrite=True, **values) == 0


@pytest.mark.parametrize(
    "values, message",
    [
        ({"name": "a"}, "--workdir=FOLDER is missing"),
        ({"workdir": "a"}, "--name=NAME is missing"),
        ({"workdir": "a", "name": "../a"}, "letters, digits, - and _ only"),
        ({"workdir": "a", "name": "a"}, "no config file"),
    ],
)
def test_mistakes_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        run_main(release, **values)

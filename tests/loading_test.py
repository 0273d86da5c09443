import json
import os
import shutil

import numpy as np
import pytest

import tf_btgmi
from export import saved_model
from tf_btgmi import assets, files, loading
from tf_btgmi import config as config_lib
from tf_btgmi.models.naming import named_weights
from tf_btgmi.releases import load_release, save_release


@pytest.fixture(scope="module")
def places(make_workdir, tmp_path_factory):
    """One model as a workdir, a release and an exported SavedModel."""
    folder = tmp_path_factory.mktemp("places")
    workdir = make_workdir(folder / "run")
    generator, config = loading.load_generator(workdir)
    for variable in generator.weights:
        # Kernels that float16 holds exactly.
        variable.assign(variable.numpy().astype(np.float16).astype(np.float32))
    save_release(generator, config, str(folder / "release"))
    saved_model.export(workdir, str(folder / "served"))
    return {"folder": folder, "workdir": workdir, "generator": generator}


def fill(place, rng):
    image = rng.integers(0, 256, (40, 48, 3), np.uint8)
    mask = np.zeros((40, 48), bool)
    mask[10:24, 12:30] = True
    # A `pathlib.Path` or a string.
    predictor = tf_btgmi.load(place, retouched=False)
    assert not predictor.retouched
    return predictor.inpaint(image, mask)


def test_a_release_holds_the_generator_it_was_made_from(places):
    generator, config = load_release(str(places["folder"] / "release"))
    assert config == loading.load_generator(places["workdir"])[1]
    assert generator.stage == places["generator"].stage
    wanted = named_weights(places["generator"])
    for name, variable in named_weights(generator).items():
        np.testing.assert_array_equal(variable.numpy(), wanted[name].numpy())


@pytest.mark.parametrize("place", ["release", "served", "served/1"])
def test_every_kind_of_place_fills_a_picture_as_the_workdir_does(places, place):
    found = fill(places["folder"] / place, np.random.default_rng(1))
    wanted = fill(places["workdir"], np.random.default_rng(1))
    # Half a grey level lies between two roundings.
    assert np.abs(found.astype(int) - wanted).max() <= 1


def test_the_size_of_a_model_is_that_of_all_its_files(places):
    for place in ("release", "served/1"):
        folder = places["folder"] / place
        files_ = [path for path in folder.rglob("*") if path.is_file()]
        expected = sum(path.stat().st_size for path in files_)
        assert loading.num_bytes(str(folder)) == expected
    assert loading.num_bytes(places["workdir"]) is None


@pytest.mark.parametrize("kind", ["workdir", "release"])
def test_a_model_has_another_identity_with_other_shares(places, tmp_path, kind):
    copy = tmp_path / "copy"
    name = {"workdir": "run", "release": "release"}[kind]
    shutil.copytree(places["folder"] / name, copy)
    before = loading.describe(str(copy))
    config = json.loads((copy / "config.json").read_text())
    config["training"]["keep_checkpoints"] += 1
    (copy / "config.json").write_text(json.dumps(config))
    assert loading.describe(str(copy)) == before
    config["generator"]["change_share"] = 0.123
    (copy / "config.json").write_text(json.dumps(config))
    assert loading.describe(str(copy)) != before


def test_the_newest_version_of_an_exported_model_is_taken(places, tmp_path):
    served = shutil.copytree(places["folder"] / "served", tmp_path / "served")
    os.rename(served / "1", served / "9")
    shutil.copytree(served / "9", served / "10")
    described = loading.describe(str(served))
    assert described.startswith(f"SavedModel {served / '10'}, ")
    # Another model in its place has another identity.
    (served / "10" / "fingerprint.pb").write_bytes(b"another")
    assert loading.describe(str(served)) != described


def test_versions_without_a_model_are_passed_over(places, tmp_path):
    served = shutil.copytree(places["folder"] / "served", tmp_path / "served")
    # A number to isdigit, but not to int.
    for name in ("2", "\u00b2"):
        (served / name).mkdir()
    assert loading.describe(str(served)).startswith(f"SavedModel {served / '1'}, ")
    assert saved_model.next_version(str(served)) == 3


def test_a_bundled_model_is_found_by_its_name(places, tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "models_dir", lambda: tmp_path)
    for name in ("a-guided", "b"):
        shutil.copytree(places["folder"] / "release", tmp_path / name)
    assert assets.model_names() == ("b", "a-guided")
    assert loading.describe("a-guided").startswith("release a-guided, ")
    assert loading.describe() == loading.describe("b")
    with pytest.raises(ValueError) as unknown:
        loading.load("a-giuded")
    assert str(unknown.value) == (
        "a-giuded is neither a folder nor the name of a model; did you mean a-guided? "
        "The bundled models are b, a-guided and, to select objects, btgmi-select-192."
    )


def test_a_place_without_a_model_is_said(tmp_path):
    with pytest.raises(ValueError, match="nowhere is neither a folder nor the name"):
        loading.load(str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match="has no model: neither the config.json of a"):
        loading.load(str(tmp_path))


def test_the_bundled_selector_is_said_to_fill_no_holes():
    with pytest.raises(ValueError, match="selects objects; btgmi-outdoor-192, .* fill"):
        loading.load(assets.SELECTOR)


def test_windows_of_two_outputs_go_out_as_levels_and_masks(rng):
    sent = []

    def run(windows):
        sent.append(windows)
        image = windows["image"]
        return {"inpainted": 255 - image, "harmonized": image // 2}

    predictor = loading._of_windows(run, 16, ("inpainted", "harmonized"))
    images = rng.integers(0, 256, (2, 16, 16, 3), np.uint8)
    gaps, objects = np.zeros((2, 2, 16, 16), np.uint8)
    gaps[0, 2:5, 3:9], objects[1, 4:12, 1:6] = 1, 1
    found = predictor.run(images, gaps, objects)
    (windows,) = sent
    np.testing.assert_array_equal(windows["mask"][..., 0], gaps * 255)
    np.testing.assert_array_equal(windows["foreground"][..., 0], objects * 255)
    known = gaps == 0
    np.testing.assert_array_equal(windows["image"][known], images[known])
    np.testing.assert_array_equal(found["inpainted"], 255 - windows["image"])
    np.testing.assert_array_equal(found["harmonized"], windows["image"] // 2)


def test_a_saved_model_has_no_keras_generator(places):
    with pytest.raises(ValueError, match="is a SavedModel; give a release or"):
        loading.load_generator(str(places["folder"] / "served"))


def test_a_check_reads_no_model_and_finds_what_is_missing(tmp_path, monkeypatch):
    def unexpected(path):
        raise AssertionError(f"{path} was hashed")

    monkeypatch.setattr(files, "sha256", unexpected)
    loading.check("btgmi-outdoor-192")
    with pytest.raises(ValueError, match="neither a folder nor the name"):
        loading.check("btgmi-nothing")
    config_lib.save(config_lib.Config(), str(tmp_path / "config.json"))
    with pytest.raises(ValueError, match="holds no checkpoint"):
        loading.check(str(tmp_path))


def test_without_a_place_it_is_the_first_bundled_model_with_the_output(
    tmp_path, monkeypatch
):
    for name, task in (("a-fills", "inpainting"), ("b-guided", "guided")):
        config = config_lib.Config(task=task)
        (tmp_path / name).mkdir()
        config_lib.save(config, str(tmp_path / name / "config.json"))
        (tmp_path / name / "release.json").write_text("{}")
    monkeypatch.setattr(assets, "models_dir", lambda: tmp_path)
    found = [
        os.path.basename(loading._find(place, output)[1])
        for place, output in (
            (None, "inpainted"),
            (None, "harmonized"),
            # A named model is loaded, whatever its outputs.
            ("a-fills", "harmonized"),
        )
    ]
    assert found == ["a-fills", "b-guided", "a-fills"]


@pytest.mark.parametrize(
    "place, name",
    [
        ("btgmi-outdoor-192", "btgmi-outdoor-192"),
        ("runs/mine/", "mine"),
        ("runs/lr=0.1", "lr=0.1"),
        ("out/mine-128-int8.tflite", "mine-128-int8"),
        ("grpc://host:8500", "btgmi"),
        ("http://host:8501/mine/versions/3", "mine"),
    ],
)
def test_a_model_has_a_short_name(place, name):
    assert loading.short_name(place) == name


def test_a_version_of_an_export_has_its_folders_name_and_a_run_its_own(tmp_path):
    place = tmp_path / "btgmi" / "3"
    place.mkdir(parents=True)
    assert loading.short_name(str(place)) == "3"
    (place / "saved_model.pb").touch()
    assert loading.short_name(str(place)) == "btgmi"

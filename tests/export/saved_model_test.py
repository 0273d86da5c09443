import os
import re

import numpy as np
import pytest
import tensorflow as tf

from export import saved_model, warmup
from tests.programs import run_main
from tf_btgmi import config as config_lib
from tf_btgmi import loading
from tf_btgmi.serving.module import InpaintingModule

PROGRAM_MODULE = saved_model


@pytest.fixture(scope="module")
def module(lively_workdir):
    generator, config = loading.load_generator(lively_workdir)
    return InpaintingModule(generator, config.data.image_size)


@pytest.fixture
def pictures(rng):
    images = rng.integers(0, 256, [2, 18, 21, 3], dtype=np.uint8)
    masks = np.zeros([2, 18, 21, 1], np.uint8)
    masks[0, 3:9, 4:12] = 255
    masks[1, 10:, 10:] = 128
    masks[1, :5, :5] = 127
    return images, masks


def test_the_exported_model_fills_as_the_one_in_memory_does(exported, module, pictures):
    served = tf.saved_model.load(exported).signatures["predict_tensor"]
    images, masks = pictures
    given = served(image=tf.constant(images), mask=tf.constant(masks))["composite"]
    wanted = module.functions["predict_tensor"](images, masks)["composite"]
    # One of them has its batch normalization folded.
    np.testing.assert_allclose(given.numpy().astype(int), wanted.numpy(), atol=1)
    known = np.broadcast_to(masks < 128, images.shape)
    np.testing.assert_array_equal(given.numpy()[known], images[known])
    assert np.mean(given.numpy()[~known] != images[~known]) > 0.9


def test_what_the_hole_held_does_not_matter(module, pictures):
    images, masks = pictures
    blanked = np.where(masks >= 128, np.uint8(0), images)
    np.testing.assert_array_equal(
        module.functions["predict_tensor"](images, masks)["composite"],
        module.functions["predict_tensor"](blanked, masks)["composite"],
    )


def test_a_version_holds_what_the_server_and_its_owner_need(exported, lively_workdir):
    files = {
        os.path.relpath(os.path.join(folder, name), exported)
        for folder, _, names in os.walk(exported)
        for name in names
    }
    assert {
        "saved_model.pb",
        "fingerprint.pb",
        "config.json",
        "variables/variables.index",
        "assets.extra/model_card.md",
        "assets.extra/tf_serving_warmup_requests",
    } <= files
    with open(os.path.join(exported, "assets.extra", "model_card.md")) as file:
        card = file.read()
    assert "# lively" in card and "32 x 32 pixels" in card
    assert "\n\nFills holes in photographs: the generator" in card
    source = r"\| Exported from \| workdir lively0, ckpt-1, [0-9a-f]{12} \|"
    assert re.search(source, card)
    generator, _ = loading.load_generator(lively_workdir)
    assert f"| Parameters | {generator.count_params():,} |" in card
    # Servers run as users of their own.
    assert os.stat(exported).st_mode & 0o777 == 0o755
    assert os.path.basename(exported) == "1"
    assert os.listdir(os.path.dirname(exported)) == ["1"]


def test_an_export_names_no_folder_of_this_machine(
    lively_workdir, tmp_path, monkeypatch
):
    load_generator = loading.load_generator

    def with_source(place):
        generator, config = load_generator(place)
        config.data.source = "folder:/home/somebody/beaches"
        return generator, config

    monkeypatch.setattr(loading, "load_generator", with_source)
    target = saved_model.export(lively_workdir, str(tmp_path / "served"))
    config = config_lib.load(os.path.join(target, config_lib.FILE))
    assert config.data.source == "folder:PHOTOGRAPHS"
    with open(os.path.join(target, "assets.extra", "model_card.md")) as file:
        card = file.read()
    assert "| Training pictures | beaches |" in card and "somebody" not in card


def test_an_export_that_fails_leaves_nothing(lively_workdir, tmp_path, monkeypatch):
    monkeypatch.setattr(tf.saved_model, "save", lambda *_: os.listdir(tmp_path / "no"))
    with pytest.raises(FileNotFoundError):
        saved_model.export(lively_workdir, str(tmp_path / "served"))
    assert os.listdir(tmp_path / "served") == []


def test_a_full_disk_is_reported_with_the_name_of_the_version(
    lively_workdir, tmp_path, monkeypatch
):
    def full(module, folder, functions):
        text = f"{folder}/variables; No space left on device [Op:SaveV2]"
        raise tf.errors.ResourceExhaustedError(None, None, text)

    monkeypatch.setattr(tf.saved_model, "save", full)
    with pytest.raises(OSError, match="No space left on device: '.*/served/1'$"):
        saved_model.export(lively_workdir, str(tmp_path / "served"))


def test_versions_count_up(tmp_path):
    assert saved_model.next_version(str(tmp_path)) == 1
    for name in ("2", "10", "notes"):
        (tmp_path / name).mkdir()
    assert saved_model.next_version(str(tmp_path)) == 11


def test_a_version_is_not_replaced(exported, lively_workdir):
    with pytest.raises(ValueError, match="exists already"):
        saved_model.export(lively_workdir, os.path.dirname(exported), 1)


def test_a_version_that_another_program_wrote_meanwhile_is_the_one_before(
    lively_workdir, tmp_path, monkeypatch
):
    write = warmup.write

    def meanwhile(folder, module):
        (tmp_path / "1").mkdir()
        (tmp_path / "1" / "theirs").write_text("")
        write(folder, module)

    monkeypatch.setattr(warmup, "write", meanwhile)
    assert saved_model.export(lively_workdir, str(tmp_path)) == str(tmp_path / "2")
    assert sorted(os.listdir(tmp_path)) == ["1", "2"]
    assert os.listdir(tmp_path / "1") == ["theirs"]


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(ValueError, match="is neither a folder nor"):
        run_main(saved_model, workdir="nothing", export_dir=str(tmp_path))

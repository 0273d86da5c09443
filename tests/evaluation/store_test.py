"""What an evaluation keeps: resumable, whole, and of one setting."""

import os

import numpy as np
import pytest

from tf_btgmi import files
from tf_btgmi.evaluation.store import Store

SETTINGS = {"seed": 0, "image_size": 32}
METHODS = {"telea": "telea, 1", "mean": "mean"}


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "out")


def test_rows_come_back(folder):
    store = Store(folder, SETTINGS, METHODS)
    store.add_row("telea", "a/ä", {"l1": 0.25})
    store.add_row("telea", "b", {"l1": 0.1})
    again = Store(folder, SETTINGS, METHODS)
    assert again.rows("telea") == {"a/ä": {"l1": 0.25}, "b": {"l1": 0.1}}
    assert again.rows("mean") == {}


def test_a_line_that_a_crash_has_cut_is_left_out(folder):
    store = Store(folder, SETTINGS, METHODS)
    store.add_row("telea", "a", {"l1": 0.25})
    path = os.path.join(folder, "rows", "telea.jsonl")
    with open(path, "a", encoding="utf-8") as file:
        file.write('{"name": "b", "l1"')
    store = Store(folder, SETTINGS, METHODS)
    assert set(store.rows("telea")) == {"a"}
    store.add_row("telea", "b", {"l1": 1.0})
    assert set(Store(folder, SETTINGS, METHODS).rows("telea")) == {"a", "b"}


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("rows/telea.jsonl", "???\n", "telea.jsonl is damaged; remove it"),
        ("settings.json", "{", "settings.json is not a JSON file: "),
        ("settings.json", "[]", "settings.json has no settings of an"),
        ("settings.json", '{"methods": 3}', "settings.json has no settings"),
    ],
)
def test_a_damaged_file_is_named(folder, name, text, message):
    Store(folder, SETTINGS, METHODS).add_row("telea", "a", {"l1": 0.25})
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)
    with pytest.raises(ValueError, match=message):
        Store(folder, SETTINGS, METHODS)


def test_nan_is_never_kept(folder):
    with pytest.raises(ValueError):
        Store(folder, SETTINGS, METHODS).add_row("telea", "a", {"l1": float("nan")})


def test_other_settings_are_refused(folder):
    Store(folder, SETTINGS, METHODS).add_row("telea", "a", {"l1": 0.25})
    with pytest.raises(
        ValueError, match="seed was 0 and is now 1. Choose another --output"
    ):
        Store(folder, {**SETTINGS, "seed": 1}, METHODS)
    with pytest.raises(ValueError, match="method telea was 'telea, 1' and is now"):
        Store(folder, SETTINGS, {"telea": "telea, 2"})


def test_a_changed_setting_is_named_and_not_the_hashes_that_follow_from_it(folder):
    old = {"fingerprint": "a" * 16, "limit": 0, "masks": "files " + "a" * 16}
    Store(folder, old, METHODS).add_row("telea", "a", {"l1": 0.25})
    new = {"fingerprint": "b" * 16, "limit": 5, "masks": "files " + "b" * 16}
    with pytest.raises(ValueError, match="settings: limit was 0 and is now 5. Choose"):
        Store(folder, new, METHODS)
    new["limit"] = 0
    both = (
        "settings: the picture files have changed; the mask files have changed. Choose"
    )
    with pytest.raises(ValueError, match=both):
        Store(folder, new, METHODS)


def test_a_method_without_rows_may_change(folder):
    Store(folder, SETTINGS, METHODS)
    Store(folder, SETTINGS, {"telea": "telea, 2"}).add_row("telea", "a", {"l1": 0.25})
    with pytest.raises(ValueError, match="method telea was 'telea, 2'"):
        Store(folder, SETTINGS, METHODS)


def test_settings_alone_hold_no_evaluation(folder):
    Store(folder, SETTINGS, METHODS)
    store = Store(folder, {**SETTINGS, "seed": 1}, {"other": "other"})
    store.write_example("a", np.zeros([4, 4, 3], np.uint8), np.ones([4, 4], bool))
    with pytest.raises(ValueError, match="seed was 1 and is now 0"):
        Store(folder, SETTINGS, METHODS)


def test_methods_may_come_and_go(folder):
    Store(folder, SETTINGS, METHODS).add_row("telea", "a", {"l1": 0.25})
    Store(folder, SETTINGS, {"new": "new, 1"})
    with pytest.raises(ValueError, match="method telea"):
        Store(folder, SETTINGS, {"telea": "telea, 2"})
    Store(folder, SETTINGS, {**METHODS, "new": "new, 1"})


def test_a_second_evaluation_is_refused_while_the_first_is_running(folder, tmp_path):
    with Store.only_one(folder, SETTINGS, METHODS) as store:
        other = {**SETTINGS, "image_size": 64}
        with pytest.raises(ValueError, match="Another evaluation is running in .*out"):
            with Store.only_one(folder, other, METHODS):
                pass
        store.add_row("telea", "a", {"l1": 0.25})
        assert list(Store.opened(folder, ["telea"]).rows("telea")) == ["a"]
    with Store.only_one(folder, SETTINGS, {"mean": "mean"}) as store:
        assert store.settings == SETTINGS
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match="not empty"):
        with Store.only_one(str(tmp_path / "other"), SETTINGS, METHODS):
            pass
    assert os.listdir(tmp_path / "other") == ["thesis.txt"]


def test_after_a_failure_before_the_first_picture_other_settings_are_taken(folder):
    for settings in (SETTINGS, {**SETTINGS, "seed": 1}):
        with Store.only_one(folder, settings, METHODS):
            pass


def test_reading_an_evaluation_changes_no_file(folder):
    Store(folder, SETTINGS, METHODS).add_row("telea", "a", {"l1": 0.25})
    names = ("settings.json", "rows/telea.jsonl")
    with open(os.path.join(folder, names[1]), "a", encoding="utf-8") as file:
        file.write('{"name": "b", "l1"')
    before = [open(os.path.join(folder, name)).read() for name in names]
    assert set(Store.opened(folder, ["telea"]).rows("telea")) == {"a"}
    assert [open(os.path.join(folder, name)).read() for name in names] == before


def test_rows_of_an_unknown_method_are_refused(folder):
    Store(folder, SETTINGS, METHODS).add_row("telea", "a", {"l1": 0.25})
    known = {**SETTINGS, "methods": {"mean": "mean"}}
    files.write_json(os.path.join(folder, "settings.json"), known)
    with pytest.raises(ValueError, match="which method .*telea.jsonl is of. Remove it"):
        Store(folder, SETTINGS, METHODS)
    Store(folder, SETTINGS, {"mean": "mean"})


@pytest.mark.parametrize("name", ["truth", "../a", "a b", "", "a/b", ".a"])
def test_names_unfit_for_files_are_refused(folder, name):
    with pytest.raises(ValueError, match="cannot be called"):
        Store(folder, SETTINGS, {name: "x"})
    assert not os.path.exists(folder)


def test_a_folder_with_other_things_in_it_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match="not empty"):
        Store(str(tmp_path), SETTINGS, METHODS)
    with pytest.raises(ValueError, match="is a file"):
        Store(str(tmp_path / "thesis.txt"), SETTINGS, METHODS)


def test_pictures_come_back_exactly(folder):
    store = Store(folder, SETTINGS, METHODS)
    assert store.read_image("a/b") is None
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    mask = image[..., 0] > 100
    store.write_example("a/b", image, mask)
    store.write_composite("telea", "a/b", 255 - image)
    np.testing.assert_array_equal(store.read_image("a/b"), image)
    np.testing.assert_array_equal(store.read_mask("a/b"), mask)
    np.testing.assert_array_equal(store.read_composite("telea", "a/b"), 255 - image)

"""The inpaint program: flags, pairs, error lines, exit codes."""

import os
import pathlib

import numpy as np
import pytest
from absl import flags
from PIL import Image

from tests.picture_files import png_of
from tests.programs import loads, on_a_terminal, red, run_main, run_program, write_pairs
from tf_btgmi import inpaint, loading
from tf_btgmi.cli import program
from tf_btgmi.inference.predictor import Predictor
from tf_btgmi.pictures.metadata import Metadata
from tf_btgmi.pictures.picture import Picture
from tf_btgmi.pictures.reader import read_picture
from tf_btgmi.pictures.writer import write_picture

PROGRAM_MODULE = inpaint
SIZE = (40, 24)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with pictures and masks, and a predictor that paints holes red."""
    monkeypatch.chdir(tmp_path)
    loads(monkeypatch, Predictor(red, 32))
    os.mkdir("run")
    return write_pairs("abc")


def run(**values):
    return run_main(inpaint, **{"output": "out", "model": "run", **values})


def read(path):
    with Image.open(path) as stored:
        return np.array(stored)


def test_one_picture_is_filled(files, capsys):
    values, mask = files
    assert run(image="photos/a.png", mask="masks/a.png", output="new.png") == 0
    result = read("new.png")
    np.testing.assert_array_equal(result[mask == 0], values[mask == 0])
    assert (result[mask > 0] == (255, 0, 0)).all()
    assert capsys.readouterr().out == (
        "1 done, 0 skipped, 0 failed, 0 unmatched.\nResults: new.png\n"
    )


def test_sixteen_bits_are_filled_with_sixteen_bits(files):
    _, mask = files
    # A dark gradient: the model's levels are spread over its range of values.
    deep = np.add.outer(np.arange(24) * 3, 3000 + np.arange(40) * 5).astype(np.uint16)
    deep = np.dstack([deep, deep + 9, deep + 300])
    stored = Picture(deep, "RGB", "PNG", Metadata())
    write_picture(stored, "deep.png")
    assert run(image="deep.png", mask="masks/a.png", output="new.png") == 0
    found = read_picture("new.png").rgb(sixteen_bits=True)
    np.testing.assert_array_equal(found, Predictor(red, 32).inpaint(deep, mask))
    assert (found[mask > 0] != deep[mask > 0]).any() and found.max() < 4000


def test_a_picture_above_the_limit_is_one_line(files, capsys):
    del files
    pathlib.Path("photos/a.png").write_bytes(png_of(b"", 32768, 32769))
    assert run(image="photos/a.png", mask="masks/a.png", output="new.png") == 1
    message = capsys.readouterr().err
    assert "a.png has 32768x32769 pixels; the limit is 1,073,741,824." in message


def test_a_single_picture_shows_its_windows_and_several_show_pictures(
    files, capsys, monkeypatch
):
    del files
    on_a_terminal(monkeypatch)
    values = np.random.default_rng(0).integers(0, 256, (64, 400, 3), np.uint8)
    mask = np.zeros((64, 400), np.uint8)
    mask[30:34, [10, 200, 380]] = 255
    Image.fromarray(values).save("photos/wide.png")
    Image.fromarray(mask).save("masks/wide.png")
    run(image="photos/wide.png", mask="masks/wide.png", output="1.png")
    shown = capsys.readouterr().err
    assert "0/3 " in shown and "3/3 " in shown and "window" in shown
    # One window is soon filled.
    run(image="photos/a.png", mask="masks/a.png", output="2.png")
    assert "window" not in capsys.readouterr().err
    run(image="photos", mask="masks")
    shown = capsys.readouterr().err
    assert "4/4 " in shown and "picture" in shown and "window" not in shown


def test_a_folder_is_filled_with_a_mask_each_or_one_for_all(files):
    assert run(image="photos", mask="masks") == 0
    assert run(image="photos/*.png", mask="masks/b.png", output="again") == 0
    for folder in ("out", "again"):
        assert sorted(os.listdir(folder)) == ["a.png", "b.png", "c.png"]
        for name in os.listdir(folder):
            np.testing.assert_array_equal(read(f"{folder}/{name}"), read("out/a.png"))


@pytest.mark.parametrize("wanted", [True, False])
def test_fills_are_retouched_unless_told_otherwise(files, monkeypatch, wanted):
    del files
    predictor = Predictor(red, 32)

    def load(place, output, retouched):
        predictor.retouched = retouched
        return predictor

    monkeypatch.setattr(loading, "load", load)
    run(image="photos/a.png", mask="masks/a.png", output="n.png", retouched=wanted)
    assert predictor.retouched == wanted


def test_inverted_and_dilated_masks(files):
    values, mask = files
    Image.fromarray(255 - mask).save("black.png")
    run(image="photos/a.png", mask="black.png", mask_invert=True, output="1.png")
    run(image="photos/a.png", mask="masks/a.png", output="2.png")
    np.testing.assert_array_equal(read("1.png"), read("2.png"))
    run(image="photos/a.png", mask="masks/a.png", mask_dilation=2, output="3.png")
    changed = (read("3.png") != values).any(axis=-1)
    rows, columns = np.nonzero(changed)
    assert (rows.min(), rows.max()) == (3, 11)
    assert (columns.min(), columns.max()) == (4, 13)


def test_names_without_a_partner_are_listed_and_the_rest_is_done(files, capsys):
    os.remove("masks/b.png")
    Image.new("L", SIZE).save("masks/d.png")
    assert run(image="photos", mask="masks") == 1
    captured = capsys.readouterr()
    assert "photos/b.png: no mask named b.* or b_mask* in masks" in captured.err
    assert "masks/d.png: no picture named d.* in photos" in captured.err
    assert captured.out == ("2 done, 0 skipped, 0 failed, 2 unmatched.\nResults: out\n")
    assert sorted(os.listdir("out")) == ["a.png", "c.png"]


@pytest.mark.parametrize(
    "damage, line",
    [
        (
            lambda: Image.new("L", (7, 9), 255).save("masks/b.png"),
            "photos/b.png with masks/b.png: The mask is 7x9 pixels, the image 40x24",
        ),
        (
            lambda: Image.new("L", SIZE).save("masks/b.png"),
            "photos/b.png with masks/b.png: The mask is empty",
        ),
        (
            lambda: Image.new("L", SIZE, 255).save("masks/b.png"),
            "photos/b.png with masks/b.png: The mask covers the whole picture",
        ),
        (
            lambda: open("photos/b.png", "wb").close(),
            "photos/b.png is empty",
        ),
        (
            lambda: open("masks/b.png", "wb").close(),
            "masks/b.png is empty",
        ),
    ],
)
def test_a_bad_pair_is_one_line_and_the_rest_is_done(files, capsys, damage, line):
    damage()
    assert run(image="photos", mask="masks") == 1
    captured = capsys.readouterr()
    assert captured.err.count(line) == 1
    assert "Traceback" not in captured.err
    assert captured.out == ("2 done, 0 skipped, 1 failed, 0 unmatched.\nResults: out\n")


def test_a_repeated_command_skips_the_results_that_exist(files, capsys):
    run(image="photos/a.png", mask="masks/a.png", output="out/a.png")
    before = os.stat("out/a.png").st_mtime_ns
    capsys.readouterr()
    for skipped in (1, 3):
        assert run(image="photos", mask="masks") == 0
        captured = capsys.readouterr()
        counts = f"{3 - skipped} done, {skipped} skipped, 0 failed, 0 unmatched"
        assert captured.out == f"{counts}.\nResults: out\n"
        assert (
            f"Skipped {skipped}: the results exist already. --overwrite replaces them."
            in captured.err
        )
    assert os.stat("out/a.png").st_mtime_ns == before


def test_the_one_result_that_was_named_is_not_skipped(files, capsys):
    flags_ = {"image": "photos/a.png", "mask": "masks/a.png", "output": "new.png"}
    assert (run(**flags_), run(**flags_)) == (0, 1)
    captured = capsys.readouterr()
    assert "new.png exists already. --overwrite replaces it." in captured.err


def test_an_input_is_no_result_that_exists(files, capsys):
    assert run(image="photos", mask="masks", output="photos") == 1
    captured = capsys.readouterr()
    assert "The result would replace the input photos/a.png. Choose" in captured.err
    assert captured.out == "0 done, 0 skipped, 3 failed, 0 unmatched.\n"


def test_a_folder_that_cannot_be_written_to_is_said_before_the_work(
    files, monkeypatch, capsys
):
    def fail(inputs):
        raise AssertionError("a picture was filled")

    loads(monkeypatch, Predictor(fail, 32))
    os.mkdir("locked")
    # Tests may run as root, who may write everywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: path != "locked")
    assert run(image="photos", mask="masks", output="locked/new") == 1
    captured = capsys.readouterr()
    assert "locked/new/a.png cannot be written: no permission to write to locked" in (
        captured.err
    )
    assert captured.out == "0 done, 0 skipped, 3 failed, 0 unmatched.\n"


def test_no_picture_of_a_folder_is_its_own_mask(files, capsys):
    values, mask = files
    os.makedirs("lama/sea")
    for folder in ("lama", "lama/sea"):
        Image.fromarray(values).save(f"{folder}/1.png")
        Image.fromarray(mask).save(f"{folder}/1_mask001.png")
    open("lama/notes.txt", "w").close()
    assert run(image="lama", mask="lama", output="lama/out") == 0
    captured = capsys.readouterr()
    assert captured.out == (
        "2 done, 0 skipped, 0 failed, 0 unmatched.\nResults: lama/out\n"
    )
    assert captured.err.count("Skipped in lama: 1 .txt.\n") == 1
    for name in ("1.png", "sea/1.png"):
        changed = (read(f"lama/out/{name}") != values).any(axis=-1)
        np.testing.assert_array_equal(changed, mask > 0)


def test_a_picture_with_an_erased_part_is_its_own_mask_and_is_seen(files, capsys):
    values, mask = files
    Image.fromarray(np.dstack([values, 255 - mask])).save("erased.png")
    assert run(image="erased.png", mask="erased.png", output="1.png") == 0
    assert run(image="erased.png", mask="masks/a.png", output="2.png") == 0
    for name in ("1.png", "2.png"):
        result = read(name)
        assert (result[mask > 0] == (255, 0, 0, 255)).all()
        np.testing.assert_array_equal(result[mask == 0][:, :3], values[mask == 0])
        assert (result[..., 3] == 255).all()
    os.remove("photos/b.png")
    with open("photos/a.png", "rb") as file, open("copy.png", "wb") as copy:
        copy.write(file.read())
    with open("jobs.csv", "w", encoding="utf-8") as file:
        file.write("image,mask,output\nphotos/a.png,photos/a.png,3.png\n")
        file.write("photos/a.png,copy.png,4.png\nerased.png,erased.png,5.png\n")
    assert run(jobs="jobs.csv", output=None) == 1
    assert capsys.readouterr().err.count("is the picture itself") == 2
    np.testing.assert_array_equal(read("5.png"), read("1.png"))


def test_overwrite_replaces(files):
    run(image="photos/a.png", mask="masks/a.png", output="new.png")
    before = read("new.png")
    Image.new("RGB", (2, 2)).save("new.png")
    run(image="photos/a.png", mask="masks/a.png", output="new.png", overwrite=True)
    np.testing.assert_array_equal(read("new.png"), before)


def test_what_a_format_cannot_hold_is_said(files, capsys):
    Image.open("photos/a.png").convert("RGBA").save("rgba.png")
    image = Image.open("rgba.png")
    image.putalpha(100)
    image.save("rgba.png")
    assert run(image="rgba.png", mask="masks/a.png", output="new.jpg") == 0
    assert "new.jpg: transparency replaced by white" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flag, words",
    [
        ({"image": None}, "--image=PATH is missing: the picture"),
        ({"mask": None}, "--mask=PATH is missing: the mask, white = hole"),
        ({"output": None}, "--output=PATH is missing"),
        ({"mask_dilation": -1}, "mask_dilation"),
    ],
)
def test_a_missing_or_wrong_flag_is_a_usage_error(files, flag, words):
    with pytest.raises((program.UsageError, flags.Error), match=words):
        run(**{"image": "photos", "mask": "masks", **flag})


@pytest.mark.parametrize(
    "place, words",
    [({"model": "nowhere"}, "nowhere is"), ({"workdir": "."}, "has no model")],
)
def test_a_place_without_a_model_is_named(tmp_path, monkeypatch, place, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=words):
        run_main(inpaint, image="a.png", mask="m", output="o", **place)


@pytest.mark.slow
def test_the_program_fills_pictures_with_a_trained_model(files, make_workdir, tmp_path):
    values, mask = files
    result = run_program(
        "tf_btgmi.inpaint",
        "--image=photos",
        "--mask=masks",
        "--output=out",
        f"--model={make_workdir(tmp_path / 'trained')}",
        "--mask_dilation=1",
        folder=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == (
        "3 done, 0 skipped, 0 failed, 0 unmatched.\nResults: out\n"
    )
    changed = (read("out/a.png") != values).any(axis=-1)
    assert changed[mask > 0].all()
    assert changed.sum() <= (5 + 2) * (6 + 2)

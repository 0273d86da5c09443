"""The compose program on bundled pictures: flags, jobs, error lines, exit codes."""

import functools
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from tests.pictures.color_profiles_test import swapped
from tests.programs import loads, run_main
from tf_btgmi import assets, compose, loading
from tf_btgmi.cli import program
from tf_btgmi.inference.predictor import Predictor

PROGRAM_MODULE = compose
run = functools.partial(run_main, compose)
# Around the bison, in its picture of 384 x 512.
BOX = "40,90,300,425"


def red_and_same(inputs):
    red = np.broadcast_to(np.float32([1, -1, -1]), inputs.shape[:3] + (3,))
    return {"inpainted": red, "harmonized": inputs[..., :3]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A moose, a bison, the mask of half of the bison's picture; a stand-in model."""
    monkeypatch.chdir(tmp_path)
    outputs = ("inpainted", "harmonized")
    loads(monkeypatch, Predictor(red_and_same, 64, outputs=outputs))
    samples = assets.samples_dir()
    shutil.copy(samples / "test" / "moose.jpg", "moose.jpg")
    shutil.copy(samples / "train" / "bison.jpg", "bison.jpg")
    mask = np.zeros((384, 512), np.uint8)
    mask[100:200, 150:350] = 255
    Image.fromarray(mask).save("mask.png")
    return tmp_path


def one(**values):
    flags_ = {
        "image": "moose.jpg",
        "guide": "bison.jpg",
        "position": "200,250",
        "output": "new.png",
        **values,
    }
    return run_main(
        compose, **{name: value for name, value in flags_.items() if value is not None}
    )


def read(path):
    with Image.open(path) as stored:
        return np.array(stored.convert("RGB"))


def test_a_mask_is_pasted_where_it_is_wanted(folder, capsys):
    assert one(guide_mask="mask.png", gap="0") == 0
    result, image = read("new.png"), read("moose.jpg")
    bison = read("bison.jpg")[100:200, 150:350]
    # The model changes no colours: the object is there as it was.
    np.testing.assert_array_equal(result[150:250, 150:350], bison)
    outside = np.ones(image.shape[:2], bool)
    outside[150:250, 150:350] = False
    np.testing.assert_array_equal(result[outside], image[outside])
    assert capsys.readouterr().out == (
        "1 done, 0 skipped, 0 failed.\nResults: new.png\n"
    )


def test_a_result_in_a_folder_has_the_name_of_the_picture(folder):
    assert one(guide_mask="mask.png", gap="0", output="done/") == 0
    assert (folder / "done" / "moose.jpg").exists()


def test_a_box_is_enough(folder):
    assert one(guide_box=BOX, scale=0.5, rotate=10.0, flip=True) == 0
    result, image = read("new.png"), read("moose.jpg")
    rows, columns = np.nonzero((result != image).any(axis=-1))
    # The bison is some 230 x 310 pixels; half of that, and not all of the box.
    assert 80 < np.ptp(rows) < 190 and 100 < np.ptp(columns) < 200
    assert abs((rows.min() + rows.max()) / 2 - 200) < 3
    assert abs((columns.min() + columns.max()) / 2 - 250) < 3


def test_every_flag_and_column_reaches_the_model(folder, monkeypatch):
    seen = []

    class Recording(Predictor):
        def compose(self, image, guide, mask, **options):
            seen.append(options)
            return image

    outputs = ("inpainted", "harmonized")
    loads(monkeypatch, Recording(red_and_same, 64, outputs=outputs))
    flags_ = {"scale": 0.5, "rotate": 20.0, "flip": True, "gap": "7"}
    assert one(guide_mask="mask.png", harmonize=False, **flags_) == 0
    with open("jobs.csv", "w", encoding="utf-8") as file:
        file.write(
            "image,guide,guide_mask,position,output,scale,rotate,flip,gap\n"
            'moose.jpg,bison.jpg,mask.png,"3,4.5",a.png,2,-90,no,box\n'
            'moose.jpg,bison.jpg,mask.png,"3,4.5",b.png,,,,\n'
        )
    assert run(jobs="jobs.csv", **flags_) == 0
    pose = {"scale": 0.5, "rotate": 20.0, "flip": True, "gap": 7}
    other = {"scale": 2.0, "rotate": -90.0, "flip": False, "gap": "box"}
    assert seen == [
        {"position": (200.0, 250.0), **pose, "harmonize": False},
        {"position": (3.0, 4.5), **other, "harmonize": True},
        {"position": (3.0, 4.5), **pose, "harmonize": True},
    ]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_an_object_of_the_hidden_colour_is_seen_on_a_transparent_picture(folder, mode):
    Image.new(mode, (120, 90)).save("canvas.png")
    guide = np.full((60, 60, 3), 200, np.uint8)
    guide[25:35, 25:35] = 0
    Image.fromarray(guide).save("square.png")
    square = np.zeros((60, 60), np.uint8)
    square[10:50, 10:50] = 255
    Image.fromarray(square).save("square_mask.png")
    pictures = {"image": "canvas.png", "guide": "square.png"}
    place = {"guide_mask": "square_mask.png", "position": "45,60", "gap": "0"}
    assert one(**pictures, **place, harmonize=False) == 0
    with Image.open("new.png") as stored:
        alpha = np.array(stored)[..., -1]
    expected = np.zeros((90, 120), np.uint8)
    expected[25:65, 40:80] = 255
    np.testing.assert_array_equal(alpha, expected)


def test_what_a_csv_has_columns_for_is_no_flag_beside_it(folder):
    with pytest.raises(program.UsageError, match="--guide_box and --jobs cannot be us"):
        run(jobs="jobs.csv", guide_box=BOX)


def test_a_grey_picture_stays_grey(folder):
    Image.open("moose.jpg").convert("L").save("grey.png")
    assert one(image="grey.png", guide_mask="mask.png") == 0
    with Image.open("new.png") as stored:
        assert stored.mode == "L"


@pytest.mark.parametrize(
    "values, words",
    [
        ({"position": "900,250"}, "The object is outside the picture"),
        ({"scale": 40.0}, "The object covers the whole picture"),
        ({"guide_mask": None, "guide_box": "500,10,600,90"}, "box"),
        ({"guide_mask": "moose.jpg"}, "moose.jpg is a photograph, not a mask"),
        ({"guide": "moose.jpg"}, "The mask is 512x384 pixels, the guide 512x342"),
        ({"output": "moose.jpg"}, "would replace the input moose.jpg"),
        ({"output": "bison.jpg"}, "would replace the input bison.jpg"),
        ({"output": "mask.png"}, "would replace the input mask.png"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_1(folder, capsys, values, words):
    assert one(**{"guide_mask": "mask.png", **values}) == 1
    captured = capsys.readouterr()
    assert words in captured.err and len(captured.err.splitlines()) == 1
    assert captured.out == "0 done, 0 skipped, 1 failed.\n"


@pytest.mark.parametrize(
    "values, words",
    [
        ({"image": None}, "--image=PATH is missing"),
        ({"position": None}, "--position=Y,X is missing: the row and column"),
        ({"guide_mask": None}, "Exactly one of guide_mask and guide_box"),
        ({"guide_box": BOX}, "Exactly one of guide_mask and guide_box"),
        ({"position": "left"}, "position: 'left' is not two numbers y,x"),
        ({"guide_mask": None, "guide_box": "1,2,3"}, "is not four numbers"),
        ({"gap": "wide"}, "--gap: 'wide' is not a non-negative integer, nor 'box'"),
        ({"image": "no.jpg"}, "--image: there is no file no.jpg"),
        ({"guide": "no.jpg"}, "--guide: there is no file no.jpg"),
        ({"guide_mask": "no.png"}, "--guide_mask: there is no file no.png"),
        ({"position": "nan,7"}, "finite numbers; they are .nan, 7.0., 1.0 and 0.0"),
        ({"scale": 0.0}, "scale must be above 0; it is 0.0"),
    ],
)
def test_a_mistake_in_the_flags_is_told_before_a_model_is_loaded(
    folder, monkeypatch, values, words
):
    monkeypatch.setattr(loading, "load", lambda *place: pytest.fail("loaded"))
    with pytest.raises(ValueError, match=words):
        one(**{"guide_mask": "mask.png", **values})
    if "gap" in values or "scale" in values:
        with pytest.raises(ValueError, match=words):
            run(jobs="jobs.csv", **values)


def test_a_cut_out_may_be_its_own_mask(folder):
    """Its visible part is the object."""
    mask = Image.open("mask.png").convert("L")
    cut_out = Image.open("bison.jpg").convert("RGB")
    cut_out.putalpha(mask)
    cut_out.save("cut_out.png")
    assert one(guide="cut_out.png", guide_mask="mask.png", gap="0") == 0
    wanted = np.array(Image.open("new.png"))
    os.remove("new.png")
    assert one(guide="cut_out.png", guide_mask="cut_out.png", gap="0") == 0
    np.testing.assert_array_equal(np.array(Image.open("new.png")), wanted)


def test_a_model_that_does_not_harmonize_is_refused_or_told_to_keep_colours(
    folder, monkeypatch
):
    filler = Predictor(lambda x: red_and_same(x)["inpainted"], 64)
    monkeypatch.setattr(loading, "load", lambda *place: filler)
    with pytest.raises(ValueError, match="--noharmonize keeps the colours"):
        one(guide_mask="mask.png")
    assert one(guide_mask="mask.png", harmonize=False) == 0


def test_jobs_with_a_bad_row_finish_the_rest(folder, capsys):
    os.mkdir("batch")
    with open("batch/jobs.csv", "w", encoding="utf-8") as file:
        file.write(
            "image,guide,guide_mask,guide_box,position,scale,flip,gap,output\n"
            '../moose.jpg,../bison.jpg,../mask.png,,"200,250",0.5,yes,box,a.png\n'
            "../moose.jpg,../bison.jpg,../mask.png,,nowhere,,,,b.png\n"
            f'../moose.jpg,../bison.jpg,,"{BOX}","200,250",0.4,,,c.png\n'
            '../moose.jpg,../bison.jpg,,,"200,250",,,,d.png\n'
            "../moose.jpg,../bison.jpg,../mask.png,,,,,,e.png\n"
        )
    assert run(jobs="batch/jobs.csv") == 1
    captured = capsys.readouterr()
    errors = [line for line in captured.err.splitlines() if "jobs.csv" in line]
    assert len(errors) == 3
    assert "line 3: position: 'nowhere' is not two numbers y,x" in errors[0]
    assert "line 5: Exactly one of guide_mask and guide_box" in errors[1]
    assert "line 6: The column position is empty." in errors[2]
    assert captured.out == "2 done, 0 skipped, 3 failed.\n"
    assert sorted(os.listdir("batch")) == ["a.png", "c.png", "jobs.csv"]


def test_jobs_stand_alone(folder):
    with pytest.raises(program.UsageError, match="--guide and --jobs cannot be used"):
        run(jobs="jobs.csv", guide="bison.jpg")


def test_the_object_keeps_its_colors_under_another_color_profile(folder):
    Image.new("RGB", (40, 40), (200, 30, 60)).save("guide.png", icc_profile=swapped())
    Image.new("L", (40, 40), 255).save("all.png")
    given = {"guide": "guide.png", "guide_mask": "all.png", "gap": "0"}
    assert one(harmonize=False, **given) == 0
    found = np.array(Image.open("new.png"))[190:210, 240:260].astype(int)
    assert np.abs(found - (60, 30, 200)).max() <= 2

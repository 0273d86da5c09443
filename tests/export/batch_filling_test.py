"""One picture of a batch, without Beam; what the program answers before it starts."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

import export
from export import batch_filling, batch_inpaint
from export.batch_filling import Options, Outcome, fill, pair
from tests.picture_files import file_of
from tests.programs import red, run_main
from tf_btgmi.cli.jobs import Job
from tf_btgmi.inference.predictor import Predictor
from tf_btgmi.pictures.formats import WORDS
from tf_btgmi.pictures.metadata import Metadata
from tf_btgmi.pictures.picture import Picture
from tf_btgmi.pictures.reader import decode_picture
from tf_btgmi.pictures.writer import encode_picture

PROGRAM_MODULE = batch_inpaint
SIZE = (40, 24)
PLACES = {"image": "in/a.png", "mask": "masks/a.png", "output": "out/a.png"}
JOB = Job(PLACES)


class Memory(dict):
    """Files by path."""

    def exists(self, path):
        return path in self

    def read(self, path):
        if path not in self:
            raise FileNotFoundError(f"no {path}")
        return self[path]

    def write(self, path, parts):
        self[path] = b"".join(parts)


@pytest.fixture
def values(rng):
    return rng.integers(0, 256, SIZE[::-1] + (3,), np.uint8)


@pytest.fixture
def mask():
    mask = np.zeros(SIZE[::-1], np.uint8)
    mask[5:10, 6:12] = 255
    return mask


@pytest.fixture
def files(values, mask):
    return Memory({"in/a.png": file_of(values), "masks/a.png": file_of(mask)})


def run(files, job=JOB, **options):
    return fill(job, Predictor(red, 32), files, Options(**options))


def test_the_hole_is_filled_and_the_rest_stays(files, values, mask):
    assert run(files) == Outcome("done", "in/a.png")
    result = np.array(Image.open(io.BytesIO(files["out/a.png"])))
    np.testing.assert_array_equal(result[mask == 0], values[mask == 0])
    assert (result[mask > 0] == (255, 0, 0)).all()


def test_sixteen_bits_are_filled_with_sixteen_bits(files, mask):
    # A dark gradient: the model's levels are spread over its range of values.
    deep = (3000 + np.arange(24 * 40 * 3)).astype(np.uint16).reshape(24, 40, 3)
    picture = Picture(deep, "RGB", "PNG", Metadata())
    files["in/a.png"], _ = encode_picture(picture, "PNG")
    assert run(files).state == "done"
    found = decode_picture(files["out/a.png"]).rgb(sixteen_bits=True)
    np.testing.assert_array_equal(found, Predictor(red, 32).inpaint(deep, mask))
    assert (found[mask > 0] != deep[mask > 0]).any() and found.max() < 6000


def test_a_job_grows_its_hole(files, values):
    run(files, Job.of(**{**PLACES, "mask_dilation": "2"}))
    result = np.array(Image.open(io.BytesIO(files["out/a.png"])))
    rows, columns = np.nonzero((result != values).any(axis=-1))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 11, 4, 13)


def test_black_is_hole_where_masks_are_inverted(files, mask):
    run(files)
    files["masks/a.png"] = file_of(255 - mask)
    run(files, Job.of(**{**PLACES, "output": "out/b.png"}), mask_invert=True)
    assert files["out/a.png"] == files["out/b.png"]


def test_a_result_that_is_there_is_skipped_without_reading_unless_overwritten(files):
    files["out/a.png"] = b"earlier"
    picture = files.pop("in/a.png")
    assert run(files) == Outcome("skipped", "in/a.png")
    assert files["out/a.png"] == b"earlier"
    files["in/a.png"] = picture
    assert run(files, overwrite=True).state == "done"
    assert files["out/a.png"].startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "name, data, reason",
    [
        ("in/a.png", b"", "in/a.png is empty."),
        ("masks/a.png", b"junk", f"masks/a.png is not a {WORDS} picture."),
        (
            "masks/a.png",
            file_of(np.full((9, 7), 255, np.uint8)),
            "The mask is 7x9 pixels, the image 40x24; they must be of the same size.",
        ),
        (
            "masks/a.png",
            file_of(np.zeros(SIZE[::-1], np.uint8)),
            "The mask is empty: the hole is where it is 128 or more, and its "
            "maximum is 0.",
        ),
    ],
    ids=["empty file", "no mask", "other size", "no hole"],
)
def test_what_cannot_be_filled_fails_with_the_reason(files, name, data, reason):
    files[name] = data
    assert run(files) == Outcome("failed", "in/a.png", reason)
    assert "out/a.png" not in files


def test_a_cut_file_and_a_missing_one_fail(files):
    files["in/a.png"] = files["in/a.png"][:200]
    assert "in/a.png is damaged" in run(files).reason
    del files["in/a.png"]
    assert run(files).reason == "FileNotFoundError: no in/a.png"


def test_an_error_of_an_unforeseen_kind_fails_its_picture_only(files):
    class Broken:
        def inpaint(self, image, mask, mask_dilation):
            raise MemoryError

    outcome = fill(JOB, Broken(), files, Options())
    assert outcome == Outcome("failed", "in/a.png", "MemoryError")


def test_a_picture_that_is_too_large_is_not_decoded(files):
    outcome = run(files, max_pixels=40 * 24 - 1)
    assert outcome.reason == (
        "in/a.png has 40x24 pixels; the limit is 959. --max_megapixels sets it."
    )
    assert run(files, max_pixels=40 * 24).state == "done"
    files["masks/a.png"] = file_of(np.zeros((25, 40), np.uint8))
    outcome = run(files, max_pixels=40 * 24, overwrite=True)
    assert outcome.reason.startswith("masks/a.png has 40x25 pixels; the")


def test_a_result_never_replaces_its_picture(files):
    before = files["in/a.png"]
    outcome = run(files, Job.of(**{**PLACES, "output": "in/a.png"}), overwrite=True)
    assert outcome.state == "failed"
    assert files["in/a.png"] == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_result_never_replaces_its_mask(files, overwrite):
    job = Job.of(**{**PLACES, "output": PLACES["mask"]})
    before = files[PLACES["mask"]]
    outcome = run(files, job, overwrite=overwrite)
    assert outcome.state == "failed" and "replace the mask" in outcome.reason
    assert files[PLACES["mask"]] == before


@pytest.mark.parametrize("output", ["./in/a.png", "out/../in/a.png", "link/a.png"])
def test_a_path_in_another_spelling_is_the_same_picture(
    files, tmp_path, monkeypatch, output
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("in")
    job = Job.of(**{**PLACES, "output": output})
    assert run(files, job, overwrite=True).reason == (
        "The result would replace the picture."
    )


def named(*paths):
    """(name, path) of paths, named below their first folder."""
    return [(path.partition("/")[2].rpartition(".")[0], path) for path in paths]


def test_pictures_and_masks_of_one_name_are_paired():
    images = named("in/a.jpg", "in/a.gif", "in/x/a.gif", "in/b.png")
    masks = named("m/a.png", "m/x/a_mask001.png", "m/b_mask.png")
    assert list(pair(images, masks, "out", 3)) == [
        Job.of("in/a.gif", "m/a.png", "out/a.png", mask_dilation="3"),
        Job.of("in/a.jpg", "m/a.png", "out/a.jpg", mask_dilation="3"),
        Job.of("in/b.png", "m/b_mask.png", "out/b.png", mask_dilation="3"),
        Job.of("in/x/a.gif", "m/x/a_mask001.png", "out/x/a.png", mask_dilation="3"),
    ]


def test_a_picture_is_never_its_own_mask():
    both = named("in/a.png", "in/a_mask.png", "in/b.png")
    assert list(pair(both, both, "out", 0)) == [
        Job.of("in/a.png", "in/a_mask.png", "out/a.png", mask_dilation="0"),
        Outcome("failed", "in/b.png", "no mask named b.* or b_mask* goes with it."),
    ]


def test_a_copy_of_the_picture_is_no_mask_unless_a_part_is_erased(values, mask):
    data = file_of(values)
    files = Memory({"in/a.png": data, "masks/a.png": data})
    assert "is the picture itself" in run(files).reason
    data = file_of(np.dstack([values, 255 - mask]))
    files = Memory({"in/a.png": data, "masks/a.png": data})
    assert run(files).state == "done"
    result = np.array(Image.open(io.BytesIO(files["out/a.png"])))
    # What is filled is opaque.
    assert (result[mask > 0] == (255, 0, 0, 255)).all()
    np.testing.assert_array_equal(result[mask == 0][:, :3], values[mask == 0])


@pytest.mark.parametrize(
    "images, masks, failed",
    [
        (
            ["in/a.jpg"],
            [],
            [("in/a.jpg", "no mask named a.* or a_mask* goes with it.")],
        ),
        ([], ["m/a.png"], [("m/a.png", "no picture named a.* goes with it.")]),
        (
            ["in/a.jpg"],
            ["m/a.png", "m/a.bmp"],
            [("in/a.jpg", "m/a.bmp and m/a.png go with the same picture.")],
        ),
    ],
)
def test_names_without_one_partner_fail(images, masks, failed):
    found = list(pair(named(*images), named(*masks), "out", 0))
    assert found == [Outcome("failed", *each) for each in failed]
    if not images:
        assert not list(pair([], named(*masks), "out", 0, all_masks=False))


def test_results_of_one_name_all_fail():
    first, second = JOB, Job.of(**{**PLACES, "image": "in/a.gif"})
    assert batch_filling.one_job_an_output("out/a.png", [first]) == [first]
    failed = batch_filling.one_job_an_output("out/a.png", [first, second])
    text = "2 pictures would be written to out/a.png."
    assert failed == [Outcome("failed", f"in/a.{e}", text) for e in ("gif", "png")]


def test_without_beam_one_line_names_the_requirements(monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    monkeypatch.delitem(sys.modules, "export.batch_pipeline", raising=False)
    monkeypatch.delattr(export, "batch_pipeline", raising=False)
    command = "pip install -r requirements.txt -r requirements-beam.txt"
    with pytest.raises(ValueError, match=command):
        run_main(batch_inpaint, image="in", mask="masks", output="out")


@pytest.mark.parametrize(
    "values, message",
    [
        ({"mask": "m", "output": "o"}, "--image=PATH is missing"),
        ({"jobs": "jobs.csv"}, "--report=FOLDER is missing"),
        (
            {"jobs": "jobs.csv", "mask": "m"},
            "--mask and --jobs cannot be used together",
        ),
    ],
)
def test_missing_flags_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        run_main(batch_inpaint, **values)

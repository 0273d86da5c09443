"""The batch program with Beam's local runner; skipped where Beam is not installed."""

import gc
import json
import logging
import os
import pathlib
import shutil
import signal
import time
import weakref

import pytest
from PIL import Image

pytest.importorskip(
    "apache_beam", reason="Apache Beam is not installed (requirements-beam.txt)"
)

from export import batch_inpaint, batch_pipeline  # noqa: E402
from tests.programs import red, run_main, run_program, start_program, write_pairs
from tf_btgmi import loading  # noqa: E402
from tf_btgmi.inference.predictor import Predictor  # noqa: E402

PROGRAM_MODULE = batch_inpaint
SIZE = (40, 24)


@pytest.fixture
def loads(tmp_path, monkeypatch):
    """Three pairs in the current folder; a list that grows with each load."""
    monkeypatch.chdir(tmp_path)
    found = []

    def load(place, retouched):
        found.append((place, retouched))
        return Predictor(red, 32)

    monkeypatch.setattr(loading, "load", load)
    monkeypatch.setattr(loading, "check", lambda place: "red")
    write_pairs("abc")
    return found


def run(*beam, **values):
    if "jobs" not in values:
        values = {"image": "photos", "mask": "masks", "output": "out", **values}
    return run_main(batch_inpaint, *beam, **values)


def failures(folder="out"):
    lines = pathlib.Path(folder, "failed.jsonl").read_text(encoding="utf-8")
    entries = [json.loads(line) for line in lines.splitlines()]
    return {entry["picture"]: entry["reason"] for entry in entries}


def counts(folder="out"):
    return json.loads(pathlib.Path(folder, "counts.json").read_text(encoding="utf-8"))


def results(folder="out"):
    return sorted(name for name in os.listdir(folder) if name.endswith(".png"))


def test_all_are_filled_by_a_model_that_is_loaded_once(loads, capsys):
    assert run() == 0
    assert capsys.readouterr().out == "3 done, 0 skipped, 0 failed.\n"
    assert results() == ["a.png", "b.png", "c.png"]
    assert loads == [(None, True)]
    assert counts() == {"done": 3}
    assert failures() == {}


def test_beams_own_messages_are_left_out(loads, caplog):
    logging.getLogger("apache_beam").setLevel(logging.NOTSET)
    with caplog.at_level("INFO"):
        assert run() == 0
    names = {record.name.split(".")[0] for record in caplog.records}
    assert "apache_beam" not in names


def test_bad_pictures_are_listed_and_the_rest_is_done(loads, capsys):
    pathlib.Path("photos/b.png").write_bytes(b"")
    os.remove("masks/c.png")
    Image.new("L", SIZE).save("masks/d.png")
    pathlib.Path("photos/notes.txt").write_text("no picture")
    write_pairs("e")
    Image.open("photos/e.png").save("photos/e.gif")
    assert run() == 1
    assert "1 done, 0 skipped, 5 failed." in capsys.readouterr().out
    assert results() == ["a.png"]
    twice = "2 pictures would be written to out/e.png."
    assert failures() == {
        "photos/e.gif": twice,
        "photos/e.png": twice,
        "photos/b.png": "photos/b.png is empty.",
        "photos/c.png": "no mask named c.* or c_mask* goes with it.",
        "masks/d.png": "no picture named d.* goes with it.",
    }


def test_folders_below_are_taken_and_no_picture_is_its_own_mask(loads):
    os.makedirs("lama/sea")
    for name in ("a", "sea/a"):
        shutil.copy("photos/a.png", f"lama/{name}.png")
        shutil.copy("masks/a.png", f"lama/{name}_mask001.png")
    for _ in range(2):
        assert run(image="lama", mask="lama", output="lama/out") == 0
    assert counts("lama/out") == {"skipped": 2}
    assert results("lama/out") == ["a.png"]
    assert results("lama/out/sea") == ["a.png"]


@pytest.mark.parametrize("place", ["photos/{}", "./photos/{}", "{}"])
def test_results_and_masks_among_the_pictures_are_never_inputs(loads, place):
    os.rename("masks", "photos/masks")
    os.mkdir("photos/out")
    for name in ("masks", "out"):
        os.symlink(f"photos/{name}", name)
    for _ in range(2):
        assert run(mask=place.format("masks"), output=place.format("out")) == 0
    assert counts("out") == {"skipped": 3}
    masks = place.format("masks/a.png")
    assert run(mask=masks, output="out", overwrite=True) == 1
    # The other two masks are pictures then, without a hole of their own.
    assert counts("out") == {"done": 3, "failed": 2}


def test_a_second_run_skips_what_is_done_and_removes_what_is_half_written(loads):
    pathlib.Path("photos/b.png").rename("b.png")
    run()
    before = pathlib.Path("out/a.png").stat().st_mtime_ns
    pathlib.Path("b.png").rename("photos/b.png")
    half = pathlib.Path("out/.unfinished-1.png")
    half.write_bytes(b"half")
    assert run() == 0
    assert counts() == {"done": 1, "skipped": 2}
    assert failures() == {}
    assert pathlib.Path("out/a.png").stat().st_mtime_ns == before
    assert not half.exists()
    assert run(overwrite=True) == 0
    assert counts() == {"done": 3}


def test_one_mask_for_all_and_a_glob(loads):
    assert run(image="photos/[ab].png", mask="masks/c.png", retouched=False) == 0
    assert results() == ["a.png", "b.png"]
    assert loads == [(None, False)]


def test_the_model_is_released_before_python_ends(loads, monkeypatch):
    # With TensorFlow 2.15 the end of Python would print an ignored exception.
    load, models = loading.load, []

    def load_and_watch(*arguments, **options):
        model = load(*arguments, **options)
        models.append(weakref.ref(model))
        return model

    monkeypatch.setattr(loading, "load", load_and_watch)
    assert run() == 0
    gc.collect()
    assert [model() for model in models] == [None]


def test_a_file_of_jobs(loads):
    pathlib.Path("jobs.csv").write_text(
        "image,mask,output,mask_dilation\n"
        f"photos/a.png,masks/a.png,{os.getcwd()}/far/x.png,1\n"
        "photos/b.png,,far/y.png,\n"
        "photos/c.png,masks/c.png,far/c.gif,\n"
    )
    assert run(jobs="jobs.csv", report="report") == 1
    assert results("far") == ["x.png"]
    assert counts("report") == {"done": 1, "failed": 2}
    found = failures("report")
    assert found["jobs.csv, line 3"] == "The column mask is empty."
    assert "the file extension is .gif" in found["photos/c.png"]


@pytest.mark.parametrize(
    "values, message",
    [
        ({"image": "nowhere"}, "--image: no file matches nowhere/"),
        ({"mask": "nowhere"}, "--mask: no file matches nowhere/"),
        ({"output": "photos/"}, "must not be the folder of --image"),
        ({"output": "here/photos"}, "must not be the folder of --image"),
        ({"output": "a.png"}, "must name a folder"),
        ({"jobs": "no.csv", "report": "r"}, "no.csv cannot be read"),
        ({"runner": "NoRunner"}, "--runner=NoRunner failed"),
    ],
)
def test_mistakes_are_one_line(loads, values, message):
    os.symlink(".", "here")
    with pytest.raises((ValueError, RuntimeError), match=message) as caught:
        run(**values)
    assert "\n" not in str(caught.value)


def test_a_write_that_breaks_leaves_nothing_under_the_name(tmp_path):
    def parts():
        yield b"half"
        raise OSError("no space left")

    path = tmp_path / "a.png"
    with pytest.raises(OSError, match="no space left"):
        batch_pipeline.Files.write(str(path), parts())
    assert not path.exists()
    assert os.listdir(tmp_path) == []


def test_unfinished_files_of_a_killed_run_are_removed(tmp_path):
    (tmp_path / ".unfinished-1.png").write_bytes(b"half")
    assert batch_pipeline.remove_unfinished([str(tmp_path)]) == 1
    assert os.listdir(tmp_path) == []


def test_a_pipeline_that_fails_is_one_line(loads, monkeypatch, capfd, caplog):
    def write(path, parts):
        raise OSError(28, "No space left on device", path)

    monkeypatch.setattr(batch_pipeline.Files, "write", write)
    with pytest.raises(RuntimeError, match="failed: .*No space left on device"):
        run()
    assert "Traceback" not in caplog.text + capfd.readouterr().err


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on_and_equals_an_undisturbed_run(
    tmp_path, monkeypatch, make_workdir
):
    monkeypatch.chdir(tmp_path)
    stems = [f"{number:03d}" for number in range(300)]
    write_pairs(stems)
    pathlib.Path("photos/007.png").write_bytes(b"\x89PNG cut")
    model = make_workdir(tmp_path / "run")
    command = ["export.batch_inpaint", f"--model={model}", "--image=photos"]
    command.append("--mask=masks")

    process = start_program(*command, "--output=out", folder=tmp_path)
    end = time.monotonic() + 300
    while not os.path.isdir("out") or len(results()) < 20:
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    survived = len(results())
    assert 20 <= survived < 299

    done = run_program(*command, "--output=out", folder=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "apitools" not in done.stderr
    expected = {"done": 299 - survived, "skipped": survived, "failed": 1}
    assert counts() == expected
    two = ["--", "--direct_num_workers=2", "--direct_running_mode=multi_processing"]
    done = run_program(*command, "--output=whole", *two, folder=tmp_path)
    assert done.returncode == 1, done.stderr
    assert counts("whole") == {"done": 299, "failed": 1}
    assert results() == results("whole")
    for name in results():
        first, second = pathlib.Path("out", name), pathlib.Path("whole", name)
        assert first.read_bytes() == second.read_bytes()
    assert not [name for name in os.listdir("out") if name.startswith(".")]

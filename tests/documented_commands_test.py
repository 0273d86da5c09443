"""The documented programs: flags of all commands, runs of the cheap ones."""

import os
import re

import numpy as np
import pytest
from absl import flags
from PIL import Image

from export import tflite
from tests.documented import DOCUMENTED, PROGRAMS, ROOT, parsed
from tf_btgmi import assets, loading
from tf_btgmi.evaluation import classical_methods
from tf_btgmi.releases import load_release
from tf_btgmi.schedules import Schedules
from tf_btgmi.training import initialization


@pytest.mark.parametrize("words", PROGRAMS)
def test_the_flags_of_a_documented_command_exist(words, monkeypatch):
    monkeypatch.chdir(ROOT)
    with parsed(words):
        pass


@pytest.mark.parametrize(
    "words", [c for c in PROGRAMS if "--init_from=btgmi-" in " ".join(c.values[0])]
)
def test_a_documented_training_can_start_from_the_bundled_model(words, monkeypatch):
    monkeypatch.chdir(ROOT)
    with parsed(words):
        place = assets.model_folder(flags.FLAGS.init_from)
        initialization.check(flags.FLAGS.config, place)
        # Its blocks are active from the first step.
        procedure = flags.FLAGS.config.procedure
        active = Schedules(procedure).num_active_blocks(0)
        assert active == load_release(place)[0].stage


def test_the_commands_are_found():
    found = {command.values[0][2] for command in PROGRAMS}
    assert {"tf_btgmi.train", "tf_btgmi.evaluate", "export.tflite"} <= found
    assert len(PROGRAMS) > 60


def test_the_user_study_takes_the_folders_of_the_documented_evaluation():
    commands = DOCUMENTED[ROOT / "docs" / "evaluation.md"]
    evaluation = next(words for words in commands if words[2] == "tf_btgmi.evaluate")
    study = next(words for words in commands if words[2] == "tf_btgmi.user_study")
    (model,) = [w[len("--model=") :] for w in evaluation if w.startswith("--model=")]
    (output,) = [w[len("--output=") :] for w in evaluation if w.startswith("--output=")]
    methods = {loading.short_name(model), *classical_methods.FILLS}
    folders = {f"{output}/composites/{name}" for name in methods}
    results = [w.split("=", 2)[2] for w in study if w.startswith("--results=")]
    assert len(results) == 3 and set(results) <= folders
    assert f"--truth={output}/images" in study


def test_the_evaluated_tflite_files_are_those_that_were_exported():
    *exports, evaluation = DOCUMENTED[ROOT / "docs" / "tflite.md"]

    def value(words, name):
        return next(w.split("=", 1)[1] for w in words if w.startswith(f"--{name}="))

    written = {
        f"{value(words, 'output')}/{value(words, 'model')}-{value(words, 'size')}-"
        f"{value(words, 'quantization')}.tflite"
        for words in exports
    }
    assert all(words[2] == tflite.__name__ for words in exports)
    taken = {w.split("=", 1)[1] for w in evaluation if w.endswith(".tflite")}
    assert taken == written


def link_bundled_pictures(folder):
    """Makes the pictures of the repository that pages name available in a folder."""
    for place in ("tf_btgmi/assets/samples", "docs/pictures"):
        (folder / place).parent.mkdir(parents=True)
        (folder / place).symlink_to(ROOT / place)


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """The files that the documented commands name, in the working folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)

    def picture(path, height, width):
        path.parent.mkdir(exist_ok=True)
        colors = rng.integers(0, 256, (5, 5, 3), np.uint8)
        Image.fromarray(colors).resize((width, height), Image.BICUBIC).save(path)

    def mask(path, height, width):
        path.parent.mkdir(exist_ok=True)
        values = np.zeros((height, width), np.uint8)
        values[20:40, 30:60] = 255
        Image.fromarray(values).save(path)

    for name in ("photograph.jpg", "boat.jpg", "beach.jpg", "pasted.png"):
        picture(tmp_path / name, 100, 140)
    for name in ("mask.png", "boat_hole.png", "stranger.png", "object.png"):
        mask(tmp_path / name, 100, 140)
    for name in ("a", "b"):
        picture(tmp_path / "photos" / f"{name}.jpg", 100, 140)
        mask(tmp_path / "masks" / f"{name}.png", 100, 140)
        picture(tmp_path / "pictures" / f"{name}.jpg", 100, 140)
        mask(tmp_path / "pictures" / f"{name}_mask.png", 100, 140)
    link_bundled_pictures(tmp_path)
    picture(tmp_path / "meadow.jpg", 1000, 1200)
    picture(tmp_path / "farm.jpg", 450, 600)
    return tmp_path


def is_cheap(words):
    """Whether a command needs nothing but these files and the bundled models."""
    module, line = words[2].rsplit(".", 1)[-1], " ".join(words)
    if module not in ("inpaint", "remove", "harmonize", "compose"):
        return False
    return not re.search(r"--model=(runs|served|grpc|http)|--jobs", line)


CHEAP = [command for command in PROGRAMS if is_cheap(command.values[0])]


@pytest.mark.parametrize("words", CHEAP)
def test_a_cheap_command_runs_as_printed(words, pictures):
    with parsed(words) as program:
        assert program.main(words[2:3]) == 0
    (output,) = [w[len("--output=") :] for w in words if w.startswith("--output=")]
    assert os.path.isfile(output) or sorted(os.listdir(output)) == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize(
    "page, program, output",
    [
        ("inpainting", "inpaint", "done/first.jpg"),
        ("composing", "compose", "done/horse.jpg"),
    ],
)
def test_the_first_row_of_a_documented_csv_file_is_done(
    page, program, output, pictures
):
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    (csv,) = re.findall(r"^```csv\n(.*?)^```$", text, re.M | re.S)
    header, first, _ = csv.splitlines()
    (pictures / "jobs.csv").write_text(f"{header}\n{first}\n")
    words = ["python", "-m", f"tf_btgmi.{program}", "--jobs=jobs.csv"]
    with parsed(words) as module:
        assert module.main(words[2:3]) == 0
    assert os.path.isfile(output)


@pytest.mark.parametrize(
    "page, result, size",
    [
        ("README.md", "filled", (100, 140)),
        ("docs/inpainting.md", "empty", (100, 140)),
        ("docs/composing.md", "composite", (700, 1000)),
    ],
)
def test_the_python_code_of_a_page_runs(page, result, size, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    link_bundled_pictures(tmp_path)
    text = (ROOT / page).read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    rng = np.random.default_rng(0)
    mask = np.zeros(size, bool)
    mask[20:40, 30:60] = True
    rows, columns = np.mgrid[:450, :600]
    disc = (rows - 260) ** 2 + (columns - 295) ** 2 < 130**2
    names = {
        "image": rng.integers(0, 256, (*size, 3), np.uint8),
        "guide": np.where(disc[..., None], (200, 60, 40), (90, 150, 220)).astype(
            np.uint8
        ),
        "mask": mask,
    }
    exec(code, names)
    changed = (names[result] != names["image"]).any(axis=-1)
    assert changed.any() and not changed.all()

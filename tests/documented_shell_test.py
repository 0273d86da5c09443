"""The documented commands besides the programs: scripts, pip, clusters, curl."""

import importlib.util
import json
import os
import re
import subprocess

import pytest
from absl import flags
from packaging.requirements import Requirement

from tests.documented import COMMANDS, ROOT, import_optional, is_program, parsed
from tf_btgmi import assets, workdir
from tf_btgmi import config as config_lib
from tf_btgmi.studio import forms

OTHERS = [command for command in COMMANDS if not is_program(command.values[0])]
_ASSIGNMENT = re.compile(r"([A-Z_]+)=.*")
# In the repository; other paths are the reader's.
_OURS = (".ci/", "benchmarks/", "configs/", "export/", "scripts/", "tests/")


def check(words):
    """Fails for what does not exist; `CHECKS` has a function for each command."""
    variables = []
    while _ASSIGNMENT.fullmatch(words[0]):
        variables.append(_ASSIGNMENT.fullmatch(words[0])[1])
        words = words[1:]
    name = os.path.basename(words[0])
    assert name in CHECKS, f"{name} has no check in {__file__}"
    files = CHECKS[name](words[1:]) or []
    read = "".join((ROOT / file).read_text(encoding="utf-8") for file in files)
    assert all(name in read for name in variables)


def check_python(arguments):
    option, *rest = arguments
    if option == "-m":
        assert importlib.util.find_spec(rest[0])
    elif option == "-c":
        exec(rest[0], {})
    else:
        module = import_optional(option[: -len(".py")].replace("/", "."))
        if option.startswith("benchmarks/"):
            fields = module._flags(rest).set
            twin = import_optional("benchmarks.train_pytorch")
            twin.overridden(config_lib.Config(), fields)


def check_bash(arguments):
    script, *rest = arguments
    subprocess.run(["bash", "-n", str(ROOT / script)], check=True)
    if script == "scripts/train_slurm.sh":
        check_training(rest)
    return [script]


def check_sbatch(arguments):
    (place,) = [i for i, word in enumerate(arguments) if not word.startswith("-")]
    return check_bash(arguments[place:])


def check_training(arguments):
    with parsed(["python", "-m", "tf_btgmi.train", *arguments]):
        pass


def check_pip(arguments):
    assert arguments.pop(0) in ("install", "download")
    files = []
    while arguments:
        word = arguments.pop(0)
        if word == "-r":
            files.append(arguments.pop(0))
            assert (ROOT / files[-1]).is_file()
        elif word not in ("--upgrade", "--no-deps"):
            Requirement(word)
    if "requirements-beam.txt" in files:
        # Alone it replaces the stack's protobuf.
        assert "requirements.txt" in files


def check_export(arguments):
    name, _, value = arguments[0].partition("=")
    assert name == "TF_CONFIG"
    cluster = json.loads(value)
    kind, index = (cluster["task"][key] for key in ("type", "index"))
    assert index < len(cluster["cluster"][kind])


def check_docker(arguments):
    assert arguments[:2] == ["compose", "-f"] and arguments[3:] == ["up"]
    return arguments[2:3]


def check_curl(arguments):
    (address,) = [word for word in arguments if word.startswith("http://127.0.0.1")]
    call = address.rpartition("/api/v1/")[2]
    form = getattr(forms, f"{call.capitalize()}Form")
    options = zip(arguments, arguments[1:])
    fields = {text.partition("=")[0] for option, text in options if option == "-F"}
    required = {n for n, field in form.model_fields.items() if field.is_required()}
    assert required <= fields <= set(form.model_fields)


def check_tensorboard(arguments):
    assert arguments[0] == "--logdir" and arguments[1].endswith(f"/{workdir.LOGS}")


CHECKS = {
    "python": check_python,
    "python3": check_python,
    "bash": check_bash,
    "sbatch": check_sbatch,
    "pip": check_pip,
    "export": check_export,
    "docker": check_docker,
    "curl": check_curl,
    "tensorboard": check_tensorboard,
    # Of other projects.
    ".": lambda arguments: None,
    "cd": lambda arguments: None,
    "pip-audit": lambda arguments: None,
}


@pytest.mark.parametrize("words", OTHERS)
def test_a_documented_command_names_what_there_is(words, monkeypatch):
    monkeypatch.chdir(ROOT)
    check(list(words))


@pytest.mark.parametrize(
    "line",
    [
        "bash scripts/missing.sh",
        "STAK=keras3 bash scripts/test.sh",
        "pip install -r requirements-missing.txt",
        "make all",
        "curl -F picture=@a.jpg http://127.0.0.1:8000/api/v1/inpaint -o b.jpg",
        "sbatch --nodes=4 scripts/train_slurm.sh --confg=configs/outdoor_128.py",
    ],
)
def test_a_command_that_names_something_else_is_noticed(line, monkeypatch):
    monkeypatch.chdir(ROOT)
    faults = (AssertionError, subprocess.CalledProcessError, flags.Error)
    with pytest.raises(faults):
        check(line.split())


def test_documented_files_of_the_repository_and_models_exist():
    values = {
        value
        for command in COMMANDS
        for word in command.values[0]
        for value in (word, word.rpartition("=")[2])
    }
    ours = {value for value in values if value.startswith(_OURS)}
    assert len(ours) > 10 and all((ROOT / name).exists() for name in ours), ours
    models = {value for value in values if re.fullmatch(r"btgmi-[a-z]+-\d+", value)}
    assert models and models <= {*assets.model_names(), assets.SELECTOR}


def test_shell_scripts_are_sound():
    scripts = [*(ROOT / "scripts").glob("*.sh"), *(ROOT / "export").rglob("*.sh")]
    assert scripts
    for script in scripts:
        subprocess.run(["bash", "-n", str(script)], check=True)

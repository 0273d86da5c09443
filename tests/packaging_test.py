"""What is shipped: assets and where they come from, requirements, wheel, scripts."""

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.version import Version
from PIL import Image

import tf_btgmi
from tests.programs import ROOT
from tf_btgmi import assets
from tf_btgmi.evaluation import classical_methods

WEIGHTS_SHA256 = "8245880b91d52c4172ca7b97643244f900291d315155ad942f66605e06e4a9f7"
EFFICIENTNET_SHA256 = "7ccbdedd6a14ea2c70e9b38a2117a1f0843da4618ed32c37cb23e83a1418b56f"
FREE_LICENCES = {"CC0-1.0", "Public domain"}
# Packages whose import name is not their own.
IMPORT_NAMES = {
    "pillow": "PIL",
    "opencv-python-headless": "cv2",
    "scikit-image": "skimage",
    "absl-py": "absl",
    "protobuf": "google",
    "grpcio": "grpc",
    "tensorflow-serving-api": "tensorflow_serving",
}


def requirements(name, python=None):
    """The requirements of a file; with `python`, those that hold there, unmarked."""
    found = []
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        requirement = Requirement(line)
        if python is not None:
            marker, requirement.marker = requirement.marker, None
            if marker and not Marker(str(marker)).evaluate({"python_version": python}):
                continue
        found.append(requirement)
    return found


def sample_rows():
    """File name -> (author, licence, source) of the table in the samples' README."""
    text = (assets.samples_dir() / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.+?)` \|(.+)\|$", text, re.MULTILINE)
    cells = {name: [c.strip() for c in rest.split("|")] for name, rest in rows}
    return {name: tuple(c) for name, c in cells.items()}


@pytest.mark.parametrize(
    "path, digest",
    [
        (assets.perceptual_weights_path(), WEIGHTS_SHA256),
        (assets.efficientnet_weights_path(), EFFICIENTNET_SHA256),
    ],
)
def test_weights_are_the_ones_that_the_readme_describes(path, digest):
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert digest in (path.parent / "README.md").read_text(encoding="utf-8")


def test_every_sample_picture_has_an_author_a_free_licence_and_a_source():
    rows = sample_rows()
    files = {
        path.relative_to(assets.samples_dir()).as_posix()
        for path in assets.samples_dir().rglob("*")
        if path.is_file() and path.name != "README.md"
    }
    assert set(rows) == files
    assert all(author and source for author, _, source in rows.values())
    assert {licence for _, licence, _ in rows.values()} == FREE_LICENCES


def test_no_two_sample_pictures_come_from_the_same_source():
    sources = [source for _, _, source in sample_rows().values()]
    assert len(set(sources)) == len(sources) == 20


def test_sample_pictures_are_small_colour_photographs():
    total = 0
    for split, count in (("train", 14), ("test", 6)):
        pictures = assets.sample_pictures(split)
        assert len(pictures) == count
        for path in pictures:
            total += path.stat().st_size
            with Image.open(path) as picture:
                assert picture.mode == "RGB"
                assert 448 <= max(picture.size) <= 512
                assert min(picture.size) >= 256
    assert total < 2_000_000


def test_keras3_requirements_are_those_of_python_3_12():
    expected = {str(r) for r in requirements("requirements.txt", python="3.12")}
    assert {str(r) for r in requirements("requirements-keras3.txt")} == expected


@pytest.mark.parametrize(
    "python, tensorflow, addons",
    [("3.9", "2.15.1", 1), ("3.11", "2.15.1", 1), ("3.12", "2.21.0", 0)],
)
def test_python_version_chooses_the_stack(python, tensorflow, addons):
    names = [r.name for r in requirements("requirements.txt", python)]
    assert len(names) == len(set(names))
    assert names.count("tensorflow-addons") == addons
    (requirement,) = [
        r for r in requirements("requirements.txt", python) if r.name == "tensorflow"
    ]
    assert tensorflow in requirement.specifier


@pytest.mark.skipif(
    sys.version_info < (3, 10), reason="sys.stdlib_module_names came with Python 3.10"
)
def test_everything_that_is_imported_is_required():
    imported = set()
    for folder in ("tf_btgmi", "configs", "export"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    imported |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    imported.add(node.module.split(".")[0])
    listed = {r.name for r in requirements("requirements.txt")}
    modules = {IMPORT_NAMES.get(n, n.replace("-", "_")) for n in listed}
    own = {"tf_btgmi", "configs", "export"}
    # Imported where it is installed, named where it is not.
    optional = {"patchmatch", "apache_beam", "pillow_heif"}
    third_party = imported - own - optional - set(sys.stdlib_module_names)
    assert third_party <= modules, third_party - modules


def faults_of_changelog(text, version):
    """What Keep a Changelog 1.1 asks for and is not so, in words."""
    parts = re.split(r"^## \[(.+?)\](.*)$", text, flags=re.MULTILINE)
    sections = list(zip(parts[1::3], parts[2::3], parts[3::3]))  # noqa: B905
    released = [Version(name) for name, _, _ in sections if name != "Unreleased"]
    faults = [
        f"{name} has no entries" for name, _, body in sections if "\n- " not in body
    ]
    faults += [
        f"{name} has no date"
        for name, rest, _ in sections
        if name != "Unreleased" and not re.fullmatch(r" - \d{4}-\d\d-\d\d", rest)
    ]
    if released != sorted(set(released), reverse=True):
        faults.append("versions are not newest first")
    if released and released[0] > Version(version):
        faults.append(f"{released[0]} is newer than the package")
    names = [name for name, _, _ in sections]
    if not names or names[0] not in ("Unreleased", version):
        faults.append(f"the newest changes are neither Unreleased nor of {version}")
    if "Unreleased" in names[1:]:
        faults.append("Unreleased is not the first section")
    return faults


def test_changelog_knows_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert faults_of_changelog(text, tf_btgmi.__version__) == []


@pytest.mark.parametrize(
    "text, version, faults",
    [
        ("## [Unreleased]\n\n- A.\n\n## [1.0.0] - 2026-01-02\n\n- B.\n", "1.0.0", 0),
        ("## [1.0.0] - 2026-01-02\n\n- B.\n", "1.0.0", 0),
        ("# Changelog\n", "1.0.0", 1),
        ("## [Unreleased]\n", "1.0.0", 1),
        ("## [1.0.0] - 2026-01-02\n\n- B.\n", "1.1.0", 1),
        ("## [1.0.0]\n\n- B.\n", "1.0.0", 1),
        ("## [Unreleased]\n\n- A.\n\n## [2.0.0] - 2026-01-02\n\n- B.\n", "1.0.0", 1),
    ],
)
def test_a_wrong_changelog_is_found(text, version, faults):
    assert len(faults_of_changelog(text, version)) == faults


def test_the_tests_requirements_have_every_classical_methods_package():
    packages = {
        package for _, package, _ in classical_methods.FILLS.values() if package
    }
    assert "pypatchmatch" in packages
    listed = {
        requirement.name
        for name in ("requirements.txt", "requirements-dev.txt")
        for requirement in requirements(name, python="3.11")
    }
    assert packages <= listed


def test_a_wheel_carries_the_assets(tmp_path):
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tf_btgmi", source / "tf_btgmi", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for path in ROOT.glob("requirements*.txt"):
        shutil.copy(path, source)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps"]
    command += ["--no-build-isolation", "-w", str(tmp_path), str(source)]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    files = [p for p in (source / "tf_btgmi").rglob("*") if p.is_file()]
    assert {p.relative_to(source).as_posix() for p in files} <= shipped


def run_script(name, **variables):
    environment = {**os.environ, **variables}
    return subprocess.run(
        ["bash", str(ROOT / name)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )


@pytest.mark.parametrize("name", ["scripts/demo.sh", "scripts/test.sh", ".ci/run"])
@pytest.mark.parametrize(
    "answer, expected",
    [("exit 1", "no working Python"), ("echo 3.8", "is Python 3.8; this needs")],
)
def test_scripts_refuse_a_python_that_does_not_fit(tmp_path, name, answer, expected):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    python.chmod(0o755)
    result = run_script(name, PYTHON=str(python))
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert expected in result.stderr


def test_test_script_refuses_an_unknown_stack():
    result = run_script("scripts/test.sh", STACK="torch")
    assert result.returncode == 2
    assert result.stderr == (
        "STACK=torch is unknown; leave it unset, or set STACK=keras3.\n"
    )

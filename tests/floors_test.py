"""Which module may import which: BUILD.md, "Layout". The imports are read, not run."""

import ast
import pathlib
import sys
from typing import Iterator

import pytest

from tests.programs import ROOT

PACKAGE = "tf_btgmi"

# The floor of a module or subpackage, by its first name inside the package. A module
# that is not listed here and lies directly in the package is a program.
FLOORS = {
    "files": 0,
    "interrupts": 0,
    "outputs": 0,
    "wording": 0,
    "config": 1,
    "assets": 1,
    "keras_compat": 2,
    "ops": 2,
    "pictures": 2,
    "progress_bar": 2,
    "schedules": 2,
    "workdir": 2,
    "layers": 3,
    "data": 3,
    "models": 4,
    "losses": 5,
    "metrics": 5,
    "releases": 5,
    "runs": 5,
    "training": 6,
    "inference": 6,
    "serving": 6,
    "evaluation": 7,
    "loading": 7,
    "selection": 7,
    "ablation": 8,
    "studio": 8,
    "study": 8,
    "web": 6,
    "cli": 8,
}
PROGRAM = 9
# Networks, layers and losses take plain values. The one place that reads a config to
# build networks from it:
CONFIG_FREE = ("ops", "schedules", "layers", "models", "losses", "metrics")
BUILDS_FROM_CONFIG = "tf_btgmi.models.build"
ONLY_IMPORTER_OF_ADDONS = "tf_btgmi.layers.normalization"
# Words in files and graphs, and the only module that spells each.
HOMES = {
    "inpainted": "tf_btgmi.outputs",
    "harmonized": "tf_btgmi.outputs",
    "config.json": "tf_btgmi.config.files",
    "saved_model.pb": "tf_btgmi.serving.saved_graph",
}


def imports_of(source: str, module: str, is_package: bool) -> Iterator[str]:
    """Every module that `source` imports, anywhere in it, by its absolute name."""
    parents = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            base = parents[: len(parents) - node.level + 1] if node.level else []
            base += node.module.split(".") if node.module else []
            for alias in node.names:
                yield ".".join(base + [alias.name])


def part_of(module: str) -> str:
    """The module's first name inside the package; "" for the package itself."""
    return (module.split(".") + [""])[1]


def floor_of(module: str) -> int:
    return FLOORS.get(part_of(module), PROGRAM)


def breaches(module: str, imported: set[str]) -> list[str]:
    """The imports of `module` that the floors do not allow."""
    found = []
    for name in sorted(imported):
        if not name.startswith(PACKAGE + ".") or part_of(name).startswith("__"):
            continue
        same_part = part_of(name) == part_of(module)
        if not same_part and floor_of(name) >= floor_of(module):
            found.append(f"{module} imports {name}")
    return found


def module_name(path: pathlib.Path) -> tuple[str, bool]:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    is_package = parts[-1] == "__init__"
    return ".".join(parts[:-1] if is_package else parts), is_package


def sources(folder: str) -> dict[str, tuple[str, set[str]]]:
    """Source and imports of every module under `folder`, by module name."""
    found = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        name, is_package = module_name(path)
        source = path.read_text(encoding="utf-8")
        found[name] = source, set(imports_of(source, name, is_package))
    return found


MODULES = sources(PACKAGE)


@pytest.mark.parametrize(
    "module, source, expected",
    [
        ("tf_btgmi.data.masks", "from tf_btgmi.models import generator", 1),
        ("tf_btgmi.data.masks", "def f():\n    import tf_btgmi.losses.objective", 1),
        ("tf_btgmi.data.masks", "from ..models import generator", 1),
        ("tf_btgmi.layers.residual", "from tf_btgmi.data import masks", 1),
        ("tf_btgmi.inference.predictor", "from tf_btgmi import training", 1),
        ("tf_btgmi.config", "from tf_btgmi import schedules", 1),
        ("tf_btgmi.config.files", "from tf_btgmi import files", 0),
        ("tf_btgmi.ops.mask_ops", "from tf_btgmi.ops import image_ops", 0),
        ("tf_btgmi.ops.mask_ops", "from . import image_ops", 0),
        ("tf_btgmi.train", "from tf_btgmi.training import trainer", 0),
        ("tf_btgmi.demo", "from tf_btgmi import __version__", 0),
        ("tf_btgmi.demo", "import numpy", 0),
    ],
)
def test_an_import_from_the_same_or_a_higher_floor_is_found(module, source, expected):
    found = breaches(module, set(imports_of(source, module, is_package=False)))
    assert len(found) == expected, found


def test_every_module_imports_from_lower_floors_only():
    found = []
    for module, (_, imported) in MODULES.items():
        found += breaches(module, imported)
    assert not found, found


def test_every_subpackage_has_a_floor():
    folders = {p.parent.name for p in (ROOT / PACKAGE).glob("*/__init__.py")}
    assert folders <= set(FLOORS), folders - set(FLOORS)


@pytest.mark.skipif(
    sys.version_info < (3, 10), reason="sys.stdlib_module_names came with Python 3.10"
)
def test_the_lowest_floors_need_the_standard_library_only():
    for module, (_, imported) in MODULES.items():
        if floor_of(module) <= 1:
            roots = {name.split(".")[0] for name in imported} - {PACKAGE}
            assert roots <= sys.stdlib_module_names, (module, roots)


def test_networks_layers_and_losses_know_no_config():
    found = [
        module
        for module, (_, imported) in MODULES.items()
        if part_of(module) in CONFIG_FREE and module != BUILDS_FROM_CONFIG
        for name in imported
        if part_of(name) == "config" and name.startswith(PACKAGE + ".")
    ]
    assert not found, found


def test_only_programs_read_flags():
    readers = {
        module
        for module, (_, imported) in MODULES.items()
        if any(n.startswith("absl.flags") or n == "absl.app" for n in imported)
    }
    assert {part_of(m) for m in readers if floor_of(m) < PROGRAM} == {"cli"}


def test_tensorflow_addons_is_imported_in_one_module():
    importers = {
        module
        for module, (_, imported) in MODULES.items()
        if any(name.split(".")[0] == "tensorflow_addons" for name in imported)
    }
    assert importers == {ONLY_IMPORTER_OF_ADDONS}


def test_names_in_files_and_graphs_are_spelled_in_one_module():
    spellers = {word: set() for word in HOMES}
    for module, (source, _) in MODULES.items():
        # Parsing is slow, and few modules have any of the words.
        if any(word in source for word in HOMES):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Constant) and node.value in spellers:
                    spellers[node.value].add(module)
    assert spellers == {word: {home} for word, home in HOMES.items()}


def test_keras_is_imported_as_keras():
    """`tf.keras` is another Keras than `keras` on some installations."""
    found = []
    for module, (source, imported) in MODULES.items():
        if any(name.startswith("tensorflow.keras") for name in imported):
            found.append(module)
        for node in ast.walk(ast.parse(source)):
            if (
                isinstance(node, ast.Attribute)
                and node.attr == "keras"
                and isinstance(node.value, ast.Name)
                and node.value.id in ("tf", "tensorflow")
            ):
                found.append(f"{module}:{node.lineno}")
    assert not found, found


def test_configs_know_the_schema_and_the_assets_only():
    for module, (_, imported) in sources("configs").items():
        names = {n for n in imported if n.split(".")[0] == PACKAGE}
        assert {part_of(n) for n in names} <= {"config", "assets"}, (module, names)

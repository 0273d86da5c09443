"""No file that a user is given can bring code with it: the sources are read."""

import ast
import pathlib
from typing import Iterator

import pytest

from tests.programs import ROOT

FOLDERS = ("tf_btgmi", "export", "benchmarks", "scripts")
# Each of them makes objects, or code, of what a file says.
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
MODULES |= {"yaml", "h5py", "torch"}
CALLS = {
    "eval",
    "exec",
    "Lambda",
    "enable_unsafe_deserialization",
    "load_model",
    "model_from_json",
    "deserialize_keras_object",
    "read_pickle",
    "py_func",
    "load_library",
    "load_op_library",
}
# By folder or file. Programs that compare with PyTorch load only tensors that they have
# saved themselves; the judge's weights are arrays of one known file.
FREE = {"benchmarks": {"torch"}, "scripts/judge_weights.py": {"pickle"}}
SAFE = {"allow_pickle": False, "weights_only": True}


def name_of(function: ast.expr) -> str:
    return getattr(function, "attr", getattr(function, "id", ""))


def breaches(source: str, free=frozenset()) -> Iterator[str]:
    """What in `source` could run code that a file holds."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in {name.split(".")[0] for name in names}:
                if name in MODULES - set(free):
                    yield f"line {node.lineno} imports {name}"
        elif isinstance(node, ast.Call):
            called = name_of(node.func)
            method = isinstance(node.func, ast.Attribute)
            # `network.eval()` is PyTorch's word for inference.
            if called in CALLS - set(free) and not (method and called == "eval"):
                yield f"line {node.lineno} calls {called}"
            of = getattr(node.func, "value", None)
            if called == "load" and name_of(of) in ("np", "numpy", "torch"):
                flag = "weights_only" if name_of(of) == "torch" else "allow_pickle"
                values = {key.arg: key.value for key in node.keywords}
                given = getattr(values.get(flag), "value", None)
                if given is not SAFE[flag]:
                    yield f"line {node.lineno} loads without {flag}={SAFE[flag]}"
            for key in node.keywords:
                if key.arg == "safe_mode":
                    yield f"line {node.lineno} sets safe_mode"


@pytest.mark.parametrize(
    "source, count",
    [
        ("import pickle", 1),
        ("from joblib import load", 1),
        ("import numpy as np\nnp.load(path)", 1),
        ("np.load(path, allow_pickle=True)", 1),
        ("np.load(path, allow_pickle=False)", 0),
        ("torch.load(path)", 1),
        ("torch.load(path, allow_pickle=False)", 1),
        ("torch.load(path, weights_only=True)", 0),
        ("keras.layers.Lambda(f)", 1),
        ("keras.models.load_model(path)", 1),
        ("eval(text)", 1),
        ("network.eval()", 0),
        ("json.load(file)", 0),
        ("re.compile(text)", 0),
    ],
)
def test_what_could_run_code_is_found(source, count):
    assert len(list(breaches(source))) == count


def sources() -> list[pathlib.Path]:
    return [
        path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def test_nothing_is_unpickled_and_no_code_comes_from_a_model_file():
    paths = sources()
    assert len(paths) > 100
    found = []
    for path in paths:
        place = path.relative_to(ROOT)
        source = path.read_text(encoding="utf-8")
        free = FREE.get(str(place), FREE.get(place.parts[0], ()))
        found += [f"{place}: {breach}" for breach in breaches(source, free)]
    assert not found, "\n".join(found)


def test_saved_models_are_loaded_in_one_place_behind_the_check():
    loaders = [
        str(path.relative_to(ROOT))
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("saved_model.load")
    ]
    # The benchmark loads what it has just written itself.
    assert [p for p in loaders if not p.startswith("benchmarks")] == [
        "tf_btgmi/loading.py"
    ]

"""The commands that README, guides, cards and help texts show."""

import ast
import contextlib
import importlib
import pathlib
import re
import shlex
import sys
from unittest import mock

import pytest
from absl import flags

from tests.programs import ROOT
from tf_btgmi.cli import config_flag

PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "tf_btgmi").rglob("*.md")),
]
MODULES = [
    path
    for folder in ("tf_btgmi", "export", "benchmarks", "configs")
    for path in sorted((ROOT / folder).glob("*.py"))
]
# Packages of optional requirements files.
_OPTIONAL = ("torch", "apache_beam")
# Programs without flags of absl.
_OWN_FLAGS = ("venv", "benchmarks.worker_process")
# Placeholders of values that a flag checks.
_PLACEHOLDERS = {"KIND": "rectangles", "SIZE": "128", "N": "10"}


def _commands_in(path: pathlib.Path):
    """Commands of a page's bash blocks, or of a module's docstring, a list each."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        text = "\n".join(re.findall(r"^```bash\n(.*?)^```$", text, re.M | re.S))
        lines = re.split(r"\n(?! )", text.replace("\\\n", " "))
    else:
        # A docstring that is not raw has its lines joined already.
        text = ast.get_docstring(ast.parse(text)) or ""
        text = text.replace("\\\n", " ")
        found = re.findall(r"^(?:    |Command: )(python -m .*)$", text, re.M)
        lines = [line for line in found if "..." not in line]
    parts = (part for line in lines for part in line.split(" && "))
    return [
        [_filled_in(word) for word in shlex.split(part, comments=True)]
        for part in parts
        if shlex.split(part, comments=True)
    ]


def _filled_in(word: str) -> str:
    name, sign, value = word.partition("=")
    return name + sign + _PLACEHOLDERS.get(value, value)


DOCUMENTED = {path: _commands_in(path) for path in PAGES + MODULES}
COMMANDS = [
    pytest.param(words, id=f"{path.stem}: {' '.join(words)}"[:90])
    for path, commands in DOCUMENTED.items()
    for words in commands
]


def is_program(words) -> bool:
    """Whether a command starts a program with flags of absl."""
    return words[:2] == ["python", "-m"] and words[2] not in _OWN_FLAGS


PROGRAMS = [command for command in COMMANDS if is_program(command.values[0])]


def import_optional(module: str):
    """Imports a module; skips the test if an optional package is missing."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name not in _OPTIONAL:
            raise
        pytest.skip(f"{error.name} is optional and not installed")


@contextlib.contextmanager
def parsed(words):
    """The program of a command `python -m ...`, with its flags parsed."""
    _, _, module, *arguments = words
    program = import_optional(module)
    before = set(flags.FLAGS)
    try:
        program.define_flags()
        with mock.patch.object(sys, "argv", [module, *arguments]):
            if "config" in flags.FLAGS:
                sys.argv = config_flag.rewritten(sys.argv)
            after = arguments[arguments.index("--") + 1 :] if "--" in arguments else []
            assert flags.FLAGS(sys.argv)[1:] == after
            yield program
    finally:
        for name in set(flags.FLAGS) - before:
            delattr(flags.FLAGS, name)
        flags.FLAGS.unparse_flags()

"""The folder of an evaluation, for results and for resuming.

    settings.json          the settings; a rerun must have the same
    images/NAME.png        the truth, cropped and resized
    masks/NAME.png         white = hole, or object
    given/NAME.png         the methods' input, unless it is the truth with a hole
    composites/METHOD/     the results, known pixels as in the truth
    rows/METHOD.jsonl      one line per picture: its metrics and features
    .lock                  locked while an evaluation is running

Files are written atomically, and an incomplete last line is ignored.
"""

import contextlib
import json
import os
import re
from typing import Any, Iterator, Optional, Sequence

import numpy as np

from tf_btgmi import files, wording
from tf_btgmi.evaluation.tasks import JUDGE
from tf_btgmi.pictures.decoding import read_image
from tf_btgmi.pictures.writer import encode_png

# Name of the features of the original pictures.
TRUTH = "truth"
_SETTINGS = "settings.json"
_IMAGES = "images"
# Settings that are hashes of files, and those files.
_HASHED = {"fingerprint": "the picture files", "masks": "the mask files"}
METHOD_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def method_name(text: str) -> str:
    """A valid name of a method, with `_` for characters that are not allowed.

    Example:
        >>> method_name("run one"), method_name(".hidden")
        ('run_one', '_.hidden')
    """
    name = re.sub("[^A-Za-z0-9._-]", "_", text)
    return name if METHOD_NAME.fullmatch(name) else f"_{name}"


class Store:
    """The folder of one evaluation.

    Args:
        folder: created if necessary.
        settings: everything that the numbers depend on, as JSON values.
        methods: identities by name. Methods may change between runs, but a name with
            rows keeps its identity.
        read_only: whether the folder has exactly these settings and methods, and is
            not written.

    Attributes:
        settings: the argument.
        identities: the argument `methods`.

    Raises:
        ValueError: the folder has another evaluation, a method has changed, or a name
            is not valid for a file.
    """

    def __init__(
        self,
        folder: str,
        settings: dict[str, Any],
        methods: dict[str, str],
        read_only: bool = False,
    ):
        for name in methods:
            if not METHOD_NAME.fullmatch(name) or name == TRUTH:
                raise ValueError(
                    f"A method cannot be called {name!r}: letters, digits and . _ - "
                    f"are allowed, and {TRUTH!r} is taken. --model=NAME=MODEL names a "
                    "model."
                )
        self.folder = folder
        self.settings = settings
        self.identities = methods
        self._read_only = read_only
        if not read_only:
            self._settle()
        self._rows = {name: self._read_rows(name) for name in (TRUTH, *methods)}

    @classmethod
    @contextlib.contextmanager
    def only_one(
        cls, folder: str, settings: dict[str, Any], methods: dict[str, str]
    ) -> Iterator["Store"]:
        """A `Store` of these arguments; refuses a second one while it is in use.

        Raises:
            ValueError: another evaluation is running, or as the class.
        """
        _names_in(folder)
        os.makedirs(folder, exist_ok=True)
        with files.only_one("evaluation", folder, "--output"):
            yield cls(folder, settings, methods)

    @classmethod
    def opened(cls, folder: str, methods: Sequence[str]) -> "Store":
        """Opens an existing evaluation with some of its methods, to read it.

        Raises:
            ValueError: it cannot be read.
            FileNotFoundError: there is no evaluation.
            KeyError: it does not have one of the methods.
        """
        settings = _read_json(os.path.join(folder, _SETTINGS))
        known = settings.pop("methods")
        return cls(folder, settings, {name: known[name] for name in methods}, True)

    def rows(self, method: str) -> dict[str, dict[str, Any]]:
        """Rows of a method by picture name."""
        return self._rows[method]

    def add_row(self, method: str, name: str, row: dict[str, Any]) -> None:
        """Stores the row of one picture."""
        path = self._rows_path(method)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        # NaN is not valid JSON.
        line = json.dumps({"name": name, **row}, allow_nan=False)
        with files.naming(path), open(path, "a", encoding="utf-8") as file:
            file.write(line + "\n")
        self._rows[method][name] = row

    def read_image(self, name: str) -> Optional[np.ndarray]:
        """The truth, [S, S, 3] uint8, or None before it is written."""
        path = self._path(_IMAGES, name)
        return read_image(path) if os.path.exists(path) else None

    @staticmethod
    def has_image(folder: str, name: str) -> bool:
        """Whether the evaluation in a folder has written the truth of a picture."""
        return os.path.exists(_picture(folder, _IMAGES, name))

    def read_mask(self, name: str) -> np.ndarray:
        """The hole, [S, S] bool."""
        return read_image(self._path("masks", name))[..., 0] >= 128

    def read_composite(self, method: str, name: str) -> np.ndarray:
        """A result, [S, S, 3] uint8."""
        return read_image(self._path(os.path.join("composites", method), name))

    def read_input(self, name: str) -> Optional[np.ndarray]:
        """The methods' input, [S, S, 3] uint8, or None if it was not stored."""
        path = self._path("given", name)
        return read_image(path) if os.path.exists(path) else None

    def write_example(
        self,
        name: str,
        image: np.ndarray,
        mask: np.ndarray,
        input_image: Optional[np.ndarray] = None,
    ) -> None:
        """Stores a picture and its input, uint8 [S, S, 3], and its mask, bool."""
        self._write("masks", name, mask.astype(np.uint8) * 255)
        if input_image is not None:
            self._write("given", name, input_image)
        self._write(_IMAGES, name, image)

    def write_composite(self, method: str, name: str, composite: np.ndarray) -> None:
        """Stores a result, [S, S, 3] uint8."""
        self._write(os.path.join("composites", method), name, composite)

    def write_text(self, name: str, text: str) -> str:
        """Writes a file of the report; returns its path."""
        path = os.path.join(self.folder, name)
        files.write(path, text)
        return path

    def _settle(self) -> None:
        """Checks and writes the settings."""
        path = os.path.join(self.folder, _SETTINGS)
        new = json.loads(json.dumps({**self.settings, "methods": self.identities}))
        # Settings alone remain of an evaluation that failed before its first picture.
        if len(_names_in(self.folder)) > 1:
            known = _read_json(path)
            # A method that failed before its first row may have changed.
            known["methods"] = {
                name: identity
                for name, identity in known["methods"].items()
                if os.path.exists(self._rows_path(name))
            }
            for name in self.identities:
                rows = self._rows_path(name)
                if name not in known["methods"] and os.path.exists(rows):
                    raise ValueError(
                        f"{path} does not say which method {rows} is of. Remove it to "
                        f"measure {name} again, or choose another name."
                    )
            # The judge may be added later, and must then remain the same.
            added = {} if known.get(JUDGE) else {JUDGE: new.get(JUDGE)}
            _compare(self.folder, {**known, **added}, new)
            if known.get(JUDGE):
                new[JUDGE] = known[JUDGE]
            new["methods"] = {**known["methods"], **new["methods"]}
        os.makedirs(self.folder, exist_ok=True)
        files.write_json(path, new)

    def _path(self, part: str, name: str) -> str:
        return _picture(self.folder, part, name)

    def _write(self, part: str, name: str, picture: np.ndarray) -> None:
        path = self._path(part, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        files.write(path, encode_png(picture))

    def _rows_path(self, method: str) -> str:
        return os.path.join(self.folder, "rows", f"{method}.jsonl")

    def _read_rows(self, method: str) -> dict[str, dict[str, Any]]:
        path = self._rows_path(method)
        if not os.path.exists(path):
            return {}
        with open(path, encoding="utf-8") as file:
            text = file.read()
        whole, newline, torn = text.rpartition("\n")
        if torn and not self._read_only:
            # The next row must start on a new line.
            self.write_text(os.path.join("rows", f"{method}.jsonl"), whole + newline)
        rows = {}
        for line in whole.splitlines():
            try:
                row = json.loads(line)
                rows[row.pop("name")] = row
            except (ValueError, KeyError, AttributeError):
                raise ValueError(
                    f"{path} is damaged; remove it to measure {method} again."
                ) from None
        return rows


def _picture(folder: str, part: str, name: str) -> str:
    return os.path.join(folder, part, f"{name}.png")


def _names_in(folder: str) -> set[str]:
    """Names of the files in the folder of an evaluation, without the lock.

    Raises:
        ValueError: it is not the folder of one.
    """
    files.check_folder(folder)
    names = set(os.listdir(folder) if os.path.isdir(folder) else []) - {files.LOCK}
    if names and _SETTINGS not in names:
        raise ValueError(
            f"{folder} is not empty and has no evaluation; give another folder."
        )
    return names


def _compare(folder: str, known: dict[str, Any], new: dict[str, Any]) -> None:
    changed = {
        key: (known.get(key), value)
        for key, value in new.items()
        if key != "methods" and known.get(key) != value
    }
    methods = {
        f"the method {name}": (known["methods"][name], identity)
        for name, identity in new["methods"].items()
        if known["methods"].get(name, identity) != identity
    }
    # Hashes also change with --limit or --data, and are then not reported.
    named = {key: pair for key, pair in changed.items() if key not in _HASHED}
    hashed = [] if named else [f"{_HASHED[key]} have changed" for key in changed]
    if changed or methods:
        told = [*hashed, wording.changes({**named, **methods})]
        raise ValueError(
            f"{folder} has an evaluation with different settings: "
            f"{'; '.join(filter(None, told))}. "
            "Choose another --output, or another name to a method that has changed."
        )


def _read_json(path: str) -> dict[str, Any]:
    known = files.read_json(path)
    if not isinstance(known, dict) or not isinstance(known.get("methods"), dict):
        raise ValueError(f"{path} has no settings of an evaluation.")
    return known

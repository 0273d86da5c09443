"""Results of another program, as a method of the evaluation."""

import hashlib
import os
from typing import Iterable

import numpy as np

from tf_btgmi import files
from tf_btgmi.evaluation.classical_methods import Method
from tf_btgmi.pictures.decoding import read_image
from tf_btgmi.pictures.listing import list_pictures, name_of
from tf_btgmi.wording import number_of


def results_method(label: str, folder: str, names: Iterable[str]) -> Method:
    """The pictures of a folder, found by name: `a/b` is `FOLDER/a/b.png` or `.jpg`.

    Args:
        label: name of the method.
        folder: folder of the results, at the size of the evaluation.
        names: names of the evaluated pictures.

    Raises:
        ValueError: no folder, two results of the same name, or missing results.
    """
    paths = by_name(folder)
    missing = [name for name in names if name not in paths]
    if missing:
        raise ValueError(
            f"{folder} has no result for {number_of(len(missing), 'picture')}; the "
            f"first is {missing[0]}."
        )

    def fill(holed, mask, name):
        del mask
        if name not in paths:
            raise ValueError(f"{folder} has no result for {name}.")
        path = os.path.join(folder, paths[name])
        result = read_image(path)
        if result.shape != holed.shape:
            raise ValueError(
                f"{path} is {_size(result)} pixels; the evaluation is at "
                f"{_size(holed)}. Fill the pictures in images/ of the output folder."
            )
        return result

    place = os.path.basename(os.path.abspath(folder))
    identity = f"files of {place}, {fingerprint(folder, list(paths.values()))}"
    return Method(label, fill, identity)


def by_name(folder: str, without: Iterable[str] = ()) -> dict[str, str]:
    """Relative paths of a folder's pictures by name: the path without its extension.

    Args:
        folder: the folder.
        without: paths of folders and files to leave out.

    Raises:
        ValueError: no folder, no pictures, two of the same name, or a name that is not
            UTF-8.
    """
    paths = {}
    for path in list_pictures(folder, without):
        name = name_of(path)
        try:
            name.encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"A file in {folder} has a name that is not UTF-8: {path!r}; rename it."
            ) from None
        other = paths.setdefault(name, path)
        if other != path:
            raise ValueError(
                f"{other} and {path} in {folder} have the same name; keep one of them."
            )
    return paths


def fingerprint(folder: str, paths: list[str]) -> str:
    """A short hash of files' names and contents, equal for copies of the files.

    Links that lead nowhere and files without permission count by their names.

    Returns:
        16 hexadecimal digits.

    Raises:
        OSError: a file cannot be read for another reason.
    """
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.encode("utf-8", "surrogateescape") + b"\0")
        try:
            content = files.sha256(os.path.join(folder, path))
        # Whoever reads the picture says so.
        except (FileNotFoundError, PermissionError):
            content = ""
        digest.update(bytes.fromhex(content))
    return digest.hexdigest()[:16]


def _size(picture: np.ndarray) -> str:
    return f"{picture.shape[1]}x{picture.shape[0]}"

"""Results of another program, as a method of the evaluation."""

import hashlib
import os
from typing import Dict, Iterable, List

import numpy as np

from tf_btgmi import files
from tf_btgmi.evaluation.yardsticks import Method
from tf_btgmi.pictures.decoding import decode_image
from tf_btgmi.pictures.listing import list_pictures


def results_method(label: str, folder: str, names: Iterable[str]) -> Method:
    """The pictures of a folder, found by name: `a/b` is `FOLDER/a/b.png` or `.jpg`.

    Args:
        label: name of the method.
        folder: the results, at the size of the evaluation.
        names: names of the pictures that are evaluated.

    Raises:
        ValueError: no such folder, two results of one name, or results missing.
    """
    paths = by_name(folder)
    missing = [name for name in names if name not in paths]
    if missing:
        raise ValueError(
            f"{folder} has no result for {len(missing)} pictures; the first is "
            f"{missing[0]}."
        )

    def fill(holed, mask, name):
        del mask
        path = os.path.join(folder, paths[name])
        result = read_picture(path)
        if result.shape != holed.shape:
            raise ValueError(
                f"{path} is {_size(result)} pixels; the evaluation is at "
                f"{_size(holed)}. Fill the pictures in images/ of the output folder."
            )
        return result

    place = os.path.basename(os.path.abspath(folder))
    identity = f"files of {place}, {fingerprint(folder, list(paths.values()))}"
    return Method(label, fill, identity)


def by_name(folder: str) -> Dict[str, str]:
    """Relative paths of a folder's pictures by name: the path without its ending.

    Raises:
        ValueError: no such folder, no pictures, or two of one name.
    """
    paths = {}
    for path in list_pictures(folder):
        name = os.path.splitext(path)[0]
        other = paths.setdefault(name, path)
        if other != path:
            raise ValueError(
                f"{other} and {path} in {folder} have the same name; keep one of them."
            )
    return paths


def read_picture(path: str) -> np.ndarray:
    """[H, W, 3] uint8.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        return decode_image(path)
    # Pillow raises nearly anything for a damaged file.
    except Exception as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def fingerprint(folder: str, paths: List[str]) -> str:
    """A short hash of names and contents; a copy of the files has the same.

    Args:
        folder: where the files are.
        paths: theirs in it.

    Returns:
        16 hexadecimal digits.

    Raises:
        OSError: one cannot be read.
    """
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.encode("utf-8", "surrogateescape") + b"\0")
        digest.update(bytes.fromhex(files.sha256(os.path.join(folder, path))))
    return digest.hexdigest()[:16]


def _size(picture: np.ndarray) -> str:
    return f"{picture.shape[1]}x{picture.shape[0]}"

"""Which pictures a folder holds, and two orders of them: natural, and by hash."""

import hashlib
import os
import re
from typing import List

from tf_btgmi.pictures.decoding import ENDINGS


def list_pictures(folder: str) -> List[str]:
    """Relative paths (with `/`) of all pictures below `folder`, in natural order.

    Links are followed, each folder once, so loops do no harm; names that start with a
    dot are left out.

    Raises:
        ValueError: there is no such folder, or no picture in it.
    """
    if not os.path.isdir(folder):
        raise ValueError(f"There is no folder {folder}.")
    paths = []
    seen = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        status = os.stat(place)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        # Sorted, so that of two links to a folder the same one is taken every time.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = os.path.relpath(place, folder).replace(os.sep, "/")
        prefix = "" if below == "." else f"{below}/"
        paths += [
            prefix + name
            for name in files
            if name.lower().endswith(ENDINGS) and not name.startswith(".")
        ]
    if not paths:
        raise ValueError(
            f"There is no picture in {folder} or below it; looked for files ending in "
            f"{' '.join(ENDINGS)}."
        )
    return sorted(paths, key=natural_key)


def natural_key(name: str) -> tuple:
    """Sorts 2 before 10; the name itself decides between 1 and 01."""
    parts = re.split(r"(\d+)", name)
    return [int(p) if i % 2 else p for i, p in enumerate(parts)], name


def name_hash(name: str) -> bytes:
    """A hash of a relative path: an order that has nothing to do with its content."""
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()

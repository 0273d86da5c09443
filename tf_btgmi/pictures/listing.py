"""Lists the pictures of a folder, and orders them by name or by hash.

A folder means the pictures in it and in its subfolders. Names with a leading dot are
left out; other files and unreadable folders are counted.
"""

import collections
import hashlib
import os
import re
import stat
import unicodedata
from typing import Iterable, NamedTuple, Optional

from tf_btgmi.pictures.formats import ENDINGS, HEIC_HINT

_MOST_KINDS = 5


class Listing(NamedTuple):
    """A folder's content.

    Attributes:
        pictures: relative paths, with `/`, in natural order.
        passed_over: number of other files, by extension, of special files (pipes,
            sockets, devices) and of unreadable folders.
    """

    pictures: list[str]
    passed_over: dict[str, int]

    def passed_over_line(self, folder: str) -> str:
        """One line that counts the other files; empty without any."""
        if not self.passed_over:
            return ""
        kinds = sorted(self.passed_over.items(), key=lambda item: (-item[1], item[0]))
        parts = [f"{number} {ending}" for ending, number in kinds[:_MOST_KINDS]]
        if len(kinds) > _MOST_KINDS:
            parts.append(f"{sum(n for _, n in kinds[_MOST_KINDS:])} others")
        line = f"Skipped in {folder}: {', '.join(parts)}"
        heic = {".heic", ".heif"} & self.passed_over.keys()
        return f"{line} (HEIC: {HEIC_HINT})." if heic else f"{line}."


def list_folder(folder: str, without: Iterable[str] = ()) -> Listing:
    """Lists the pictures in and below `folder`.

    Links are followed; each folder is visited once.

    Args:
        folder: the path.
        without: paths of folders and files to leave out.

    Raises:
        ValueError: the folder does not exist.
    """
    if not os.path.isdir(folder):
        raise ValueError(f"There is no folder {folder}.")
    without = {os.path.realpath(path) for path in without}
    pictures, passed_over = [], collections.Counter()
    seen = set()

    def pass_over(error):
        passed_over["unreadable folders"] += 1

    for place, folders, files in os.walk(folder, onerror=pass_over, followlinks=True):
        status = os.stat(place)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        # Sorted, so that the same of two links to a folder is visited every time.
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and not (without and os.path.realpath(f"{place}/{name}") in without)
        )
        below = os.path.relpath(place, folder).replace(os.sep, "/")
        prefix = "" if below == "." else f"{below}/"
        for name in files:
            if name.startswith("."):
                continue
            if without and os.path.realpath(f"{place}/{name}") in without:
                continue
            if not is_picture(name):
                ending = os.path.splitext(name)[1].lower()
                passed_over[ending or "without extension"] += 1
            elif _is_special(os.path.join(place, name)):
                passed_over["special files"] += 1
            else:
                pictures.append(prefix + name)
    return Listing(sorted(pictures, key=natural_key), passed_over)


def _is_special(path: str) -> bool:
    """Whether a path is a pipe, a socket or a device, whose reading could not end."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:  # A broken link, which is reported when it is read.
        return False


def passed_over_lines(
    folders: Iterable[Optional[str]], without: Iterable[str] = ()
) -> list[str]:
    """The lines that count the other files of some folders.

    Args:
        folders: paths; None and what is not a folder are left out.
        without: see `list_folder`.
    """
    without = list(without)
    folders = dict.fromkeys(path for path in folders if path and os.path.isdir(path))
    lines = [list_folder(path, without).passed_over_line(path) for path in folders]
    return [line for line in lines if line]


def list_pictures(folder: str, without: Iterable[str] = ()) -> list[str]:
    """The relative paths of `list_folder`.

    Raises:
        ValueError: the folder does not exist or has no pictures.
    """
    listing = list_folder(folder, without)
    if not listing.pictures:
        raise no_pictures(folder, listing)
    return listing.pictures


def no_pictures(folder: str, listing: Listing) -> ValueError:
    """The error for a folder without pictures."""
    passed_over = listing.passed_over_line(folder)
    return ValueError(
        f"There is no picture in {folder} or below it; looked for files ending in "
        f"{' '.join(ENDINGS)}.{' ' if passed_over else ''}{passed_over}"
    )


def is_picture(path: str) -> bool:
    """Whether a path has the extension of a picture file."""
    return path.lower().endswith(ENDINGS)


def is_same_folder(one: str, other: Optional[str]) -> bool:
    """Whether two paths are one folder; the second may be None."""
    return bool(other) and os.path.realpath(one) == os.path.realpath(other)


def name_of(path: str) -> str:
    """A path without its extension, with composed accents (Unicode NFC).

    macOS may store an accent as a character of its own; without this a picture from
    there would not match a mask from elsewhere.
    """
    return unicodedata.normalize("NFC", os.path.splitext(path)[0])


def natural_key(name: str) -> tuple:
    """Sort key that orders 2 before 10; ties (1 and 01) are ordered by name."""
    parts = re.split(r"(\d+)", name)
    return [int(p) if i % 2 else p for i, p in enumerate(parts)], name


def name_hash(name: str) -> bytes:
    """Hash of a relative path, for an order that is independent of the contents."""
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()

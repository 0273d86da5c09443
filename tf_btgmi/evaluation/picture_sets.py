"""Sets of test pictures: a folder, or a split of TFDS.

A set has

    names         names of the pictures, in natural order
    label         its name in reports
    fingerprint   changes with the set
    each()        yields (name, read) of every picture; `read()` returns [H, W, 3] uint8
"""

import functools
import hashlib
import os
from typing import Callable, Iterable, Iterator, Optional

import numpy as np

from tf_btgmi.evaluation.result_files import by_name, fingerprint
from tf_btgmi.pictures.decoding import read_image
from tf_btgmi.pictures.listing import is_same_folder, name_hash, natural_key
from tf_btgmi.pictures.pairs import without_masks

TFDS = "tfds:"


def open_pictures(
    place: str,
    limit: int = 0,
    mask_folder: Optional[str] = None,
    without: Iterable[str] = (),
):
    """The pictures of a place.

    Args:
        place: a folder, or `tfds:NAME[:SPLIT]`.
        limit: number of pictures, those with the smallest hashes of their names, so
            that a sorted folder is sampled evenly; 0 for all.
        mask_folder: folder of the masks; if it is `place`, files named as masks are
            not pictures.
        without: paths of folders to leave out.

    Returns:
        A `FolderPictures` or `TFDSPictures`.

    Raises:
        ValueError: no pictures, or two of the same name.
    """
    if place.startswith(TFDS):
        return TFDSPictures(place, limit)
    return FolderPictures(place, limit, is_same_folder(place, mask_folder), without)


class FolderPictures:
    """Pictures in and below a folder; a name is the path without its extension."""

    def __init__(
        self,
        folder: str,
        limit: int = 0,
        has_masks: bool = False,
        without: Iterable[str] = (),
    ):
        """Lists the folder.

        Args:
            folder: the path.
            limit: see `open_pictures`.
            has_masks: whether files named as masks are among the pictures.
            without: see `open_pictures`.

        Raises:
            ValueError: no folder, no pictures, or two of the same name.
        """
        paths = by_name(folder, without)
        self.names = _first(without_masks(paths) if has_masks else paths, limit)
        self.label = os.path.basename(os.path.abspath(folder))
        self._folder = folder
        self._paths: dict[str, str] = {name: paths[name] for name in self.names}
        self.fingerprint = fingerprint(folder, list(self._paths.values()))

    def each(self) -> Iterator[tuple[str, Callable[[], np.ndarray]]]:
        """Every picture, by name; `read` raises ValueError for a damaged one."""
        for name, path in self._paths.items():
            path = os.path.join(self._folder, path)
            yield name, functools.partial(read_image, path)


class TFDSPictures:
    """The pictures of a prepared TFDS split; a name is the record's id."""

    def __init__(self, place: str, limit: int = 0):
        """Reads the names.

        Raises:
            ValueError: an unknown, unprepared or empty dataset.
        """
        # Imported on demand: it takes seconds.
        from tf_btgmi.data.tfds_source import TFDSSource

        source = TFDSSource(place[len(TFDS) :], num_held_out=0, shuffle_buffer=1)
        self._source = source
        self.label = place
        names = [name.decode() for name, _ in source.records().as_numpy_iterator()]
        self.names = _first(names, limit)
        digest = hashlib.sha256("\n".join([source.version, *self.names]).encode())
        self.fingerprint = digest.hexdigest()[:12]

    def each(self) -> Iterator[tuple[str, Callable[[], np.ndarray]]]:
        """As `FolderPictures.each`, in the order of the records."""
        names = set(self.names)
        for name, encoded in self._source.records().as_numpy_iterator():
            name = name.decode()
            if name in names:
                yield (
                    name,
                    functools.partial(read_image, encoded, f"{self.label}: {name}"),
                )


def _first(names, limit: int) -> list[str]:
    chosen = sorted(names, key=name_hash)[: limit or None]
    return sorted(chosen, key=natural_key)

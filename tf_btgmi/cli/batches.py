"""Does jobs one after another: what fails is named, and the rest is done."""

import os
import sys
from typing import Callable, List, NamedTuple, Sequence

import numpy as np
import tqdm

from tf_btgmi.pictures.picture import Picture
from tf_btgmi.pictures.writer import format_of, write_picture


class Task(NamedTuple):
    """One job.

    Attributes:
        label: put before its error; may be empty.
        work: does it; returns the file it wrote, and what that could not hold.
    """

    label: str
    work: Callable[[], "Written"]


class Written(NamedTuple):
    """A result's path, and what its format could not hold, a sentence each."""

    path: str
    notes: List[str]


def run(tasks: Sequence[Task]) -> int:
    """Does all of them, with a progress bar where there are several.

    Returns:
        How many failed.
    """
    num_failed = 0
    progress = tqdm.tqdm(tasks, unit="picture", disable=len(tasks) < 2)
    for task in progress:
        try:
            written = task.work()
        except (ValueError, OSError) as error:
            num_failed += 1
            line = f"{task.label}: {error}" if task.label else str(error)
            progress.write(line, file=sys.stderr)
            continue
        if written.notes:
            line = f"{written.path}: {'; '.join(written.notes)}."
            progress.write(line, file=sys.stderr)
    return num_failed


class Outputs:
    """Where results go; nothing is replaced by accident.

    Args:
        overwrite: whether files that were there before may be replaced.
    """

    def __init__(self, overwrite: bool):
        self._overwrite = overwrite
        self._written = set()

    def check(self, path: str) -> None:
        """Whether a result may go there; asked before the work is done.

        Raises:
            ValueError: something is there, an earlier job wrote there, or an ending
                that no format has.
        """
        if os.path.realpath(path) in self._written:
            raise ValueError(f"{path} was written by an earlier job.")
        if os.path.exists(path) and not self._overwrite:
            raise ValueError(f"{path} is already there; --overwrite replaces it.")
        format_of(path)

    def write(
        self, picture: Picture, composite: np.ndarray, changed: np.ndarray, path: str
    ) -> Written:
        """Writes a picture with what has changed in it.

        Args:
            picture: as it was read.
            composite: uint8 [H, W, 3], upright.
            changed: [H, W] bool, the pixels to take from `composite`.
            path: of the file; its folder is made.
        """
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        if changed.any():
            picture = picture.filled(composite, changed)
        notes = write_picture(picture, path)
        self._written.add(os.path.realpath(path))
        return Written(path, notes)

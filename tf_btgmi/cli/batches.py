"""Runs jobs one after another: a failed job is reported and the others are done."""

import os
import sys
from typing import Callable, Iterable, NamedTuple, Optional, Sequence

import numpy as np

from tf_btgmi.cli.jobs import Job
from tf_btgmi.cli.program import ProgramFailure, failure_of
from tf_btgmi.pictures import writer
from tf_btgmi.pictures.picture import Picture
from tf_btgmi.progress_bar import progress_bar
from tf_btgmi.serving.contract import GaveUpError


class Written(NamedTuple):
    """The path of a result, and one sentence for each loss in its format."""

    path: str
    notes: list[str]


class Counts(NamedTuple):
    """Numbers of jobs by outcome."""

    done: int
    skipped: int
    failed: int

    def __str__(self):
        return f"{self.done} done, {self.skipped} skipped, {self.failed} failed"

    def results_in(self, output: Optional[str]) -> str:
        """A line with the file or folder of the results; empty without any."""
        return f"\nResults: {output}" if output and (self.done or self.skipped) else ""


def run(jobs: Sequence[Job], work: Callable[[Job], Optional[Written]]) -> Counts:
    """Does all jobs, with a progress bar if there are several.

    Args:
        jobs: the jobs.
        work: does a job. Returns the written file, or None if the result existed
            already and was left as it is.

    Raises:
        ProgramFailure: the model's server is gone; every other job would wait for it.
    """
    done = skipped = failed = 0
    progress = progress_bar(jobs, unit="picture", disable=len(jobs) < 2)
    for job in progress:
        try:
            written = work(job)
        except GaveUpError as error:
            counts = Counts(done, skipped, failed)
            raise ProgramFailure(
                f"{error} {counts} before. The results so far are "
                "complete; the same command without --overwrite resumes."
            ) from error
        except Exception as error:
            message = failure_of(error)
            if message is None:
                raise
            failed += 1
            line = f"{job.label}: {message}" if job.label else message
            progress.write(line, file=sys.stderr)
            continue
        if written is None:
            skipped += 1
            continue
        done += 1
        if written.notes:
            line = f"{written.path}: {'; '.join(written.notes)}."
            progress.write(line, file=sys.stderr)
    if skipped:
        print(
            f"Skipped {skipped}: the results exist already. --overwrite replaces them.",
            file=sys.stderr,
        )
    return Counts(done, skipped, failed)


class Outputs:
    """The results of a run; an existing file is replaced on request only.

    Args:
        overwrite: whether files from before this run may be replaced.
        skip: whether a job whose result exists is skipped, so that a repeated command
            resumes; otherwise it fails.
        inputs: paths of the pictures and masks that are read. A job that would write to
            one of them fails instead of being skipped.
    """

    def __init__(self, overwrite: bool, skip: bool, inputs: Iterable[str]):
        self._overwrite = overwrite
        self._skip = skip
        self._inputs = set(map(os.path.realpath, inputs))
        self._taken = set()

    def skips(self, path: str) -> bool:
        """Whether a job is skipped because its result exists; called before the work.

        Raises:
            ValueError: the file may not be written: it is an input, an earlier job has
                the same, it exists and is not to be skipped, it is a folder, no format
                has its extension, or its folder is not writable.
        """
        writer.format_of(path)
        if os.path.isdir(path):
            raise ValueError(f"{path} is a folder. Give the name of a file.")
        if os.path.realpath(path) in self._taken:
            raise ValueError(f"{path} is the output of an earlier job, too.")
        self._taken.add(os.path.realpath(path))
        if self._overwrite or not os.path.exists(path):
            _check_writable(path)
            return False
        if os.path.realpath(path) in self._inputs:
            raise ValueError(
                f"The result would replace the input {path}. Choose another output, or "
                "add --overwrite."
            )
        if not self._skip:
            raise ValueError(f"{path} exists already. --overwrite replaces it.")
        return True

    def write(
        self,
        picture: Picture,
        composite: np.ndarray,
        changed: np.ndarray,
        path: str,
        opaque: bool = True,
    ) -> Written:
        """Writes a picture with the changed pixels in it.

        Args:
            picture: the picture as it was read.
            composite: uint8 [H, W, 3], upright.
            changed: [H, W] bool, the pixels to take from `composite`.
            path: of the file; its folder is created.
            opaque: see `Picture.filled`.
        """
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        if changed.any():
            picture = picture.filled(composite, changed, opaque)
        return Written(path, writer.write_picture(picture, path))


def _check_writable(path: str) -> None:
    folder = os.path.dirname(path)
    while folder and not os.path.exists(folder):
        folder = os.path.dirname(folder)
    if not os.access(folder or ".", os.W_OK):
        raise ValueError(
            f"{path} cannot be written: no permission to write to {folder or '.'}, or "
            "the disk is read-only."
        )

"""Jobs: pictures and their results, named by flags, folders or a CSV file.

Pictures are one file, a folder (see `pictures.listing`) or a glob pattern; masks are
one file for all pictures, a folder or a glob pattern. `pictures.pairs` says which mask
is whose.
"""

import collections
import glob
import os
from typing import Callable, Iterable, NamedTuple

from tf_btgmi.files import is_below
from tf_btgmi.pictures.formats import ENDINGS
from tf_btgmi.pictures.listing import is_picture, list_folder, name_of, no_pictures
from tf_btgmi.pictures.pairs import MASK, Named, match, result_path, stem
from tf_btgmi.pictures.writer import format_of


class Job(NamedTuple):
    """One job, its values still unparsed.

    Attributes:
        values: texts by name (the column of a CSV file, or the flag); empty ones are
            left out.
        folder: the folder that relative paths start at.
        label: prefix of its error messages: file and line.
    """

    values: dict[str, str]
    folder: str = ""
    label: str = ""

    @classmethod
    def of(cls, image: str, mask: str, output: str, **values: str) -> "Job":
        """Makes the job of a picture, its mask and its result."""
        return cls({"image": image, "mask": mask, "output": output, **values})

    @property
    def image(self) -> str:
        """Path of the picture."""
        return self.path("image")

    @property
    def mask(self) -> str:
        """Path of the mask."""
        return self.path("mask")

    @property
    def output(self) -> str:
        """Path of the result."""
        return self.path("output")

    def text(self, name: str) -> str:
        """Returns a required value.

        Raises:
            ValueError: it is missing.
        """
        if name not in self.values:
            raise ValueError(f"The column {name} is empty.")
        return self.values[name]

    def path(self, name: str) -> str:
        """Returns a required value as a path; addresses are taken as they are."""
        place = self.text(name)
        return place if "://" in place else os.path.join(self.folder, place)

    def value(self, name: str, parse: Callable, default=None):
        """Returns a parsed value, or the default if it is missing.

        Raises:
            ValueError: from `parse`, with the name in front.
        """
        if name not in self.values:
            return default
        try:
            return parse(self.values[name])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None


class Pairs(NamedTuple):
    """The jobs of some folders.

    Attributes:
        jobs: the pictures with a mask.
        unmatched: one line per picture or mask without a partner.
        notes: one line per folder with files that were passed over.
    """

    jobs: list[Job]
    unmatched: list[str]
    notes: list[str]


class _Files(NamedTuple):
    """Files of one flag, (name without extension, path), and the kind of the flag."""

    named: list[Named]
    is_folder: bool
    note: str = ""


def find_jobs(image: str, mask: str, output: str) -> Pairs:
    """Pairs pictures, masks and results.

    Args:
        image: a file, a folder or a glob pattern.
        mask: a file, a folder or a glob pattern.
        output: a file for one picture, a folder for several.

    Raises:
        ValueError: a path does not exist or has no pictures, two masks or two results
            have the same name, or `output` is of the wrong kind.
    """
    single = os.path.isfile(image)
    images = _files("--image", image, (mask, output))
    one_mask = os.path.isfile(mask)
    masks = _files("--mask", mask, (output,))
    # In folders a name is a relative path, otherwise the name of the file.
    if not images.is_folder:
        masks = masks._replace(named=[(stem(path), path) for _, path in masks.named])
    if one_mask:
        pairs, strangers = [(*each, [mask]) for each in images.named], []
    else:
        pairs, strangers = match(images.named, masks.named)
    jobs, unmatched = [], []
    for name, path, mine in pairs:
        result = _output(name, path, output, single, images.is_folder)
        if len(mine) > 1:
            raise ValueError(
                f"--mask: {mine[0]} and {mine[1]} go with the same picture."
            )
        if mine:
            jobs.append(Job.of(path, mine[0], result))
        else:
            unmatched.append(
                f"{path}: no mask named {name}.* or {name}{MASK}* in {mask}"
            )
    # A glob pattern may select some of the pictures with masks.
    if images.is_folder:
        unmatched += [
            f"{path}: no picture named {name}.* in {image}" for name, path in strangers
        ]
    _check_outputs(jobs)
    notes = [note for note in dict.fromkeys((images.note, masks.note)) if note]
    return Pairs(jobs, unmatched, notes)


def output_of(image: str, output: str) -> str:
    """The path of one picture's result.

    Args:
        image: a file.
        output: a file, or a folder for a result with the picture's name.

    Raises:
        ValueError: the output's format cannot be written.
    """
    return _output(stem(image), image, output, single=True, is_folder=False)


def _files(flag: str, place: str, without: Iterable[str]) -> _Files:
    if os.path.isfile(place):
        return _Files([(stem(place), place)], False)
    if os.path.isdir(place):
        here = os.path.realpath(place)
        inside = [path for path in without if os.path.realpath(path) != here]
        listing = list_folder(place, inside)
        if not listing.pictures:
            raise ValueError(f"{flag}: {no_pictures(place, listing)}")
        named = [
            (name_of(path), os.path.join(place, path)) for path in listing.pictures
        ]
        return _Files(named, True, listing.passed_over_line(place))
    if not glob.has_magic(place):
        raise ValueError(f"{flag}: there is no {place}.")
    without = list(without)
    files = {os.path.realpath(path) for path in without if os.path.isfile(path)}
    paths = [
        path
        for path in sorted(glob.glob(place, recursive=True))
        if is_picture(path) and os.path.isfile(path)
        if os.path.realpath(path) not in files
    ]
    for folder in without:
        # A folder that has all of them is that of the pictures.
        paths = [path for path in paths if not is_below(path, folder)] or paths
    if not paths:
        brackets = (
            " There is no file of this name either; in a pattern, write [[] for [."
            if "[" in place
            else ""
        )
        raise ValueError(
            f"{flag}: {place} has no pictures; their file extensions are "
            f"{', '.join(ENDINGS)}.{brackets}"
        )
    return _Files([(stem(path), path) for path in paths], False)


def _output(name: str, path: str, output: str, single: bool, is_folder: bool) -> str:
    takes_several = os.path.isdir(output) or output.endswith(("/", os.sep))
    if single and not takes_several:
        format_of(output)
        return output
    if os.path.isfile(output) or (not takes_several and is_picture(output)):
        raise ValueError(
            f"--output: {output} is a file; give a folder for several pictures."
        )
    folder = os.path.dirname(name) if is_folder else ""
    return result_path(output, folder, path)


def _check_outputs(jobs: list[Job]) -> None:
    counts = collections.Counter(job.output for job in jobs)
    for job in jobs:
        if counts[job.output] > 1:
            raise ValueError(
                f"--output: {counts[job.output]} pictures would be written to "
                f"{job.output}. Run the program once for each of them."
            )

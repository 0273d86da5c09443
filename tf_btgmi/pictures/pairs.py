"""Pairs pictures with masks and results by name.

Pictures are one file, a folder (see `listing.py`) or a glob pattern; masks are one file
for all pictures, a folder or a glob pattern. A mask has the name of its picture,
optionally followed by `_mask` and more: `boat.png` or `boat_mask001.png` for
`boat.jpg`. In folders the name is the relative path: `sea/boat.png` is the mask of
`sea/boat.jpg`. If pictures and masks share a folder, `NAME_mask*` are the masks and the
others the pictures; a picture is never its own mask.

Results have the picture's name, with the extension .png if its format cannot be
written.
"""

import collections
import glob
import os
from typing import Callable, Collection, Iterable, NamedTuple, Optional, Sequence

from tf_btgmi.files import is_below
from tf_btgmi.pictures.formats import ENDINGS
from tf_btgmi.pictures.jobs import Job
from tf_btgmi.pictures.listing import is_picture, list_folder, name_of, no_pictures
from tf_btgmi.pictures.writer import FORMATS, format_of

_MASK = "_mask"
# (name without extension, path)
Named = tuple[str, str]


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
                f"{path}: no mask named {name}.* or {name}{_MASK}* in {mask}"
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


def match(
    images: Sequence[Named],
    masks: Sequence[Named],
    identity: Callable[[str], str] = os.path.realpath,
) -> tuple[list[tuple[str, str, list[str]]], list[Named]]:
    """Matches masks to pictures; the same file may be among both.

    Args:
        images: (name without extension, path) of possible pictures.
        masks: (name without extension, path) of possible masks.
        identity: maps all paths of a file to the same text.

    Returns:
        (name, path, paths of its masks) of each picture, and the masks without a
        picture.
    """
    among_masks = {identity(path) for _, path in masks}
    names = {name for name, _ in images}
    images = [
        (name, path)
        for name, path in images
        if identity(path) not in among_masks or owner(name, names) is None
    ]
    pictures = {identity(path) for _, path in images}
    masks = [(name, path) for name, path in masks if identity(path) not in pictures]
    by_picture, strangers = assign(masks, {name for name, _ in images})
    return [(*each, by_picture.get(each[0], [])) for each in images], strangers


def assign(
    masks: Iterable[Named], pictures: Collection[str]
) -> tuple[dict[str, list[str]], list[Named]]:
    """Assigns masks to names of pictures.

    Args:
        masks: (name without extension, path) of each.
        pictures: names without extension.

    Returns:
        Paths of masks by picture, and the masks without a picture.
    """
    by_picture, strangers = {}, []
    for name, path in masks:
        picture = name if name in pictures else owner(name, pictures)
        if picture is None:
            strangers.append((name, path))
        else:
            by_picture.setdefault(picture, []).append(path)
    return by_picture, strangers


def owner(name: str, pictures: Collection[str]) -> Optional[str]:
    """The longest picture X of a mask named `X_mask*`; None without any."""
    position = name.rfind(_MASK)
    while position > 0:
        if name[:position] in pictures:
            return name[:position]
        position = name.rfind(_MASK, 0, position)
    return None


def without_masks(names: Collection[str]) -> list[str]:
    """Names of pictures, without masks of other pictures among them."""
    names = dict.fromkeys(names)
    return [name for name in names if owner(name, names) is None]


def group_key(name: str) -> str:
    """A key that is equal for a picture and all of its possible masks."""
    folder, slash, name = name.rpartition("/")
    return folder + slash + name.partition(_MASK)[0]


def result_path(output: str, folder: str, path: str) -> str:
    """The path of a result.

    Args:
        output: folder of the results.
        folder: the result's folder below `output`.
        path: the picture; the result has its name, with the extension .png if its
            format cannot be written.
    """
    name, ending = os.path.splitext(os.path.basename(path))
    name += ending if ending.lower() in FORMATS else ".png"
    return os.path.join(output, folder, name)


def stem(path: str) -> str:
    """A file's name without folder and extension."""
    return name_of(os.path.basename(path))


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

"""Which picture goes with which mask, and where its result goes.

Pictures are one file, a folder's files (not those of folders in it) or a glob; masks
are one file for all of them, or a folder's files, found by stem: `boat.jpg` goes with
`boat.png`. Results keep the picture's name; one that cannot be written in the
picture's own format gets the ending .png.
"""

import collections
import glob
import os
from typing import List, NamedTuple, Tuple

from tf_btgmi.pictures.writer import FORMATS, format_of

# What is taken for a picture in a folder.
ENDINGS = (*FORMATS, ".gif", ".ppm", ".pgm", ".pbm")


class Job(NamedTuple):
    """One picture to inpaint: paths of the picture, its mask and its result."""

    image: str
    mask: str
    output: str


def find_jobs(image: str, mask: str, output: str) -> Tuple[List[Job], List[str]]:
    """Pairs pictures, masks and results.

    Args:
        image: a file, a folder or a glob.
        mask: a file or a folder.
        output: a file for one picture; a folder for several.

    Returns:
        The jobs, and a line for each picture or mask that nothing goes with.

    Raises:
        ValueError: a path that does not exist, nothing found, two masks or two
            results of one name, or an output that is not what is needed.
    """
    single = os.path.isfile(image)
    images = [image] if single else _images(image)
    masks = _masks(mask)
    jobs, unmatched = [], []
    for path in images:
        found = masks.get(None) or masks.get(stem(path))
        if found:
            jobs.append(Job(path, found, _output(path, output, single)))
        else:
            unmatched.append(f"{path}: no mask named {stem(path)}.* in {mask}")
    wanted = {stem(path) for path in images}
    if not single:
        for name, path in masks.items():
            if name is not None and name not in wanted:
                unmatched.append(f"{path}: no picture named {name}.* in {image}")
    _check_outputs(jobs)
    return jobs, unmatched


def result_name(path: str) -> str:
    """The picture's own name, with the ending .png where its own is not written."""
    name, ending = os.path.splitext(os.path.basename(path))
    return name + (ending if ending.lower() in FORMATS else ".png")


def is_picture(path: str) -> bool:
    """Whether its name ends as a picture's does."""
    return path.lower().endswith(ENDINGS)


def stem(path: str) -> str:
    """The name that a picture and its mask share: without folder and ending."""
    return os.path.splitext(os.path.basename(path))[0]


def _images(image: str) -> List[str]:
    if os.path.isdir(image):
        paths = _pictures_in(image)
    else:
        if not glob.has_magic(image):
            raise ValueError(f"--image: there is no {image}.")
        found = sorted(glob.glob(image, recursive=True))
        paths = [path for path in found if is_picture(path) and os.path.isfile(path)]
    if not paths:
        raise ValueError(
            f"--image: {image} has no pictures; these endings are looked for: "
            f"{', '.join(ENDINGS)}."
        )
    return paths


def _masks(mask: str) -> dict:
    if os.path.isfile(mask):
        return {None: mask}
    if not os.path.isdir(mask):
        raise ValueError(f"--mask: there is no {mask}.")
    masks = {}
    for path in _pictures_in(mask):
        other = masks.setdefault(stem(path), path)
        if other != path:
            raise ValueError(f"--mask: {other} and {path} go with the same picture.")
    if not masks:
        raise ValueError(
            f"--mask: {mask} has no pictures; these endings are looked for: "
            f"{', '.join(ENDINGS)}."
        )
    return masks


def _output(path: str, output: str, single: bool) -> str:
    is_folder = os.path.isdir(output) or output.endswith(("/", os.sep))
    if single and not is_folder:
        format_of(output)
        return output
    if os.path.isfile(output) or (not is_folder and is_picture(output)):
        raise ValueError(
            f"--output: {output} is a file; give a folder for several pictures."
        )
    return os.path.join(output, result_name(path))


def _check_outputs(jobs: List[Job]) -> None:
    counts = collections.Counter(job.output for job in jobs)
    for job in jobs:
        if counts[job.output] > 1:
            raise ValueError(
                f"--output: {counts[job.output]} pictures would be written to "
                f"{job.output}; inpaint them one by one."
            )


def _pictures_in(folder: str) -> List[str]:
    names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    paths = [os.path.join(folder, name) for name in names]
    return [path for path in paths if is_picture(path) and os.path.isfile(path)]

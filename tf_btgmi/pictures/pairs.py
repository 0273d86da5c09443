"""Pairs pictures with masks and results by name.

A mask has the name of its picture, optionally followed by `_mask` and more: `boat.png`
or `boat_mask001.png` for `boat.jpg`. In folders the name is the relative path:
`sea/boat.png` is the mask of `sea/boat.jpg`. If pictures and masks share a folder,
`NAME_mask*` are the masks and the others the pictures; a picture is never its own mask.

Results have the picture's name, with the extension .png if its format cannot be
written.
"""

import os
from typing import Callable, Collection, Iterable, Optional, Sequence

from tf_btgmi.pictures.listing import name_of
from tf_btgmi.pictures.writer import FORMATS

# Between the name of a picture and what tells its masks apart.
MASK = "_mask"
# (name without extension, path)
Named = tuple[str, str]


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
    position = name.rfind(MASK)
    while position > 0:
        if name[:position] in pictures:
            return name[:position]
        position = name.rfind(MASK, 0, position)
    return None


def without_masks(names: Collection[str]) -> list[str]:
    """Names of pictures, without masks of other pictures among them."""
    names = dict.fromkeys(names)
    return [name for name in names if owner(name, names) is None]


def group_key(name: str) -> str:
    """A key that is equal for a picture and all of its possible masks."""
    folder, slash, name = name.rpartition("/")
    return folder + slash + name.partition(MASK)[0]


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

"""The task `guided` in a pack of `pack_pictures`: masks of objects, maps of regions.

Objects are those of `data.source`, regions those of the photographs in
`guided.regions_folder`, or of the same pictures if it is empty. A picture that is in
both folders is packed once.
"""

import os

import cv2
import numpy as np

from benchmarks import pack_pictures, pytorch_guided_data
from tf_btgmi import files
from tf_btgmi.data import segmentation
from tf_btgmi.data.folder import FolderSource
from tf_btgmi.data.object_masks import fit_mask
from tf_btgmi.data.sources import open_source
from tf_btgmi.data.transforms import reduced
from tf_btgmi.pictures.decoding import decode_image

# Shorter side of the pictures that are segmented, in pixels.
_MIN_SIDE = 192


class GuidedPictures:
    """The pictures of a config's objects and regions.

    Attributes:
        paths: of all pictures, those with regions first.

    Args:
        config: the experiment; its `data.source` is a folder with `images/`.

    Raises:
        ValueError: the source is no such folder, has no pictures, or only as many as
            are held out.
    """

    def __init__(self, config):
        data = config.data
        if not data.source.startswith("folder:"):
            raise ValueError(f"Only a folder can be packed, not {data.source}.")
        self._source = open_source(data.source, data.num_held_out, with_objects=True)
        self._draws_regions = config.guided.regions > 0
        paths = []
        if self._draws_regions and config.guided.regions_folder:
            photographs = FolderSource(config.guided.regions_folder)
            paths = pack_pictures.paths_of(photographs)
        numbers = {files.sha256(path): number for number, path in enumerate(paths)}
        self._with_regions = len(paths)
        self._names = {}
        with_objects = pack_pictures.paths_of(self._source)
        pack_pictures.check_some_are_left(with_objects, config)
        for name, path in zip(self._source.training_names, with_objects):
            number = numbers.setdefault(files.sha256(path), len(paths))
            if number == len(paths):
                paths.append(path)
            self._names[number] = name
        self._with_regions = self._with_regions or len(paths)
        self.paths = paths

    def write(self, folder: str, side: int) -> None:
        """Writes masks and maps.

        Args:
            folder: of the pack.
            side: largest shorter side of its pictures.
        """

        def mask(number):
            image = reduced(decode_image(self.paths[number]), side, min)
            rng = np.random.default_rng(number)
            object_mask = fit_mask(
                self._source.object_mask(self._names[number], rng), image
            )
            return pack_pictures.encoded_mask(object_mask)

        def index_map(number):
            labels = segmentation.index_map(decode_image(self.paths[number], _MIN_SIDE))
            return pack_pictures.encoded(
                ".png", labels, (cv2.IMWRITE_PNG_COMPRESSION, 9)
            )

        path = os.path.join(folder, pytorch_guided_data.OBJECTS)
        pack_pictures.write_part(path, sorted(self._names), mask)
        if self._draws_regions:
            path = os.path.join(folder, pytorch_guided_data.REGIONS)
            pack_pictures.write_part(path, range(self._with_regions), index_map)

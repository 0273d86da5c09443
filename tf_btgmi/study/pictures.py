"""Pictures of a study: results, originals, and ruined originals as attention checks."""

import hashlib
import os

import numpy as np

from tf_btgmi.evaluation.result_files import by_name, fingerprint
from tf_btgmi.pictures.decoding import read_image
from tf_btgmi.pictures.writer import encode_png

TRUTH = "truth"
RUINED = "ruined"
# Tiles along the shorter side of a ruined picture.
_NUM_TILES = 8


class StudyPictures:
    """Folders of pictures with the same names.

    Attributes:
        names: names of the pictures.
        methods: names of the methods.
        identity: fingerprint of each folder.
    """

    def __init__(self, results: dict[str, str], truth: str):
        """Lists the folders and checks all pictures.

        Args:
            results: folders by name of the method, at least two.
            truth: folder of the originals.

        Raises:
            ValueError: fewer than two methods, a missing folder, or pictures that are
                missing, unreadable or of different sizes.
        """
        if len(results) < 2:
            raise ValueError("A study compares two or more --results=NAME=FOLDER.")
        folders = {TRUTH: truth}
        folders.update((f"results {name}", place) for name, place in results.items())
        files = {key: by_name(folder) for key, folder in folders.items()}
        self.methods = list(results)
        self.names: list[str] = list(files[TRUTH])
        self.identity = {
            key: fingerprint(folder, list(files[key].values()))
            for key, folder in folders.items()
        }
        self._paths = {
            key: {name: os.path.join(folder, p) for name, p in files[key].items()}
            for key, folder in folders.items()
        }
        self._check(folders)

    def method_png(self, method: str, name: str) -> bytes:
        """A method's result, as a PNG that does not name the method."""
        return encode_png(read_image(self._paths[f"results {method}"][name]))

    def check_png(self, kind: str, name: str) -> bytes:
        """A picture of an attention check: `TRUTH`, or `RUINED` and a number."""
        picture = read_image(self._paths[TRUTH][name])
        return encode_png(
            picture if kind == TRUTH else ruined(picture, f"{kind} {name}")
        )

    def _check(self, folders: dict[str, str]) -> None:
        # The originals come first.
        expected_sizes = {}
        for key, folder in folders.items():
            paths = self._paths[key]
            missing = [name for name in self.names if name not in paths]
            if missing:
                raise ValueError(
                    f"{folder} lacks {len(missing)} of the {len(self.names)} pictures "
                    f"of {folders[TRUTH]}; the first is {missing[0]}."
                )
            for name in self.names:
                size = read_image(paths[name]).shape[1::-1]
                expected = expected_sizes.setdefault(name, size)
                if size != expected:
                    raise ValueError(
                        f"{paths[name]} is {size[0]}x{size[1]} pixels, its original "
                        f"{expected[0]}x{expected[1]}; they must have the same size."
                    )


def ruined(picture: np.ndarray, seed: str) -> np.ndarray:
    """Shuffles the tiles of a picture and inverts half of them.

    Nobody takes the result for a photograph.

    Args:
        picture: [H, W, 3] uint8.
        seed: seed of the permutation.
    """
    words = np.frombuffer(hashlib.sha256(seed.encode()).digest(), ">u4")
    rng = np.random.default_rng(list(map(int, words)))
    side = max(min(picture.shape[:2]) // _NUM_TILES, 1)
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    places = [(y * side, x * side) for y in range(rows) for x in range(columns)]
    result = picture.copy()
    for position, source in enumerate(rng.permutation(len(places))):
        (y, x), (from_y, from_x) = places[position], places[source]
        tile = picture[from_y : from_y + side, from_x : from_x + side]
        result[y : y + side, x : x + side] = 255 - tile if position % 2 else tile
    return result

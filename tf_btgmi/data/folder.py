"""A folder of pictures as a source: listed once, read at random, shuffled by index.

Position p of epoch e is file `index_shuffle(p, seed, e)`. A run therefore resumes at
any step at once, and every epoch has each picture exactly once.
"""

import os
from typing import Optional

import numpy as np
import tensorflow as tf

from tf_btgmi.data.batch_slice import BatchSlice
from tf_btgmi.data.unreadable import UnreadableCounter
from tf_btgmi.pictures.decoding import decode_image
from tf_btgmi.pictures.listing import list_folder, name_hash, natural_key, no_pictures
from tf_btgmi.wording import number_of


class FolderSource:
    """The pictures in and below a folder, some held out for validation.

    Attributes:
        spec: the spec of the source.
        unreadable: the `UnreadableCounter`.
        training_names: relative paths of the training pictures.
        held_out_names: relative paths of the held-out pictures, ordered by hash.
    """

    def __init__(
        self, folder: str, num_held_out: int = 0, names: Optional[list[str]] = None
    ):
        """Lists the folder.

        Args:
            folder: the path.
            num_held_out: number of held-out pictures. Those with the smallest hashes of
                their relative paths are chosen, the same in every run.
            names: relative paths of the pictures to use. Default: all.

        Raises:
            ValueError: the folder does not exist or has no pictures.
        """
        self._passed_over = ""
        if names is None:
            listing = list_folder(folder)
            if not listing.pictures:
                raise no_pictures(folder, listing)
            names = listing.pictures
            self._passed_over = listing.passed_over_line(folder)
        self.spec = f"folder:{folder}"
        self.folder = folder
        self.unreadable = UnreadableCounter(self.spec, len(names))
        ranked = sorted(names, key=name_hash)[:num_held_out]
        held_out = set(ranked)
        self.held_out_names = ranked
        self.training_names = [name for name in names if name not in held_out]

    @property
    def num_training(self) -> int:
        """Number of training pictures."""
        return len(self.training_names)

    @property
    def num_held_out(self) -> int:
        """Number of held-out pictures."""
        return len(self.held_out_names)

    def describe(self) -> list[str]:
        """Lines for the log: counts per folder, and the first paths."""
        names = sorted(self.training_names + self.held_out_names, key=natural_key)
        counts = {}
        for name in names:
            top = name.split("/")[0] + "/" if "/" in name else ""
            counts[top] = counts.get(top, 0) + 1
        count = number_of(len(names), "picture")
        lines = [f"{self.spec}: {count}, {self.num_held_out} for validation"]
        # Reveals a folder of masks among those of pictures.
        if len(counts) > 1:
            some = [f"{top or 'itself'}: {n}" for top, n in list(counts.items())[:8]]
            more = f" and {len(counts) - 8} more folders" if len(counts) > 8 else ""
            lines.append(f"  in {', '.join(some)}{more}")
        if self._passed_over:
            lines.append(f"  {self._passed_over}")
        return lines + [f"  {os.path.join(self.folder, name)}" for name in names[:3]]

    def sample(self, count: int) -> list[str]:
        """Up to `count` training pictures, as paths, evenly spaced over the folder."""
        names = self.training_names
        step = -(-len(names) // count)
        return [os.path.join(self.folder, name) for name in names[::step]]

    def training_records(
        self,
        seed: int,
        batch_slice: BatchSlice,
        start_step: int = 0,
        num_steps: Optional[int] = None,
    ) -> tf.data.Dataset:
        """Records (example index, key for `read`) in training order.

        The arguments are those of `StreamingSource.training_records`.
        """
        count = self.num_training

        def record(position):
            index = batch_slice.index(position)
            picture = tf.random.experimental.index_shuffle(
                index % count,
                seed=tf.stack([tf.constant(seed, tf.int64), index // count]),
                max_index=tf.constant(count - 1, tf.int64),
            )
            return index, picture

        return batch_slice.positions(start_step, num_steps).map(record)

    def held_out_records(self) -> tf.data.Dataset:
        """Records (position, key for `read`) of the held-out pictures."""
        return tf.data.Dataset.range(self.num_held_out).map(lambda i: (i, i))

    def read(
        self, key: np.ndarray, min_side: int = 0, held_out: bool = False
    ) -> np.ndarray:
        """Decodes the picture at `key`, or the next readable one of its kind.

        Args:
            key: position among the training or the held-out pictures.
            min_side: see `decode_image`.
            held_out: whether `key` is a position among the held-out pictures.

        Returns:
            [height, width, 3] uint8.

        Raises:
            UnreadableError: too many pictures cannot be read.
        """

        def load(name):
            return decode_image(os.path.join(self.folder, name), min_side)

        return self.unreadable.first_readable(self._names(held_out), int(key), load)

    def _names(self, held_out: bool) -> list[str]:
        return self.held_out_names if held_out else self.training_names

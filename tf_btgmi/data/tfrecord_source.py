"""TFRecord files of `tf.train.Example`s as a source: `tfrecord:GLOB`.

The picture is the feature `image/encoded`, as in most public datasets and in files of
`tf_btgmi.write_tfrecords`, or `image`, as in files of TFDS. The files must not be
compressed.
"""

import os
import struct
from typing import Optional

import numpy as np
import tensorflow as tf

from tf_btgmi.data.streaming import StreamingSource
from tf_btgmi.pictures.listing import natural_key

ENCODED = "image/encoded"
HEIGHT = "image/height"
WIDTH = "image/width"
NAME = "image/filename"
_ALSO_ENCODED = "image"
# Maximum number of files that are read in parallel.
_CYCLE_LENGTH = 16
# A record is: length, checksum of the length, data, checksum of the data.
_HEADER, _FOOTER = 12, 4


class TFRecordSource(StreamingSource):
    """The records of all files of a glob pattern, in natural order."""

    def __init__(self, pattern: str, num_held_out: int, shuffle_buffer: int):
        """Counts the records.

        Raises:
            ValueError: no file, no record, or a file of another format.
        """
        paths = sorted(tf.io.gfile.glob(pattern), key=natural_key)
        if not paths:
            raise ValueError(f"There is no file {pattern} to read TFRecords from.")
        counts, cut = {}, []
        for path in paths:
            counts[path], whole = count_records(path)
            if not whole:
                cut.append(path)
        if not any(counts.values()):
            raise ValueError(f"There is no record in {pattern} ({len(paths)} files).")
        # A file that ends within a record is read up to that record.
        self._counts: dict[str, int] = counts
        total = sum(counts.values())
        super().__init__(f"tfrecord:{pattern}", total, num_held_out, shuffle_buffer)
        for path in cut:
            error = ValueError("the file ends within this record or is damaged")
            self.unreadable.add(f"{path}#{counts[path]}", error)

    def records(self, order_seed: Optional[tuple[int, ...]] = None) -> tf.data.Dataset:
        """See `StreamingSource.records`."""
        paths = [path for path, count in self._counts.items() if count]
        if order_seed is not None:
            rng = np.random.default_rng(order_seed)
            paths = [paths[i] for i in rng.permutation(len(paths))]
        counts = tf.constant([self._counts[path] for path in paths], tf.int64)

        def read(path, count):
            records = tf.data.TFRecordDataset(path).take(count).enumerate()
            return records.map(lambda position, record: _parse(path, position, record))

        files = tf.data.Dataset.from_tensor_slices((tf.constant(paths), counts))
        return files.interleave(
            read,
            # One after another if not shuffled.
            cycle_length=1 if order_seed is None else min(_CYCLE_LENGTH, len(paths)),
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )


def count_records(path: str) -> tuple[int, bool]:
    """Counts the complete records of a file by their headers, without reading them.

    Returns:
        The count, and whether the file ends with the last of them.

    Raises:
        ValueError: this is not a TFRecord file.
    """
    if not os.path.exists(path):
        # Not a local file: TensorFlow has to read all of it.
        whole = tf.data.TFRecordDataset(path)
        return int(whole.reduce(np.int64(0), lambda count, _: count + 1)), True
    size = os.path.getsize(path)
    position = count = 0
    with open(path, "rb") as file:
        while position + _HEADER <= size:
            file.seek(position)
            length = struct.unpack("<Q", file.read(8))[0]
            end = position + _HEADER + length + _FOOTER
            if end > size:
                break
            position = end
            count += 1
    if size and not count:
        raise ValueError(
            f"{path} is not a TFRecord file, is compressed, or ends within its first "
            "record."
        )
    return count, position == size


def _parse(path, position, record):
    features = {
        key: tf.io.FixedLenFeature([], tf.string, "")
        for key in (ENCODED, _ALSO_ENCODED)
    }
    example = tf.io.parse_single_example(record, features)
    encoded = example[ENCODED]
    if_empty = example[_ALSO_ENCODED]
    encoded = tf.where(tf.equal(tf.strings.length(encoded), 0), if_empty, encoded)
    return tf.strings.join([path, "#", tf.strings.as_string(position)]), encoded

"""TFRecord files of `tf.train.Example`s as a source: `tfrecord:GLOB`.

The picture is the feature `image/encoded`, as in most public datasets and in files of
`tf_btgmi.write_tfrecords`, or `image`, as in files of TFDS. The files must not be
compressed.
"""

import glob
import os
import re
import struct
from typing import Optional

import numpy as np
import tensorflow as tf
from absl import logging

from tf_btgmi.data.streaming import DAMAGES, StreamingSource, damage_of
from tf_btgmi.pictures.listing import natural_key

ENCODED = "image/encoded"
HEIGHT = "image/height"
WIDTH = "image/width"
NAME = "image/filename"
_ALSO_ENCODED = "image"
# Maximum number of files that are read in parallel.
_CYCLE_LENGTH = 16
# Median number of records of a set at and above which no file is empty by chance.
_MANY_RECORDS = 10
# A record is: length, checksum of the length, data, checksum of the data.
_HEADER, _FOOTER = 12, 4


class TFRecordSource(StreamingSource):
    """The records of all files of a glob pattern, in natural order."""

    def __init__(self, pattern: str, num_held_out: int, shuffle_buffer: int):
        """Counts the records.

        The records that a cut or damaged file has lost count as unreadable; their
        number is estimated by its bytes, and by the other files of its set.

        Raises:
            ValueError: no file, no record, an empty file beside full ones, one of
                another format, or too many lost records.
        """
        paths = sorted(tf.io.gfile.glob(pattern), key=natural_key)
        if not paths:
            raise ValueError(f"There is no file {pattern} to read TFRecords from.")
        counts, lost = {}, {}
        for path in paths:
            counts[path], lost[path] = count_records(path)
        if not any(counts.values()):
            raise ValueError(f"There is no record in {pattern} ({len(paths)} files).")
        for path in paths:
            if not counts[path]:
                _check_empty(path, _typical(path, counts, lost))
        for path in paths:
            if lost[path]:
                lost[path] = max(
                    lost[path], _typical(path, counts, lost) - counts[path]
                )
        _warn_of_missing(paths)
        # A damaged file is read up to the damage.
        self._counts: dict[str, int] = counts
        super().__init__(
            f"tfrecord:{pattern}",
            sum(counts.values()),
            num_held_out,
            shuffle_buffer,
            num_lost=sum(lost.values()),
        )
        for path in paths:
            error = ValueError("the file ends within this record or is damaged")
            for number in range(counts[path], counts[path] + lost[path]):
                self.unreadable.add(f"{path}#{number}", error)

    def records(self, order_seed: Optional[tuple[int, ...]] = None) -> tf.data.Dataset:
        """See `StreamingSource.records`."""
        paths = list(self._counts)
        if order_seed is not None:
            rng = np.random.default_rng(order_seed)
            paths = [paths[i] for i in rng.permutation(len(paths))]
        counts = tf.constant([self._counts[path] for path in paths], tf.int64)

        files = tf.data.Dataset.from_tensor_slices((tf.constant(paths), counts))
        return files.interleave(
            _read,
            # One after another if not shuffled.
            cycle_length=1 if order_seed is None else min(_CYCLE_LENGTH, len(paths)),
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )

    def _damaged(self) -> str:
        for path, count in self._counts.items():
            try:
                for _ in _read(path, count):
                    pass
            except DAMAGES:
                return path
        return self.spec


def count_records(path: str) -> tuple[int, int]:
    """Counts the complete records of a file by their headers, without reading them.

    Returns:
        The count, and an estimate of the number of records after the last of them: 0
        if the file ends with it.

    Raises:
        ValueError: this is not a TFRecord file.
    """
    if not os.path.exists(path):
        # Not a local file: TensorFlow has to read all of it.
        whole = tf.data.TFRecordDataset(path)
        try:
            return int(whole.reduce(np.int64(0), lambda count, _: count + 1)), 0
        except tf.errors.DataLossError as error:
            raise ValueError(f"{path} cannot be read: {damage_of(error)}.") from None
    size = os.path.getsize(path)
    position = count = 0
    lost = 0
    with open(path, "rb") as file:
        while position + _HEADER <= size:
            file.seek(position)
            length = struct.unpack("<Q", file.read(8))[0]
            end = position + _HEADER + length + _FOOTER
            if end > size:
                # No record is longer than its file: the header is damaged, and the
                # records after it cannot be found.
                if length > size and count:
                    lost = round((size - position) / (position / count))
                break
            position = end
            count += 1
    if size and not count:
        raise ValueError(
            f"{path} is not a TFRecord file, is compressed, or ends within its first "
            "record."
        )
    return count, 0 if position == size else max(lost, 1)


def _check_empty(path: str, typical: int) -> None:
    """Raises for an empty file where the files of its set have many records.

    Writers that spread few records at random leave some files empty.
    """
    if typical >= _MANY_RECORDS:
        raise ValueError(
            f"{path} is empty, and other files of its set have {typical} records. "
            "Write the file again, or choose a pattern that leaves it out."
        )
    logging.warning("%s is empty.", path)


def _typical(path: str, counts: dict[str, int], lost: dict[str, int]) -> int:
    """Median count of the undamaged files of a numbered file's set, or 0."""
    own = _set_of(path)
    others = [n for p, n in counts.items() if not lost[p] and _set_of(p) == own]
    return int(np.median(others)) if own and others else 0


def _warn_of_missing(paths: list[str]) -> None:
    """Logs which files of the sets of numbered files do not exist."""
    for first, number, num_files, last in sorted(
        set(filter(None, map(_set_of, paths)))
    ):
        names = (
            f"{first}-{position:0{number}d}-of-{num_files}{last}"
            for position in range(int(num_files))
        )
        present = set(tf.io.gfile.glob(f"{glob.escape(first)}-*{glob.escape(last)}"))
        missing = [name for name in names if name not in present]
        if missing:
            logging.warning(
                "%d of %d files are missing; the first is %s.",
                len(missing),
                int(num_files),
                missing[0],
            )


def _set_of(path: str) -> Optional[tuple[str, int, str, str]]:
    """What the names of a set have in common, for `FIRST-00001-of-00003LAST`.

    Returns:
        The part before, the number of digits, the number of files as text, and the
        part after; None for another name.
    """
    match = re.fullmatch(r"(.*)-([0-9]{1,9})-of-([0-9]{1,6})([^/]*)", path, re.DOTALL)
    if not match:
        return None
    return match[1], len(match[2]), match[3], match[4]


def _read(path, count) -> tf.data.Dataset:
    records = tf.data.TFRecordDataset(path).take(count).enumerate()
    return records.map(lambda position, record: _parse(path, position, record))


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

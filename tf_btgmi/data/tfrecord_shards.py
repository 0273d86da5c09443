"""Writes pictures of a folder as TFRecord shards, which `tfrecord_source` reads."""

import concurrent.futures
import glob
import io
import os
import sys
from typing import Iterator, NamedTuple, Optional

import numpy as np
import tensorflow as tf
from PIL import Image

from tf_btgmi.data import tfrecord_source, transforms
from tf_btgmi.files import naming_target, one_line
from tf_btgmi.pictures.decoding import decode_image
from tf_btgmi.progress_bar import progress_bar

_PREFIX = "pictures"


class Encoding(NamedTuple):
    """How pictures are stored.

    Attributes:
        format: "jpeg" or "png".
        quality: of a JPEG, 1 to 100.
        max_side: maximum side in pixels; larger pictures are reduced. 0: no maximum.
    """

    format: str
    quality: int
    max_side: int


def write_shards(
    folder: str,
    names: list[str],
    output: str,
    num_shards: int,
    encoding: Encoding,
    overwrite: bool = True,
) -> tuple[int, int]:
    """Writes all shards to temporary files, then replaces the existing shards.

    Existing shards are kept if no picture is readable.

    Args:
        folder: folder of the pictures.
        names: their paths in it.
        output: folder of the shards.
        num_shards: number of shards, at most that of the pictures.
        encoding: how pictures are stored.
        overwrite: whether existing shards are replaced.

    Returns:
        The numbers of written and of unreadable pictures; unreadable ones are reported
        on standard error.

    Raises:
        ValueError: there are shards now, which are not to be replaced.
        OSError: the shards cannot be written.
    """
    temporary = [
        os.path.join(output, f".{_PREFIX}-{shard:05d}.tmp-{os.getpid()}")
        for shard in range(num_shards)
    ]
    bounds = np.linspace(0, len(names), num_shards + 1).astype(int)
    written = unreadable = 0
    try:
        with progress_bar(total=len(names), unit="picture") as bar:
            for shard, path in enumerate(temporary):
                chosen = names[bounds[shard] : bounds[shard + 1]]
                with naming_target(output), tf.io.TFRecordWriter(path) as writer:
                    for name, record, reason in _records(folder, chosen, encoding):
                        bar.update()
                        if record is None:
                            unreadable += 1
                            bar.write(f"Skipped {name}: {reason}", file=sys.stderr)
                        else:
                            written += 1
                            writer.write(record)
        if written:
            earlier = shards_in(output)
            if earlier and not overwrite:
                raise ValueError(
                    f"Another program has written shards to {output} in the meantime. "
                    "Choose another --output, or add --overwrite."
                )
            for path in earlier:
                os.remove(path)
            for shard, path in enumerate(temporary):
                name = f"{_PREFIX}-{shard:05d}-of-{num_shards:05d}.tfrecord"
                os.replace(path, os.path.join(output, name))
    finally:
        for path in temporary:
            if os.path.exists(path):
                os.remove(path)
    return written, unreadable


def shards_in(output: str) -> list[str]:
    """Paths of the shards in a folder."""
    pattern = os.path.join(glob.escape(output), f"{_PREFIX}-*-of-*.tfrecord")
    return sorted(glob.glob(pattern))


def _records(folder: str, names: list[str], encoding: Encoding) -> Iterator[tuple]:
    """(name, serialized example or None, reason) of every picture, in order."""
    threads = os.cpu_count() or 1
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        # In small groups: `map` alone would keep a whole shard in memory.
        for start in range(0, len(names), 4 * threads):
            some = names[start : start + 4 * threads]
            yield from pool.map(lambda name: _record(folder, name, encoding), some)


def _record(
    folder: str, name: str, encoding: Encoding
) -> tuple[str, Optional[bytes], str]:
    try:
        path = os.path.join(folder, name)
        image = decode_image(path, min_side=encoding.max_side)
        if encoding.max_side:
            image = transforms.reduced(image, encoding.max_side)
        file = io.BytesIO()
        options = {"quality": encoding.quality} if encoding.format == "jpeg" else {}
        Image.fromarray(image).save(file, encoding.format, **options)
    # Pillow raises many kinds of exceptions for damaged files.
    except Exception as error:
        return name, None, one_line(error)
    height, width = image.shape[:2]
    feature = {
        tfrecord_source.ENCODED: _bytes(file.getvalue()),
        tfrecord_source.NAME: _bytes(name.encode("utf-8", "surrogateescape")),
        tfrecord_source.HEIGHT: _int(height),
        tfrecord_source.WIDTH: _int(width),
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    return name, example.SerializeToString(), ""


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _int(value: int) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))

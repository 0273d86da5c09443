"""Writes a folder of pictures as TFRecord shards, which `tfrecord:GLOB` reads.

    python -m tf_btgmi.write_tfrecords --source=folder:photos --output=shards

Worth it where many small files are slow to read. The pictures are written in an order
by the hashes of their names, so that the first records, which validation takes, are a
sample of the whole. A shard appears under its name only when all of them are complete.
"""

import concurrent.futures
import glob
import io
import os
import sys
from typing import Iterator, List, Optional, Tuple

import cv2
import numpy as np
import tensorflow as tf
from absl import flags
from PIL import Image
from tqdm import tqdm

from tf_btgmi import program
from tf_btgmi.data import tfrecord_source
from tf_btgmi.data.decoding import decode_image
from tf_btgmi.data.folder import list_pictures, name_hash

FLAGS = flags.FLAGS
_PREFIX = "pictures"
_PICTURES_A_SHARD = 1000


def define_flags():
    """The flags of this program; `program.run` calls it."""
    flags.DEFINE_string("source", None, "folder:PATH of the pictures.")
    flags.DEFINE_string("output", None, "Folder that the shards go to.")
    flags.DEFINE_integer(
        "num_shards",
        0,
        "Files written; 0: one for every 1,000 pictures.",
        lower_bound=0,
    )
    flags.DEFINE_integer(
        "max_side", 0, "Longer side in pixels that pictures are shrunk to; 0: never.", 0
    )
    flags.DEFINE_enum(
        "format", "jpeg", ["jpeg", "png"], "How pictures are stored; png is lossless."
    )
    flags.DEFINE_integer("quality", 95, "Quality of JPEG, 1 to 100.", 1, 100)
    flags.DEFINE_bool(
        "overwrite",
        False,
        "Write into a folder that is not empty, replacing its shards.",
    )


def main(_: List[str]) -> None:
    """Checks the flags and writes the shards."""
    form, _, folder = (FLAGS.source or "").partition(":")
    if form != "folder" or not folder:
        raise program.UsageError("--source must be folder:PATH.")
    if not FLAGS.output:
        raise program.UsageError("--output must name the folder for the shards.")
    names = sorted(list_pictures(folder), key=name_hash)
    num_shards = FLAGS.num_shards or -(-len(names) // _PICTURES_A_SHARD)
    if num_shards > len(names):
        raise program.UsageError(
            f"--num_shards={num_shards} is more than the {len(names)} pictures."
        )
    if os.path.exists(FLAGS.output) and not os.path.isdir(FLAGS.output):
        raise program.UsageError(f"--output={FLAGS.output} is not a folder.")
    os.makedirs(FLAGS.output, exist_ok=True)
    if os.listdir(FLAGS.output) and not FLAGS.overwrite:
        raise program.UsageError(
            f"{FLAGS.output} is not empty; name another --output, or add --overwrite."
        )
    written, unreadable = write_shards(folder, names, FLAGS.output, num_shards)
    megabytes = sum(os.path.getsize(path) for path in _shards(FLAGS.output)) / 1e6
    skipped = f"; skipped {unreadable} unreadable" if unreadable else ""
    pattern = os.path.join(FLAGS.output, "*.tfrecord")
    print(
        f"Wrote {written} pictures in {num_shards} shards, {megabytes:.1f} MB{skipped}."
        f" Use --config.data.source=tfrecord:{pattern}"
    )


def write_shards(
    folder: str, names: List[str], output: str, num_shards: int
) -> Tuple[int, int]:
    """Writes all shards beside their places, then replaces the old ones by them.

    Returns:
        The numbers of pictures written and of unreadable ones, which are named on
        standard error.

    Raises:
        program.ProgramFailure: none of the pictures can be read.
    """
    temporary = [
        os.path.join(output, f".{_PREFIX}-{shard:05d}.tmp-{os.getpid()}")
        for shard in range(num_shards)
    ]
    bounds = np.linspace(0, len(names), num_shards + 1).astype(int)
    written = unreadable = 0
    try:
        with tqdm(total=len(names), unit="picture", disable=None) as bar:
            for shard, path in enumerate(temporary):
                chosen = names[bounds[shard] : bounds[shard + 1]]
                with tf.io.TFRecordWriter(path) as writer:
                    for name, record, reason in _records(folder, chosen):
                        bar.update()
                        if record is None:
                            unreadable += 1
                            bar.write(f"Skipped {name}: {reason}", file=sys.stderr)
                        else:
                            written += 1
                            writer.write(record)
        if not written:
            raise program.ProgramFailure(
                f"None of the {len(names)} pictures can be read."
            )
        for path in _shards(output):
            os.remove(path)
        for shard, path in enumerate(temporary):
            name = f"{_PREFIX}-{shard:05d}-of-{num_shards:05d}.tfrecord"
            os.replace(path, os.path.join(output, name))
    finally:
        for path in temporary:
            if os.path.exists(path):
                os.remove(path)
    return written, unreadable


def _records(folder: str, names: List[str]) -> Iterator[tuple]:
    """(name, serialised example or None, reason) of every picture, in order."""
    threads = os.cpu_count() or 1
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        # A few at a time: `map` alone would hold a whole shard in memory.
        for start in range(0, len(names), 4 * threads):
            some = names[start : start + 4 * threads]
            yield from pool.map(lambda name: _record(folder, name), some)


def _record(folder: str, name: str) -> Tuple[str, Optional[bytes], str]:
    try:
        image = decode_image(os.path.join(folder, name), min_side=FLAGS.max_side)
    # Pillow raises nearly anything for a damaged file; it is counted and named.
    except Exception as error:
        return name, None, " ".join(str(error).split()) or type(error).__name__
    image = _shrink(image, FLAGS.max_side)
    file = io.BytesIO()
    options = {"quality": FLAGS.quality} if FLAGS.format == "jpeg" else {}
    Image.fromarray(image).save(file, FLAGS.format, **options)
    height, width = image.shape[:2]
    feature = {
        tfrecord_source.ENCODED: _bytes(file.getvalue()),
        tfrecord_source.NAME: _bytes(name.encode("utf-8", "surrogateescape")),
        tfrecord_source.HEIGHT: _int(height),
        tfrecord_source.WIDTH: _int(width),
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    return name, example.SerializeToString(), ""


def _shrink(image: np.ndarray, max_side: int) -> np.ndarray:
    height, width = image.shape[:2]
    if not max_side or max(height, width) <= max_side:
        return image
    scale = max_side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _shards(output: str) -> List[str]:
    pattern = os.path.join(glob.escape(output), f"{_PREFIX}-*-of-*.tfrecord")
    return sorted(glob.glob(pattern))


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _int(value: int) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))


if __name__ == "__main__":
    program.run(main, define_flags)

"""Writes a folder of pictures as TFRecord shards, which `tfrecord:GLOB` reads.

    python -m tf_btgmi.write_tfrecords --source=folder:photos --output=shards

Worth it where many small files are slow to read. The pictures are written in an order
by the hashes of their names, so that the first records, which validation takes, are a
sample of the whole. A shard appears under its name only when all of them are complete.
"""

import os
from typing import List

from absl import flags

from tf_btgmi.cli import program
from tf_btgmi.pictures.listing import list_pictures, name_hash

FLAGS = flags.FLAGS
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
    # TensorFlow takes seconds to import; a wrong flag is answered before.
    from tf_btgmi.data import tfrecord_shards

    encoding = tfrecord_shards.Encoding(FLAGS.format, FLAGS.quality, FLAGS.max_side)
    written, unreadable = tfrecord_shards.write_shards(
        folder, names, FLAGS.output, num_shards, encoding
    )
    if not written:
        raise program.ProgramFailure(f"None of the {len(names)} pictures can be read.")
    paths = tfrecord_shards.shards_in(FLAGS.output)
    megabytes = sum(os.path.getsize(path) for path in paths) / 1e6
    skipped = f"; skipped {unreadable} unreadable" if unreadable else ""
    pattern = os.path.join(FLAGS.output, "*.tfrecord")
    print(
        f"Wrote {written} pictures in {num_shards} shards, {megabytes:.1f} MB{skipped}."
        f" Use --config.data.source=tfrecord:{pattern}"
    )


if __name__ == "__main__":
    program.run(main, define_flags)

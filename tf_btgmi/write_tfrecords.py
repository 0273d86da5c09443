"""Packs a folder of pictures into TFRecord shards, to be read as `tfrecord:GLOB`.

    python -m tf_btgmi.write_tfrecords --source=folder:photos --output=shards

Shards help where many small files are slow to read. The pictures are ordered by hashes
of their names, so that the first records, which are used for validation, are a sample
of the whole. The shards get their names when all of them are complete.
"""

import fnmatch
import glob
import os
import shlex
import sys

from absl import flags

from tf_btgmi.cli import common_flags, program
from tf_btgmi.pictures.listing import list_pictures, name_hash, passed_over_lines
from tf_btgmi.wording import number_of

FLAGS = flags.FLAGS
_PICTURES_A_SHARD = 1000


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    flags.DEFINE_string("source", None, "Folder of the pictures, as folder:PATH.")
    flags.DEFINE_string("output", None, "Folder of the shards.")
    flags.DEFINE_integer(
        "num_shards",
        0,
        "Number of shards; 0: one per 1,000 pictures.",
        lower_bound=0,
    )
    flags.DEFINE_integer(
        "max_side",
        0,
        "Longer side in pixels that larger pictures are reduced to; 0 keeps sizes.",
        0,
    )
    flags.DEFINE_enum(
        "format",
        "jpeg",
        ["jpeg", "png"],
        "Format of the stored pictures; png is lossless.",
    )
    flags.DEFINE_integer("quality", 95, "JPEG quality, 1 to 100.", 1, 100)
    flags.DEFINE_bool(
        "overwrite",
        False,
        "Replace the shards of a folder that is not empty.",
    )


def main(_: list[str]) -> None:
    """Checks the flags and writes the shards."""
    common_flags.require(
        ("source", "folder:PATH", "the folder of the pictures"),
        ("output", "FOLDER", "the folder of the shards"),
    )
    form, _, folder = FLAGS.source.partition(":")
    if form != "folder" or not folder:
        raise program.UsageError(f"--source must be folder:PATH; it is {FLAGS.source}.")
    names = sorted(list_pictures(folder), key=name_hash)
    for line in passed_over_lines([folder]):
        print(line, file=sys.stderr)
    num_shards = FLAGS.num_shards or -(-len(names) // _PICTURES_A_SHARD)
    if num_shards > len(names):
        raise program.UsageError(
            f"--num_shards={num_shards} is more than the number of pictures, "
            f"{len(names)}."
        )
    if os.path.exists(FLAGS.output) and not os.path.isdir(FLAGS.output):
        raise program.UsageError(f"--output={FLAGS.output} is not a folder.")
    os.makedirs(FLAGS.output, exist_ok=True)
    remains = _remains(FLAGS.output)
    if len(os.listdir(FLAGS.output)) > len(remains) and not FLAGS.overwrite:
        raise program.UsageError(
            f"{FLAGS.output} is not empty. Choose another --output, or add --overwrite."
        )
    for name in remains:
        os.remove(os.path.join(FLAGS.output, name))
    # Imported late: TensorFlow takes seconds, and wrong flags are reported before.
    from tf_btgmi.data import tfrecord_shards

    encoding = tfrecord_shards.Encoding(FLAGS.format, FLAGS.quality, FLAGS.max_side)
    written, unreadable = tfrecord_shards.write_shards(
        folder, names, FLAGS.output, num_shards, encoding, FLAGS.overwrite
    )
    if not written:
        raise program.ProgramFailure(f"None of the {len(names)} pictures can be read.")
    paths = tfrecord_shards.shards_in(FLAGS.output)
    megabytes = sum(os.path.getsize(path) for path in paths) / 1e6
    skipped = f"; skipped {unreadable} unreadable" if unreadable else ""
    pattern = os.path.join(glob.escape(FLAGS.output), "*.tfrecord")
    source = shlex.quote(f"tfrecord:{pattern}")
    print(
        f"Wrote {number_of(written, 'picture')} in {number_of(num_shards, 'shard')}, "
        f"{megabytes:.1f} MB{skipped}. Use --config.data.source={source}"
    )


def _remains(folder: str) -> list[str]:
    """Names of unfinished shards of programs that were killed."""
    names = fnmatch.filter(os.listdir(folder), ".pictures-*.tmp-*")
    processes = {name: name.rpartition("-")[2] for name in names}
    return [
        name
        for name, process in processes.items()
        if process == str(os.getpid()) or not os.path.exists(f"/proc/{process}")
    ]


if __name__ == "__main__":
    program.run(main, define_flags)

r"""Packs the training pictures of a config for `benchmarks.train_pytorch`.

    python -m benchmarks.pack_pictures --config=configs/outdoor_128.py \
        --config.data.source=folder:PHOTOGRAPHS --pack=runs/pack

Pictures held out for validation are left out. With a config of the task `guided` masks
of objects and maps of regions come with them (`pack_objects`). A picture whose shorter
side is above `--side` is reduced to it; all are stored as WebP. Prints the number and
size of the files, which are about `--part_mib` each.
"""

import concurrent.futures
import functools
import glob
import os
import tempfile
import zipfile

import cv2
import numpy as np
from absl import flags

from benchmarks import requirements
from tf_btgmi.cli import config_flag, program
from tf_btgmi.data.masks import ObjectShapes
from tf_btgmi.data.transforms import reduced
from tf_btgmi.pictures.decoding import read_image

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    config_flag.define()
    flags.DEFINE_string("pack", None, "Folder of the pack.", required=True)
    flags.DEFINE_integer("side", 256, "Largest shorter side in pixels.", 16)
    flags.DEFINE_integer("quality", 80, "Quality of WebP, 1 to 100.", 1, 100)
    flags.DEFINE_integer("part_mib", 36, "Size of a file in MiB.", 1)
    flags.DEFINE_bool(
        "keep", False, "Add to an older pack, whose pictures are the first of this one."
    )


def main(argv):
    """Writes the pack."""
    del argv
    if FLAGS.config is None:
        raise program.UsageError("Give --config=FILE, the config to be trained.")
    requirements.need_pytorch()
    options = FLAGS.side, FLAGS.quality, FLAGS.part_mib, FLAGS.keep
    pack(FLAGS.config, FLAGS.pack, *options)
    for path in sorted(glob.glob(os.path.join(FLAGS.pack, "*.zip"))):
        size = os.path.getsize(path) / 2**20
        print(f"{path}: {_count(path)} files, {size:.1f} MiB")
    return 0


def pack(
    config,
    folder: str,
    side: int = 256,
    quality: int = 80,
    part_mib: int = 36,
    keep: bool = False,
):
    """Packs the pictures of a config; if that fails, the folder is as it was.

    Args:
        config: its `data.source` is a folder.
        folder: made if it is missing; an older pack there is replaced.
        side: largest shorter side in pixels.
        quality: of WebP, 1 to 100.
        part_mib: size of a file in MiB.
        keep: whether the pictures of an older pack stay, and only what it lacks is
            added: the first pictures of this one must be the same.

    Raises:
        ValueError: the source is no folder, has no pictures, or one that cannot be
            read; the older pack has more pictures, or is damaged.
    """
    # Not above: they load TensorFlow and PyTorch.
    from benchmarks import pack_objects, pytorch_data

    guided = None
    if config.task == "guided":
        guided = pack_objects.GuidedPictures(config)
    paths = guided.paths if guided else _training_paths(config)
    os.makedirs(folder, exist_ok=True)
    parts = glob.glob(os.path.join(folder, pytorch_data.PICTURES.format("*")))
    parts = parts if keep else []
    packed = sum(map(_count, parts))
    if packed > len(paths):
        raise ValueError(f"{folder} has {packed} pictures, the config {len(paths)}.")
    encode = functools.partial(_encode_picture, side, quality)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as work:
        part, archive = len(parts), None
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for number, data in enumerate(pool.map(encode, paths[packed:]), packed):
                if archive is None:
                    name = pytorch_data.PICTURES.format(f"{part:02d}")
                    archive = zipfile.ZipFile(os.path.join(work, name), "w")
                    size, part = 0, part + 1
                archive.writestr(f"{number:06d}.webp", data)
                size += len(data)
                if size > part_mib * 2**20:
                    archive.close()
                    archive = None
        if archive is not None:
            archive.close()
        if config.masks.objects:
            path = os.path.join(work, pytorch_data.OBJECT_MASKS)
            shapes = ObjectShapes(config.masks.objects_folder)
            write_part(path, range(len(shapes)), lambda n: encoded_mask(shapes[n]))
        if guided:
            guided.write(work, side)
        for path in set(glob.glob(os.path.join(folder, "*.zip"))) - set(parts):
            os.unlink(path)
        for name in os.listdir(work):
            os.replace(os.path.join(work, name), os.path.join(folder, name))


def check_some_are_left(paths, config) -> None:
    """Raises a ValueError if validation holds out all pictures of a config."""
    if not paths:
        raise ValueError(
            f"config.data.num_validation_images={config.data.num_held_out} holds out "
            f"all pictures of {config.data.source}: lower it."
        )


def _training_paths(config):
    from tf_btgmi.data.sources import open_source

    source = open_source(config.data.source, config.data.num_held_out)
    if not hasattr(source, "training_names"):
        raise ValueError(f"Only a folder can be packed, not {config.data.source}.")
    paths = paths_of(source)
    check_some_are_left(paths, config)
    return paths


def paths_of(source) -> list:
    """Paths of the training pictures of a source that is a folder."""
    return [os.path.join(source.folder, name) for name in source.training_names]


def _count(path):
    try:
        with zipfile.ZipFile(path) as archive:
            return len(archive.namelist())
    except zipfile.BadZipFile:
        raise ValueError(f"{path} is damaged: pack again without --keep.") from None


def write_part(path: str, numbers, encode) -> None:
    """Writes a part of a pack: numbered PNG files, the bytes `encode(number)` each."""
    with zipfile.ZipFile(path, "w") as archive:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for number, data in zip(numbers, pool.map(encode, numbers)):
                archive.writestr(f"{number:06d}.png", data)


def _encode_picture(side, quality, path):
    image = reduced(read_image(path), side, min)
    image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return encoded(".webp", image, (cv2.IMWRITE_WEBP_QUALITY, quality))


def encoded_mask(mask: np.ndarray) -> bytes:
    """A mask [h, w] bool as a PNG file of one bit per pixel."""
    return encoded(".png", mask.astype(np.uint8) * 255, (cv2.IMWRITE_PNG_BILEVEL, 1))


def encoded(suffix: str, pixels: np.ndarray, options: tuple) -> bytes:
    """The bytes of a picture file, as OpenCV writes it with options."""
    done, data = cv2.imencode(suffix, pixels, options)
    if not done:
        raise ValueError(f"OpenCV cannot write {suffix}.")
    return data.tobytes()


if __name__ == "__main__":
    program.run(main, define_flags)

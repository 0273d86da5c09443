r"""Packs the training pictures of a config for `benchmarks.train_pytorch`.

    python -m benchmarks.pack_pictures --config=configs/outdoor_128.py \
        --config.data.source=folder:PHOTOGRAPHS --pack=runs/pack

Pictures held out for validation are left out. A picture whose shorter side is above
`--side` is reduced to it; all are stored as WebP. Prints the number and size of the
files, which are about `--part_mib` each.
"""

import concurrent.futures
import functools
import glob
import os
import zipfile

import cv2
import numpy as np
from absl import flags

from tf_btgmi.cli import config_flag, program
from tf_btgmi.data.masks import ObjectShapes
from tf_btgmi.pictures.decoding import decode_image

FLAGS = flags.FLAGS


def define_flags():
    """The flags of this program; `program.run` calls it."""
    config_flag.define()
    flags.DEFINE_string("pack", None, "Folder that is written.", required=True)
    flags.DEFINE_integer("side", 256, "Largest shorter side in pixels.", 16)
    flags.DEFINE_integer("quality", 80, "Of WebP, 1 to 100.", 1, 100)
    flags.DEFINE_integer("part_mib", 36, "Size of a file in MiB.", 1)


def main(argv):
    """Writes the pack."""
    del argv
    if FLAGS.config is None:
        raise program.UsageError("Give --config=FILE, the config to be trained.")
    pack(FLAGS.config, FLAGS.pack, FLAGS.side, FLAGS.quality, FLAGS.part_mib)
    for path in sorted(glob.glob(os.path.join(FLAGS.pack, "*.zip"))):
        with zipfile.ZipFile(path) as archive:
            count = len(archive.namelist())
        print(f"{path}: {count} files, {os.path.getsize(path) / 2**20:.1f} MiB")
    return 0


def pack(config, folder: str, side: int = 256, quality: int = 80, part_mib: int = 36):
    """Packs the pictures of a config; an older pack there is replaced.

    Args:
        config: its `data.source` is a folder.
        folder: made if it is missing.
        side: largest shorter side in pixels.
        quality: of WebP, 1 to 100.
        part_mib: size of a file in MiB.

    Raises:
        ValueError: the source is no folder, or has no pictures.
    """
    # Not above: they load TensorFlow and PyTorch.
    from benchmarks import pytorch_data
    from tf_btgmi.data.sources import open_source

    data = config.data
    held_out = 0 if data.validation_source else data.num_validation_images
    source = open_source(data.source, held_out)
    if not hasattr(source, "training_names"):
        raise ValueError(f"Only a folder can be packed, not {data.source}.")
    os.makedirs(folder, exist_ok=True)
    for path in glob.glob(os.path.join(folder, "*.zip")):
        os.unlink(path)
    encode = functools.partial(_encode_picture, source.folder, side, quality)
    part, archive = 0, None
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for number, encoded in enumerate(pool.map(encode, source.training_names)):
            if archive is None:
                path = os.path.join(folder, pytorch_data.PICTURES.format(f"{part:02d}"))
                archive, size, part = zipfile.ZipFile(path, "w"), 0, part + 1
            archive.writestr(f"{number:06d}.webp", encoded)
            size += len(encoded)
            if size > part_mib * 2**20:
                archive.close()
                archive = None
    if archive is not None:
        archive.close()
    if config.masks.objects:
        path = os.path.join(folder, pytorch_data.OBJECT_MASKS)
        _pack_masks(config.masks.objects_folder, path)


def _pack_masks(objects_folder, path):
    shapes = ObjectShapes(objects_folder)
    with zipfile.ZipFile(path, "w") as archive:
        for position in range(len(shapes)):
            levels = shapes[position].astype(np.uint8) * 255
            archive.writestr(f"{position:06d}.png", _encoded(".png", levels, _ONE_BIT))


_ONE_BIT = (cv2.IMWRITE_PNG_BILEVEL, 1)


def _encode_picture(folder, side, quality, name):
    image = decode_image(os.path.join(folder, name))
    factor = side / min(image.shape[:2])
    if factor < 1:
        height, width = (round(factor * length) for length in image.shape[:2])
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return _encoded(".webp", image, (cv2.IMWRITE_WEBP_QUALITY, quality))


def _encoded(suffix, pixels, options):
    done, data = cv2.imencode(suffix, pixels, options)
    if not done:
        raise ValueError(f"OpenCV cannot write {suffix}.")
    return data.tobytes()


if __name__ == "__main__":
    program.run(main, define_flags)

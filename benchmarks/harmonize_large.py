"""Measures what carrying a colour change to a large object costs and what it keeps.

    python -m benchmarks.harmonize_large --image=PHOTOGRAPH --side=4000

The network is a stand-in that darkens the object, warms it and blurs it as a network
with a narrow middle does, at 128 px; so only the way to full size is measured. The
object is a disc of nine tenths of the picture. Detail is the correlation of vertical
and horizontal gradients in the object before and after, and the ratio of their spread.
"""

import time

import cv2
import numpy as np
from absl import flags

from benchmarks.children import peak_mib
from tf_btgmi.cli import program
from tf_btgmi.inference.predictor import Predictor
from tf_btgmi.pictures.reader import read_picture

FLAGS = flags.FLAGS
_SIZE = 128
_WARMER = np.float32([0.85, 0.7, 0.55])


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    flags.DEFINE_string("image", None, "A photograph, as large as it is, or nearly.")
    flags.DEFINE_integer("side", 4000, "Its longer side is brought to this.")


def main(argv):
    """Harmonizes the disc both ways and prints a table."""
    del argv
    if not FLAGS.image:
        raise program.UsageError("Give --image=FILE.")
    image = read_picture(FLAGS.image).rgb()
    scale = FLAGS.side / max(image.shape)
    size = [round(n * scale) for n in image.shape[1::-1]]
    image = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    mask = np.zeros(image.shape[:2], np.uint8)
    centre = (size[0] // 2, size[1] // 2)
    cv2.ellipse(mask, centre, [round(0.45 * n) for n in size], 0, 0, 360, 255, -1)
    predictor = Predictor(_darker_and_blurred, _SIZE, outputs=("harmonized",))
    print(f"{size[0]}x{size[1]} pixels, {(mask > 0).mean():.0%} object")
    print("| way | seconds | memory more, MiB | correlation | spread | error, levels |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, direct in (("colour change", False), ("network's pixels", True)):
        before = peak_mib()
        start = time.perf_counter()
        result = predictor.harmonize(image, mask, direct)
        seconds = time.perf_counter() - start
        more = peak_mib() - before
        correlation, spread = _detail(image, result, mask)
        wanted = image[mask > 0] * _WARMER
        error = np.abs(result[mask > 0] - wanted).mean()
        print(
            f"| {name} | {seconds:.1f} | {more:.0f} | {correlation:.3f} | {spread:.2f} "
            f"| {error:.1f} |"
        )


def _darker(image):
    return (image + 1) * _WARMER - 1


def _darker_and_blurred(inputs):
    return np.stack(
        [cv2.GaussianBlur(_darker(window[..., :3]), (0, 0), 1.0) for window in inputs]
    )


def _detail(image, result, mask):
    inner = cv2.erode(mask, np.ones((5, 5), np.uint8)) > 0
    pairs = []
    for axis in (0, 1):
        keep = inner[1:] if axis == 0 else inner[:, 1:]
        pairs.append(
            [
                np.diff(x[..., 1].astype(np.float32), axis=axis)[keep]
                for x in (image, result)
            ]
        )
    before, after = (np.concatenate(parts) for parts in zip(*pairs))
    # A darker object has weaker gradients: 1 is the spread that the change asks for.
    spread = after.std() / (before.std() * _WARMER[1])
    return np.corrcoef(before, after)[0, 1], spread


if __name__ == "__main__":
    program.run(main, define_flags)

"""Makes the README's first picture with the bundled models: docs/pictures/first.jpg.

    python scripts/first_picture.py

An object removed, scratches filled, an object of another picture composed; all of the
pictures are bundled ones.
"""

import argparse
import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import tf_btgmi  # noqa: E402
from scripts.sheets import sample, sheet  # noqa: E402
from tf_btgmi import loading  # noqa: E402
from tf_btgmi.data.masks import named_mask  # noqa: E402
from tf_btgmi.selection import Click, select  # noqa: E402

OUTPUT = ROOT / "docs" / "pictures" / "first.jpg"
HORSE = (105, 285, 285, 455)
HOOVES = [Click(270, 418), Click(270, 437), Click(262, 386), Click(240, 372)]
SHEEP = (30, 90, 360, 405)
WIDTH = 400


def marked(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """An image with the selected or missing pixels in red."""
    red = (0.35 * image + 0.65 * np.array([255, 0, 80])).astype(np.uint8)
    return np.where(mask[..., None] > 0, red, image)


def main() -> None:
    """Makes the three rows and saves them below each other."""
    predictor = tf_btgmi.load("btgmi-outdoor-192")
    horses, sheep = sample("train/horses"), sample("train/sheep")
    horse = select(horses, HORSE, HOOVES)
    without = predictor.remove(horses, horse, mask_dilation=8)

    castle = sample("train/mont_st_michel")
    strokes = named_mask("thin", *castle.shape[:2], seed=7) > 0
    repaired = predictor.inpaint(castle, strokes)

    cut = select(sheep, box=SHEEP)
    composed = loading.load(output="harmonized").compose(
        without, sheep, cut, position=(235, 370), scale=0.35
    )
    rows = [
        (horses, marked(horses, horse), without),
        (castle, marked(castle, strokes), repaired),
        (without, marked(sheep, cut), composed),
    ]
    sheet(rows, WIDTH).save(OUTPUT, quality=85)
    print(f"Wrote {OUTPUT}.")


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    main()

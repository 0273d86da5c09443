"""Makes the README's first picture with the bundled models: docs/pictures/first.jpg.

    python scripts/first_picture.py

An object removed, scratches filled, an object of another picture composed; all of the
pictures are bundled ones.
"""

import argparse
import pathlib
import sys

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import tf_btgmi  # noqa: E402
from tf_btgmi import loading  # noqa: E402
from tf_btgmi.assets import samples_dir  # noqa: E402
from tf_btgmi.data.masks import named_mask  # noqa: E402
from tf_btgmi.selection import Click, select  # noqa: E402

OUTPUT = ROOT / "docs" / "pictures" / "first.jpg"
HORSE = (105, 285, 285, 455)
HOOVES = [Click(270, 418), Click(270, 437), Click(262, 386), Click(240, 372)]
SHEEP = (30, 90, 360, 405)
WIDTH, EDGE = 400, 8


def sample(name: str) -> np.ndarray:
    """A bundled picture, uint8 [H, W, 3]."""
    return np.asarray(Image.open(samples_dir() / f"{name}.jpg"))


def main() -> None:
    """Makes the three pairs and saves them below each other."""
    predictor = tf_btgmi.load("btgmi-outdoor-192")
    horses, sheep = sample("train/horses"), sample("train/sheep")
    horse = select(horses, HORSE, HOOVES)
    without = predictor.remove(horses, horse, mask_dilation=8)

    castle = sample("train/mont_st_michel")
    scratches = named_mask("thin", *castle.shape[:2], seed=7) > 0
    scratched = np.where(scratches[..., None], np.uint8(255), castle)
    repaired = predictor.inpaint(scratched, scratches)

    composed = loading.load(output="harmonized").compose(
        without,
        sheep,
        select(sheep, box=SHEEP),
        position=(235, 370),
        scale=0.35,
    )
    pairs = [(horses, without), (scratched, repaired), (without, composed)]
    sheet(pairs).save(OUTPUT, quality=85)
    print(f"Wrote {OUTPUT}.")


def sheet(pairs) -> Image.Image:
    """Pairs of pictures, before and after, below each other."""
    rows = [
        [
            Image.fromarray(p).resize((WIDTH, WIDTH * p.shape[0] // p.shape[1]))
            for p in q
        ]
        for q in pairs
    ]
    height = sum(row[0].height + EDGE for row in rows) - EDGE
    page = Image.new("RGB", (2 * WIDTH + EDGE, height), "white")
    top = 0
    for before, after in rows:
        page.paste(before, (0, top))
        page.paste(after, (WIDTH + EDGE, top))
        top += before.height + EDGE
    return page


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    main()

"""Makes docs/pictures/guided.jpg: objects put into pictures, colours kept and matched.

    python scripts/guided_pictures.py

All pictures are bundled ones. A row: the picture, the object pasted in its own colours,
the same with colours matched by the bundled model; in the last row a tinted object of
the picture itself, harmonized: a black horse before a bright sky, which pales.
"""

import argparse
import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.sheets import sample, sheet  # noqa: E402
from tf_btgmi import loading  # noqa: E402
from tf_btgmi.selection import select  # noqa: E402

OUTPUT = ROOT / "docs" / "pictures" / "guided.jpg"
SHEEP = (30, 90, 360, 405)
HORSE = (105, 285, 285, 455)
WIDTH = 300


def rows():
    """Triples of pictures, uint8 [H, W, 3]."""
    predictor = loading.load(output="harmonized")
    sheep, horses = sample("train/sheep"), sample("train/horses")
    cut_sheep, cut_horse = select(sheep, box=SHEEP), select(horses, box=HORSE)
    for name, guide, mask, y, x, scale in (
        ("test/pont_du_gard", sheep, cut_sheep, 0.86, 0.3, 0.28),
        ("test/great_pyramid", horses, cut_horse, 0.83, 0.7, 0.6),
        ("test/moose", sheep, cut_sheep, 0.78, 0.2, 0.3),
    ):
        image = sample(name)
        place = {"position": (y * image.shape[0], x * image.shape[1]), "scale": scale}
        pasted = predictor.compose(image, guide, mask, harmonize=False, **place)
        yield image, pasted, predictor.compose(image, guide, mask, **place)
    tinted = (horses * (1.5, 0.9, 0.6)).clip(0, 255).astype(np.uint8)
    tinted = np.where(cut_horse[..., None], tinted, horses)
    yield horses, tinted, predictor.harmonize(tinted, cut_horse)


def main() -> None:
    """Makes the sheet and saves it."""
    sheet(list(rows()), WIDTH).save(OUTPUT, quality=85)
    print(f"Wrote {OUTPUT}.")


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    main()

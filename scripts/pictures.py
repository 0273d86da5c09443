r"""Makes pictures of the documentation, docs/pictures/*.jpg, of bundled photographs.

    python scripts/pictures.py first             # README.md
    python scripts/pictures.py guided            # docs/composing.md
    python scripts/pictures.py ablations RUNS    # docs/log.md

- `first`, with the bundled models: an object removed, scratches filled, an object of
  another picture composed.
- `guided`: the picture, an object pasted in its own colours, the same with colours
  matched by the bundled model; in the last row a tinted object of the picture itself,
  harmonized: a black horse before a bright sky, which pales.
- `ablations`: the same rectangles filled by all arms, at their own size. RUNS is the
  folder `runs` in the output of `tf_btgmi.ablations`, of which seed 0 is shown.
"""

import argparse
import pathlib
import sys

import numpy as np
from PIL import Image, ImageDraw

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import tf_btgmi  # noqa: E402
from tf_btgmi import config as config_lib  # noqa: E402
from tf_btgmi import loading  # noqa: E402
from tf_btgmi.ablation.arms import ARMS  # noqa: E402
from tf_btgmi.assets import samples_dir  # noqa: E402
from tf_btgmi.data.masks import named_mask  # noqa: E402
from tf_btgmi.data.transforms import centre_crop  # noqa: E402
from tf_btgmi.evaluation.examples import HOLE_VALUE, holed  # noqa: E402
from tf_btgmi.pictures.decoding import decode_image  # noqa: E402
from tf_btgmi.pictures.masks import read_mask  # noqa: E402
from tf_btgmi.selection import Click, select  # noqa: E402

EDGE, TITLE = 6, 16
HORSE = (105, 285, 285, 455)
HOOVES = [Click(270, 418), Click(270, 437), Click(262, 386), Click(240, 372)]
SHEEP = (30, 90, 360, 405)


def first() -> Image.Image:
    """The README's first picture."""
    predictor = tf_btgmi.load("btgmi-outdoor-192")
    horses, sheep = sample("train/horses"), sample("train/sheep")
    horse = select(horses, HORSE, HOOVES)
    without = predictor.remove(horses, horse, mask_dilation=8)

    castle = sample("train/mont_st_michel")
    strokes = read_mask(str(ROOT / "docs" / "pictures" / "strokes.png"))
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
    return sheet(rows, 400)


def guided() -> Image.Image:
    """Objects put into pictures, colours kept and matched."""
    predictor = loading.load(output="harmonized")
    sheep, horses = sample("train/sheep"), sample("train/horses")
    cut_sheep, cut_horse = select(sheep, box=SHEEP), select(horses, box=HORSE)
    rows = []
    for name, guide, mask, y, x, scale in (
        ("test/pont_du_gard", sheep, cut_sheep, 0.86, 0.3, 0.28),
        ("test/great_pyramid", horses, cut_horse, 0.83, 0.7, 0.6),
        ("test/moose", sheep, cut_sheep, 0.78, 0.2, 0.3),
    ):
        image = sample(name)
        place = {"position": (y * image.shape[0], x * image.shape[1]), "scale": scale}
        pasted = predictor.compose(image, guide, mask, harmonize=False, **place)
        rows.append((image, pasted, predictor.compose(image, guide, mask, **place)))
    tinted = (horses * (1.5, 0.9, 0.6)).clip(0, 255).astype(np.uint8)
    tinted = np.where(cut_horse[..., None], tinted, horses)
    rows.append((horses, tinted, predictor.harmonize(tinted, cut_horse)))
    return sheet(rows, 300)


def ablations(runs: pathlib.Path) -> Image.Image:
    """Pictures that no arm was trained on: the truth, its hole, the arms' fills."""
    places = {name: runs / f"{name}-seed0" for name in ARMS}
    places = {name: str(place) for name, place in places.items() if place.is_dir()}
    if not places:
        raise SystemExit(f"No trainings ARM-seed0 in {runs}.")
    models = [loading.load(place, retouched=False) for place in places.values()]
    config = config_lib.load(f"{next(iter(places.values()))}/{config_lib.FILE}")
    side = config.data.image_size
    rows = []
    for number, path in enumerate(sorted((samples_dir() / "test").glob("*.jpg"))):
        truth = centre_crop(decode_image(str(path)), side)
        hole = named_mask("rectangles", side, side, [0, number]) > 0
        fills = [model.inpaint(truth, hole) for model in models]
        rows.append((truth, holed(truth, hole, HOLE_VALUE), *fills))
    return sheet(rows, 112, ["truth", "hole", *places])


def sample(name: str) -> np.ndarray:
    """A bundled picture, uint8 [H, W, 3]."""
    return decode_image(str(samples_dir() / f"{name}.jpg"))


def marked(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """An image with the selected or missing pixels in red."""
    red = (0.35 * image + 0.65 * np.array([255, 0, 80])).astype(np.uint8)
    return np.where(mask[..., None] > 0, red, image)


def sheet(rows: list, width: int, titles=()) -> Image.Image:
    """Rows of pictures below each other, each scaled to `width`.

    Args:
        rows: of pictures of one size, uint8 [H, W, 3]; as many in each.
        width: of a picture in pixels.
        titles: of the columns.
    """
    heights = [round(width * row[0].shape[0] / row[0].shape[1]) for row in rows]
    step = width + EDGE
    top = TITLE if titles else 0
    size = (len(rows[0]) * step - EDGE, top + sum(heights) + EDGE * (len(rows) - 1))
    page = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(page)
    for column, title in enumerate(titles):
        draw.text((column * step + 2, 2), title.replace("adversarial", "adv."), "black")
    for row, height in zip(rows, heights):
        for column, picture in enumerate(row):
            small = Image.fromarray(picture).resize((width, height), Image.LANCZOS)
            page.paste(small, (column * step, top))
        top += height + EDGE
    return page


def main() -> None:
    """Makes one of the pictures and saves it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = parser.add_subparsers(dest="name", required=True)
    names.add_parser("first").set_defaults(make=first)
    names.add_parser("guided").set_defaults(make=guided)
    of_runs = names.add_parser("ablations")
    of_runs.add_argument("runs", type=pathlib.Path)
    of_runs.set_defaults(make=ablations)
    options = vars(parser.parse_args())
    name, make = options.pop("name"), options.pop("make")
    output = ROOT / "docs" / "pictures" / f"{name}.jpg"
    make(**options).save(output, quality=85)
    print(f"Wrote {output}.")


if __name__ == "__main__":
    main()

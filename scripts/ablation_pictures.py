r"""Makes docs/pictures/ablations.jpg: the same holes filled by all arms.

    python scripts/ablation_pictures.py RUNS

RUNS is the folder `runs` in the output of `tf_btgmi.ablations`; the trainings of seed 0
are shown. A row is a bundled picture that no arm was trained on, with a rectangle of a
fixed seed: truth, its hole, then what each network gives, at the arms' own size.
"""

import argparse
import pathlib
import sys

import numpy as np
from PIL import Image, ImageDraw

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tf_btgmi import config as config_lib  # noqa: E402
from tf_btgmi import loading  # noqa: E402
from tf_btgmi.ablation.arms import ARMS  # noqa: E402
from tf_btgmi.assets import samples_dir  # noqa: E402
from tf_btgmi.data.masks import named_mask  # noqa: E402
from tf_btgmi.data.transforms import centre_crop  # noqa: E402
from tf_btgmi.pictures.decoding import decode_image  # noqa: E402

OUTPUT = ROOT / "docs" / "pictures" / "ablations.jpg"
SHOWN, EDGE, TITLE = 112, 4, 16


def main(runs: pathlib.Path) -> None:
    """Makes the sheet and saves it."""
    places = {name: runs / f"{name}-seed0" for name in ARMS}
    arms = [name for name, place in places.items() if place.is_dir()]
    if not arms:
        raise SystemExit(f"No trainings ARM-seed0 in {runs}.")
    models = [loading.load(str(places[name]), retouched=False) for name in arms]
    side = config_lib.load(str(places[arms[0]] / config_lib.FILE)).data.image_size
    titles = ["truth", "hole", *arms]
    paths = sorted((samples_dir() / "test").glob("*.jpg"))
    step = SHOWN + EDGE
    sheet = Image.new("RGB", (step * len(titles), TITLE + step * len(paths)), "white")
    draw = ImageDraw.Draw(sheet)
    for column, title in enumerate(titles):
        draw.text((column * step + 2, 2), title.replace("adversarial", "adv."), "black")
    for row, path in enumerate(paths):
        truth = centre_crop(decode_image(str(path)), side)
        hole = named_mask("rectangles", side, side, [0, row]) > 0
        holed = np.where(hole[..., None], np.uint8(128), truth)
        filled = [model.inpaint(truth, hole) for model in models]
        for column, picture in enumerate([truth, holed, *filled]):
            large = Image.fromarray(picture).resize((SHOWN, SHOWN), Image.BICUBIC)
            sheet.paste(large, (column * step, TITLE + row * step))
    sheet.save(OUTPUT, quality=88)
    print(f"Wrote {OUTPUT}.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=pathlib.Path)
    main(parser.parse_args().runs)

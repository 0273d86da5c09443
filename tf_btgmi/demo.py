"""Demonstrates inpainting and training on the bundled pictures.

    python -m tf_btgmi.demo

The bundled model fills holes in pictures that it was not trained on. Then a toy model
goes through all four stages of the training in a minute or two and fills the same
holes. The toy shows that everything works, not how good the method is.
"""

import os
import shlex

import numpy as np
from absl import flags, logging
from PIL import Image, ImageDraw

from tf_btgmi import loading
from tf_btgmi import workdir as workdir_lib
from tf_btgmi.assets import model_names, sample_pictures
from tf_btgmi.cli import config_flag, program

FLAGS = flags.FLAGS
# Side of the shown pictures in pixels, and the edge between them.
_SIDE = 256
_EDGE = 8
_CAPTION = 20
_HOLE_GREY = 255


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    config_flag.define(default="configs/smoke.py")
    flags.DEFINE_string(
        "workdir", "runs/demo", "Folder of the training run and the pictures."
    )


def main(argv):
    """Fills, trains, fills again and prints where the results are."""
    del argv
    # Imported late: TensorFlow takes seconds, and wrong flags are reported before.
    from tf_btgmi.training.guards import exit_code
    from tf_btgmi.training.strategy import make_strategy
    from tf_btgmi.training.trainer import train

    shipped = os.path.join(FLAGS.workdir, "bundled_model")
    print(f"1. {model_names()[0]} fills holes in bundled pictures.", flush=True)
    sheet = os.path.join(shipped, "before_and_after.png")
    contact_sheet(fill_samples(None, shipped)).save(sheet)
    print(f"   {sheet}")

    print("2. Training a toy on 14 bundled pictures, in all four stages.", flush=True)
    result = train(FLAGS.config, FLAGS.workdir, make_strategy("mirrored"))
    if not result.finished:
        print(f"Stopped and saved at step {result.step}. The same command resumes.")
        return exit_code(result.signal_number)
    for line in losses_by_stage(result.history) or ["(trained before)"]:
        print(f"   {line}")

    print("3. The toy fills holes in pictures that it was not trained on.", flush=True)
    sheet = os.path.join(FLAGS.workdir, "before_and_after.png")
    filled = os.path.join(FLAGS.workdir, "filled")
    contact_sheet(fill_samples(FLAGS.workdir, filled)).save(sheet)
    pictures = os.path.join(FLAGS.workdir, workdir_lib.PICTURES)
    logs = os.path.join(FLAGS.workdir, workdir_lib.LOGS)
    print("4. Done. Look at:")
    for what, path in (
        ("the bundled model's pictures", shipped),
        ("the toy's before and after", sheet),
        ("the toy's filled pictures", filled),
        ("validation pictures by step", pictures),
        ("losses of its training", f"tensorboard --logdir={shlex.quote(logs)}"),
    ):
        print(f"   {what + ':':<32}{path}")
    print(
        "Your own picture: python -m tf_btgmi.inpaint --image=PICTURE --mask=MASK "
        "--output=FILLED.png"
    )
    print("The studio, a local web page: python -m tf_btgmi.serve_ui")
    return 0


def losses_by_stage(history) -> list:
    """One line per stage, with the losses at its first and last log."""
    lines = []
    for stage in sorted({row["stage"] for row in history}):
        rows = [row for row in history if row["stage"] == stage]
        first, last = rows[0], rows[-1]
        numbers = ", ".join(
            f"{name} {first[name + '_loss']:.3f} to {last[name + '_loss']:.3f}"
            for name in ("reconstruction", "adversarial", "discriminator")
        )
        lines.append(
            f"stage {stage}, steps {first['step']} to {last['step']}: {numbers}; "
            f"adversarial weight {last['adversarial_weight']:g}"
        )
    return lines


def fill_samples(model, folder: str) -> list:
    """Fills a hole in each bundled test picture.

    Args:
        model: a model path for `loading.load`.
        folder: folder of the results.

    Returns:
        One (name, image, mask, composite) per picture; uint8 [S, S, 3], mask bool.
    """
    from tf_btgmi.data.masks import named_mask
    from tf_btgmi.data.transforms import centre_crop
    from tf_btgmi.pictures.decoding import decode_image

    predictor = loading.load(model)
    os.makedirs(folder, exist_ok=True)
    rows = []
    for position, path in enumerate(sample_pictures("test")):
        image = centre_crop(decode_image(str(path)), _SIDE)
        kind = ("centre64of256", "medium_strokes")[position % 2]
        mask = named_mask(kind, _SIDE, _SIDE, seed=position) > 0
        composite = predictor.inpaint(image, mask)
        Image.fromarray(composite).save(os.path.join(folder, f"{path.stem}.png"))
        rows.append((path.stem, image, mask, composite))
        logging.info("%s: %.0f %% filled", path.stem, 100.0 * mask.mean())
    return rows


def contact_sheet(rows) -> Image.Image:
    """Sheet with one row per picture: image, masked image and composite.

    Args:
        rows: the return value of `fill_samples`.
    """
    cell = _SIDE + _EDGE
    size = (3 * cell + _EDGE, len(rows) * (cell + _CAPTION) + _EDGE)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for position, (name, image, mask, composite) in enumerate(rows):
        top = position * (cell + _CAPTION) + _EDGE
        holed = np.where(mask[..., None], np.uint8(_HOLE_GREY), image)
        for column, (what, picture) in enumerate(
            (("image", image), ("holed", holed), ("filled", composite))
        ):
            left = _EDGE + column * cell
            draw.text((left, top), f"{name} ({what})", fill="black")
            sheet.paste(Image.fromarray(picture), (left, top + _CAPTION))
    return sheet


if __name__ == "__main__":
    program.run(main, define_flags)

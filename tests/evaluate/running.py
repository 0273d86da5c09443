"""The evaluate program with small settings, and its results."""

import json
import os

from PIL import Image

from tests.programs import run_main
from tf_btgmi import evaluate

FILES = ("report.html", "rows.csv", "summary.json", "table.md")


def run(**values):
    values = {
        "data": "photos",
        "output": "out",
        "mask_kind": "rectangles",
        "methods": ["telea", "mean_fill"],
        "image_size": 32,
        **values,
    }
    return run_main(evaluate, **values)


def harmonization(**values):
    values = {
        "task": "harmonization",
        "mask_kind": None,
        "mask_folder": "objects",
        "methods": ["reinhard", "copy_paste"],
        **values,
    }
    return run(**values)


def object_masks(folder="objects"):
    """Masks of an object in each picture."""
    os.mkdir(folder)
    for name in "abc":
        mask = Image.new("L", (48, 40))
        mask.paste(255, (14, 10, 34, 30))
        mask.save(f"{folder}/{name}.png")
    return folder


def summary(output="out"):
    with open(os.path.join(output, "summary.json"), encoding="utf-8") as file:
        return json.load(file)

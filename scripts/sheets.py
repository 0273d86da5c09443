"""Sheets of pictures for the documentation."""

import numpy as np
from PIL import Image

from tf_btgmi.assets import samples_dir

EDGE = 6


def sample(name: str) -> np.ndarray:
    """A bundled picture, uint8 [H, W, 3]."""
    return np.asarray(Image.open(samples_dir() / f"{name}.jpg"))


def sheet(rows: list, width: int) -> Image.Image:
    """Rows of pictures below each other, each scaled to `width`.

    Args:
        rows: of pictures of one size, uint8 [H, W, 3]; as many in each.
        width: of a picture in pixels.
    """
    heights = [round(width * row[0].shape[0] / row[0].shape[1]) for row in rows]
    columns = len(rows[0])
    size = (columns * (width + EDGE) - EDGE, sum(heights) + EDGE * (len(rows) - 1))
    page = Image.new("RGB", size, "white")
    top = 0
    for row, height in zip(rows, heights):
        for column, picture in enumerate(row):
            small = Image.fromarray(picture).resize((width, height), Image.LANCZOS)
            page.paste(small, (column * (width + EDGE), top))
        top += height + EDGE
    return page

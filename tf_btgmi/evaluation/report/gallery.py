"""The pictures of a report: truth, input and the result of every method, side by side.

Pictures are sorted by the difference of one method to the baseline, and taken at even
steps from the worst to the best.
"""

import base64
import io
from typing import NamedTuple, Sequence

import numpy as np
from PIL import Image

from tf_btgmi.evaluation.examples import input_of
from tf_btgmi.evaluation.store import Store
from tf_btgmi.evaluation.summary import Summary
from tf_btgmi.evaluation.tables import number

_QUALITY = 92


class Tile(NamedTuple):
    """A picture as a data URL, with its label and a smaller text."""

    label: str
    text: str
    url: str


class Figure(NamedTuple):
    """One picture of the gallery.

    Attributes:
        name: of the picture.
        ratio: the region's share in percent, as text.
        differences: to the baseline, as text, by method and metric.
        tiles: truth, input and results.
    """

    name: str
    ratio: str
    differences: dict[str, dict[str, str]]
    tiles: list[Tile]


def choose(
    differences: dict[str, float], higher_is_better: bool, count: int
) -> list[str]:
    """At most `count` names, the worst, the best and even steps between, worst first.

    Args:
        differences: by picture name.
        higher_is_better: which end is the best.
        count: at least 1.
    """
    ranked = sorted(
        differences,
        key=lambda name: (differences[name] * (1 if higher_is_better else -1), name),
    )
    if count >= len(ranked):
        return ranked
    places = np.linspace(0, len(ranked) - 1, count).round().astype(int)
    return [ranked[place] for place in places]


def figures(
    store: Store, summary: Summary, names: Sequence[str], count: int
) -> list[Figure]:
    """The pictures to show, sorted by the first method's difference.

    Args:
        store: has images, masks, composites and rows.
        summary: names methods and baseline.
        names: the pictures to choose from.
        count: maximum number of pictures.
    """
    first = compared(summary)[0]
    order = summary.task.orders[0]
    rows, base = store.rows(first), store.rows(summary.baseline)
    differences = {name: order.of(rows[name]) - order.of(base[name]) for name in names}
    chosen = choose(differences, order.higher_is_better, count)
    return [_figure(store, summary, name) for name in chosen]


def compared(summary: Summary) -> list[str]:
    """Methods to compare with the baseline; at least one."""
    left_out = (summary.baseline, summary.task.untouched)
    others = [m for m in summary.methods if m not in left_out]
    return others or [summary.baseline]


def tile(label: str, text: str, picture: np.ndarray) -> Tile:
    """A tile of a picture, uint8 [H, W, 3]."""
    return Tile(label, text, _data_url(picture))


def _figure(store: Store, summary: Summary, name: str) -> Figure:
    image, mask = store.read_image(name), store.read_mask(name)
    task = summary.task
    input_image = input_of(store, name, image, mask)
    tiles = [tile("truth", "", image), tile("input", "", input_image)]
    differences = {}
    base = store.rows(summary.baseline)[name]
    for method in summary.methods:
        row = store.rows(method)[name]
        differences[method] = {
            order.name: f"{order.of(row) - order.of(base):.6g}" for order in task.orders
        }
        if method != task.untouched:
            psnr, lpips = (number(m.of(row), m.digits) for m in task.captions)
            text = f"{psnr} dB · {lpips}"
            tiles.append(tile(method, text, store.read_composite(method, name)))
    return Figure(name, number(100 * base["hole_ratio"], 0), differences, tiles)


def _data_url(picture: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=_QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"

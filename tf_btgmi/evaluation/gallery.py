"""The pictures of a report: truth, holed input and every method, side by side.

Shown are not the best ones: the pictures are put in order by the difference of one
method to the baseline, and taken at even steps from the worst to the best.
"""

import base64
import html
import io
from typing import Dict, List, Sequence

import numpy as np
from PIL import Image

from tf_btgmi.evaluation.examples import input_of
from tf_btgmi.evaluation.store import Store
from tf_btgmi.evaluation.summary import Summary
from tf_btgmi.evaluation.tables import number

_QUALITY = 92


def choose(
    differences: Dict[str, float], higher_is_better: bool, count: int
) -> List[str]:
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
) -> List[str]:
    """A `<figure>` a picture, chosen and in order by the first method's measure.

    Args:
        store: has images, masks, composites and rows.
        summary: names methods and baseline.
        names: the pictures to choose from.
        count: how many at most.
    """
    first = compared(summary)[0]
    order = summary.task.orders[0]
    rows, base = store.rows(first), store.rows(summary.baseline)
    differences = {name: order.of(rows[name]) - order.of(base[name]) for name in names}
    chosen = choose(differences, order.higher_is_better, count)
    return [_figure(store, summary, name) for name in chosen]


def compared(summary: Summary) -> List[str]:
    """Methods whose difference to the baseline is of interest; never none."""
    dull = (summary.baseline, summary.task.untouched)
    others = [m for m in summary.methods if m not in dull]
    return others or [summary.baseline]


def _figure(store: Store, summary: Summary, name: str) -> str:
    image, mask = store.read_image(name), store.read_mask(name)
    task = summary.task
    given = input_of(store, name, image, mask)
    tiles = [tile("truth", "", image), tile("input", "", given)]
    attributes = []
    base = store.rows(summary.baseline)[name]
    for method in summary.methods:
        row = store.rows(method)[name]
        for order in task.orders:
            difference = order.of(row) - order.of(base)
            attributes.append(f'data-{method}--{order.name}="{difference:.6g}"')
        if method != task.untouched:
            psnr, lpips = (number(m.of(row), m.digits) for m in task.captions)
            text = f"{psnr} dB · {lpips}"
            tiles.append(tile(method, text, store.read_composite(method, name)))
    ratio = number(100 * store.rows(summary.baseline)[name]["hole_ratio"], 0)
    title = html.escape(name)
    return (
        f"<figure {' '.join(attributes)}><figcaption><b>{title}</b> {ratio} % "
        f"{task.ratio_label} "
        '<span class="difference"></span></figcaption><div class="tiles">'
        + "".join(tiles)
        + "</div></figure>"
    )


def tile(label: str, text: str, picture: np.ndarray) -> str:
    """A `<button>` with a picture, uint8 [H, W, 3], its label and a smaller text."""
    label = html.escape(label)
    return (
        f'<button type="button" class="tile"><img alt="{label}" loading="lazy" '
        f'src="{_data_url(picture)}"><span>{label}</span><small>{text}</small></button>'
    )


def _data_url(picture: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=_QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"

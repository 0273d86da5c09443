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

from tf_btgmi.evaluation.examples import holed
from tf_btgmi.evaluation.store import Store
from tf_btgmi.evaluation.summary import Summary
from tf_btgmi.evaluation.tables import number
from tf_btgmi.evaluation.yardsticks import HOLE_VALUE

_QUALITY = 92
# What the pictures can be put in order by: key of a row, its name, digits, better up.
ORDERS = (
    ("box_lpips", "LPIPS of the hole's box", 3, False),
    ("hole_psnr", "PSNR in the hole, dB", 2, True),
)


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
    """A `<figure>` a picture, chosen and in order by the first method's LPIPS.

    Args:
        store: has images, masks, composites and rows.
        summary: names methods and baseline.
        names: the pictures to choose from.
        count: how many at most.
    """
    first = compared(summary)[0]
    key, _, _, higher_is_better = ORDERS[0]
    rows, base = store.rows(first), store.rows(summary.baseline)
    differences = {name: rows[name][key] - base[name][key] for name in names}
    chosen = choose(differences, higher_is_better, count)
    return [_figure(store, summary, name) for name in chosen]


def compared(summary: Summary) -> List[str]:
    """Methods whose difference to the baseline is of interest; never none."""
    others = [m for m in summary.methods if m not in (summary.baseline, "holed")]
    return others or [summary.baseline]


def _figure(store: Store, summary: Summary, name: str) -> str:
    image, mask = store.read_image(name), store.read_mask(name)
    tiles = [
        _tile("truth", "", image),
        _tile("input", "", holed(image, mask, HOLE_VALUE)),
    ]
    attributes = []
    base = store.rows(summary.baseline)[name]
    for method in summary.methods:
        row = store.rows(method)[name]
        for key, _, _, _ in ORDERS:
            attributes.append(f'data-{method}--{key}="{row[key] - base[key]:.6g}"')
        if method != "holed":
            text = f"{number(row['hole_psnr'], 1)} dB · {number(row['box_lpips'], 3)}"
            tiles.append(_tile(method, text, store.read_composite(method, name)))
    ratio = number(100 * store.rows(summary.baseline)[name]["hole_ratio"], 0)
    title = html.escape(name)
    return (
        f"<figure {' '.join(attributes)}><figcaption><b>{title}</b> {ratio} % hole "
        f'<span class="difference"></span></figcaption><div class="tiles">'
        + "".join(tiles)
        + "</div></figure>"
    )


def _tile(label: str, text: str, picture: np.ndarray) -> str:
    label = html.escape(label)
    return (
        f'<button type="button" class="tile"><img alt="{label}" loading="lazy" '
        f'src="{_data_url(picture)}"><span>{label}</span><small>{text}</small></button>'
    )


def _data_url(picture: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=_QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"

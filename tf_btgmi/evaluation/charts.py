"""Bars by hole ratio as inline SVG: a group a tenth, a bar a method, its interval."""

import html
import math
from typing import Dict, List

from tf_btgmi.evaluation.measures import Measure
from tf_btgmi.evaluation.summary import TOTAL, Summary
from tf_btgmi.evaluation.tables import number

# Told apart by the commonest kinds of colour blindness as well (Okabe and Ito 2008).
COLORS = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#d55e00",
    "#56b4e9",
    "#cc79a7",
    "#8c7a00",
    "#000000",
)
_WIDTH, _HEIGHT = 560, 260
_LEFT, _TOP, _RIGHT, _BOTTOM = 48, 14, 6, 40


def colors(methods) -> Dict[str, str]:
    """A colour a method."""
    return {name: COLORS[i % len(COLORS)] for i, name in enumerate(methods)}


def bars(summary: Summary, measure: Measure, methods: List[str]) -> str:
    """An `<svg>` of one measure.

    Args:
        summary: the numbers.
        measure: which of them.
        methods: whose, in the order of the bars.
    """
    groups = [group for group in summary.groups if group.label != TOTAL]
    tops = [0.0]
    for group in groups:
        for method in methods:
            estimate = group.values[method][measure.name]
            tops.append(estimate.value if estimate.high is None else estimate.high)
    step = _step(max(tops) or 1.0)
    top = step * math.ceil((max(tops) or 1.0) / step - 1e-9)
    scale = (_HEIGHT - _TOP - _BOTTOM) / top
    parts = _axis(step, top, scale)
    room = (_WIDTH - _LEFT - _RIGHT) / len(groups)
    width = min(26.0, room * 0.86 / len(methods))
    palette = colors(summary.methods)
    for position, group in enumerate(groups):
        middle = _LEFT + room * (position + 0.5)
        parts.append(_text(middle, _HEIGHT - _BOTTOM + 16, f"{group.label} %"))
        parts.append(_text(middle, _HEIGHT - _BOTTOM + 31, f"n = {group.num}", "faint"))
        left = middle - width * len(methods) / 2
        for method in methods:
            estimate = group.values[method][measure.name]
            parts.append(_bar(left, width, estimate, scale, palette[method], method))
            left += width
    title = html.escape(f"{measure.label} by {summary.task.ratio}")
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}">'
        + "".join(parts)
        + "</svg>"
    )


def _bar(left, width, estimate, scale, color, method) -> str:
    base = _HEIGHT - _BOTTOM
    height = max(estimate.value, 0.0) * scale
    tip = f"{method}: {number(estimate.value, 4)}"
    parts = [
        f'<rect x="{left + 0.5:.1f}" y="{base - height:.1f}" '
        f'width="{max(width - 1, 1):.1f}" height="{height:.1f}" fill="{color}"/>'
    ]
    if estimate.low is not None:
        tip += f" [{number(estimate.low, 4)}, {number(estimate.high, 4)}]"
        middle = left + width / 2
        low = base - max(estimate.low, 0.0) * scale
        high = base - max(estimate.high, 0.0) * scale
        parts.append(f'<path d="M{middle:.1f} {low:.1f}V{high:.1f}" class="whisker"/>')
    return f"<g><title>{html.escape(tip)}</title>{''.join(parts)}</g>"


def _axis(step: float, top: float, scale: float) -> List[str]:
    parts = []
    digits = next(d for d in range(9) if abs(round(step, d) - step) < 1e-9 * step)
    for tick in range(round(top / step) + 1):
        y = _HEIGHT - _BOTTOM - tick * step * scale
        line = f'M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"'
        parts.append(f'<path d="{line} class="gridline"/>')
        parts.append(_text(_LEFT - 6, y + 4, f"{tick * step:.{digits}f}", "tick"))
    return parts


def _text(x: float, y: float, text: str, kind: str = "label") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{html.escape(text)}</text>'


def _step(top: float) -> float:
    """The round step that makes 3 to 6 of a height."""
    rough = top / 4.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.8)

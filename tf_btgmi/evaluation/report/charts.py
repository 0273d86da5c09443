"""Geometry of the bar charts: one group per tenth of the hole ratio."""

import math
from typing import NamedTuple, Optional

from tf_btgmi.evaluation.report_metrics import Metric
from tf_btgmi.evaluation.statistics import Estimate
from tf_btgmi.evaluation.summary import TOTAL, Summary
from tf_btgmi.evaluation.tables import number

# Distinct with the commonest kinds of colour blindness as well (Okabe and Ito 2008).
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
_BASE = _HEIGHT - _BOTTOM


class Bar(NamedTuple):
    """A bar with its interval, in pixels; `whisker` is the y of both ends."""

    tip: str
    color: str
    x: float
    y: float
    width: float
    height: float
    middle: float
    whisker: Optional[tuple[float, float]]


class BarGroup(NamedTuple):
    """The bars of all methods for one range of hole ratios, around `x`."""

    label: str
    num: int
    x: float
    bars: list[Bar]


class Tick(NamedTuple):
    """A grid line with its number."""

    y: float
    text: str


class Chart(NamedTuple):
    """A chart of one metric, for templates/chart.svg; the sizes are constants."""

    heading: str
    label: str
    ticks: list[Tick]
    groups: list[BarGroup]
    width = _WIDTH
    height = _HEIGHT
    left = _LEFT
    right = _WIDTH - _RIGHT
    base = _BASE


def colors(methods) -> dict[str, str]:
    """One colour per method."""
    return {name: COLORS[i % len(COLORS)] for i, name in enumerate(methods)}


def bars(summary: Summary, metric: Metric, methods: list[str]) -> Chart:
    """The bar chart of one metric."""
    groups = [group for group in summary.groups if group.label != TOTAL]
    tops = [0.0]
    for group in groups:
        for method in methods:
            estimate = group.values[method][metric.name]
            tops.append(estimate.value if estimate.high is None else estimate.high)
    step = _step(max(tops) or 1.0)
    num_steps = math.ceil((max(tops) or 1.0) / step - 1e-9)
    scale = (_BASE - _TOP) / (step * num_steps)
    room = (_WIDTH - _LEFT - _RIGHT) / len(groups)
    width = min(26.0, room * 0.86 / len(methods))
    palette = colors(summary.methods)
    bar_groups = []
    for position, group in enumerate(groups):
        middle = _LEFT + room * (position + 0.5)
        left = middle - width * len(methods) / 2
        group_bars = [
            _bar(
                left + width * place,
                width,
                scale,
                group.values[method][metric.name],
                palette[method],
                method,
            )
            for place, method in enumerate(methods)
        ]
        bar_groups.append(
            BarGroup(group.label, group.num, round(middle, 1), group_bars)
        )
    label = f"{metric.label} by {summary.task.ratio}"
    return Chart(metric.heading, label, _ticks(step, num_steps, scale), bar_groups)


def _bar(left, width, scale, estimate: Estimate, color, method) -> Bar:
    top, *ends = (
        None if value is None else round(_BASE - max(value, 0.0) * scale, 1)
        for value in estimate
    )
    tip = f"{method}: {number(estimate.value, 4)}"
    if estimate.low is not None:
        tip += f" [{number(estimate.low, 4)}, {number(estimate.high, 4)}]"
    return Bar(
        tip,
        color,
        round(left + 0.5, 1),
        top,
        round(max(width - 1, 1), 1),
        round(_BASE - top, 1),
        round(left + width / 2, 1),
        None if estimate.low is None else tuple(ends),
    )


def _ticks(step: float, num_steps: int, scale: float) -> list[Tick]:
    digits = next(d for d in range(9) if abs(round(step, d) - step) < 1e-9 * step)
    return [
        Tick(round(_BASE - i * step * scale, 1), f"{i * step:.{digits}f}")
        for i in range(num_steps + 1)
    ]


def _step(top: float) -> float:
    """The round step that divides a height into 3 to 6."""
    rough = top / 4.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.8)

"""Tables of a summary, for Markdown and HTML, and the rows as CSV."""

import csv
import io
from typing import Iterable, NamedTuple, Sequence

from tf_btgmi.evaluation.report_metrics import Metric
from tf_btgmi.evaluation.statistics import Estimate
from tf_btgmi.evaluation.store import Store
from tf_btgmi.evaluation.summary import TOTAL, Summary
from tf_btgmi.evaluation.tasks import FEATURES, VGG_FEATURES

# Where there is no number: one picture has no interval.
NO_NUMBER = "–"
# Networks of the features in rows.
_NETWORKS = {FEATURES: "AlexNet", VGG_FEATURES: "VGG16"}


class Cell(NamedTuple):
    """A cell of a table.

    Attributes:
        text: the content.
        strong: whether it is bold.
        detail: a smaller second text: an interval.
        verdict: "better" or "worse" for a bold difference.
    """

    text: str
    strong: bool = False
    detail: str = ""
    verdict: str = ""


class Table(NamedTuple):
    """A table: `rows` are as long as `headings`; the first cell names the row."""

    title: str
    note: str
    headings: list[str]
    rows: list[list[Cell]]


def totals(summary: Summary) -> list[Table]:
    """Every method over all pictures, in the hole and over the whole picture."""
    return [
        _values(
            summary,
            summary.task.region.capitalize(),
            summary.task.inside,
            *_weaves(summary),
        ),
        _values(summary, "Whole picture", summary.task.whole, *_distances(summary)),
    ]


def differences(summary: Summary) -> list[Table]:
    """Every other method against the baseline; none where there is no other."""
    if len(summary.methods) < 2:
        return []
    return [
        _differences(summary, summary.task.region, summary.task.inside),
        _differences(summary, "whole picture", summary.task.whole),
    ]


def costs(summary: Summary) -> list[Table]:
    """Time and size of every method; none where no time was measured."""
    if not any(cost.milliseconds for cost in summary.costs.values()):
        return []
    rows = []
    for method, (times, num_bytes) in summary.costs.items():
        cells = [Cell(method), Cell(NO_NUMBER), Cell(NO_NUMBER)]
        if times:
            low, high = (number(end, 1) for end in (times.low, times.high))
            cells[1] = Cell(number(times.value, 1), detail=f"[{low}, {high}]")
        if num_bytes:
            cells[2] = Cell(number(num_bytes / 1e6, 2))
        rows.append(cells + _set_cells(summary, summary.groups[0]))
    note = (
        f"Pictures of {summary.settings['image_size']} px, one at a time, methods in "
        "turn, on the machine of the evaluation: median, and the middle half in "
        "brackets."
    )
    headings = ["method", "ms per picture", "MB", "n", summary.task.set_heading]
    return [Table("Time and size", note, headings, rows)]


def by_hole_ratio(summary: Summary) -> Table:
    """Every method in the hole or on the object, by tenths of its ratio."""
    task = summary.task
    rows = []
    for group in summary.groups:
        if group.label != TOTAL:
            for method in summary.methods:
                values = group.values[method]
                cells = [estimate_cell(values[m.name], m) for m in task.inside]
                first = [Cell(f"{group.label} %"), Cell(method)]
                rows.append([*first, *cells, *_set_cells(summary, group)])
    headings = [task.ratio, "method", *[m.heading for m in task.inside]]
    note = f"By the share of the picture that is {task.ratio_label}."
    title = f"{task.region.capitalize()}, by {task.ratio}"
    return Table(title, note, [*headings, "n", task.set_heading], rows)


def to_markdown(tables: Sequence[Table]) -> str:
    """Pipe tables, each under its heading."""
    parts = []
    for table in tables:
        lines = [f"## {table.title}", "", table.note, ""]
        lines.append("| " + " | ".join(table.headings) + " |")
        rule = ["---" if i == 0 else "---:" for i in range(len(table.headings))]
        lines.append("|" + "|".join(rule) + "|")
        lines += ["| " + " | ".join(map(_markdown, row)) + " |" for row in table.rows]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def rows_csv(store: Store, summary: Summary, names: Sequence[str]) -> str:
    """One line per method and picture with all metrics."""
    settings, lines = summary.settings, []
    headings = ["method", "picture", summary.task.ratio.replace(" ", "_")]
    headings += ["mask_kind", "seed", "metric_version"]
    headings += [metric.name for metric in summary.task.metrics]
    for method in summary.methods:
        rows = store.rows(method)
        for name in names:
            row = rows[name]
            fixed = [settings["mask_kind"], settings["seed"]]
            fixed.append(settings["metric_version"])
            numbers = [f"{metric.of(row):.7g}" for metric in summary.task.metrics]
            ratio = f"{row['hole_ratio']:.6f}"
            lines.append([method, name, ratio, *fixed, *numbers])
    return to_csv(headings, lines)


def to_csv(headings: Sequence[str], rows: Iterable[Sequence]) -> str:
    """Rows of values as CSV, below their headings."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([headings, *rows])
    return text.getvalue()


def intervals_over(num: int) -> str:
    """What the intervals of a table of `num` pictures are, to begin a sentence."""
    if num == 1:
        return "1 picture, without intervals"
    return f"95 % bootstrap intervals over {num} pictures"


def number(value: float, digits: int, signed: bool = False) -> str:
    """Text of a number, never "-0.00"."""
    text = f"{value:{'+' if signed else ''}.{digits}f}"
    is_zero = not any(digit in text for digit in "123456789")
    return text.lstrip("+-") if is_zero else text.replace("-", "−")


def estimate_cell(estimate: Estimate, metric: Metric, signed: bool = False) -> Cell:
    """A value with its interval; signed, it is bold where that excludes 0."""
    text = number(estimate.value, metric.digits, signed)
    detail = ""
    if estimate.low is not None:
        ends = estimate.low, estimate.high
        low, high = (number(end, metric.digits, signed) for end in ends)
        detail = f"[{low}, {high}]"
    if not signed or not estimate.excludes_zero:
        return Cell(text, False, detail)
    better = (estimate.value > 0) == metric.higher_is_better
    return Cell(text, True, detail, "better" if better else "worse")


def _values(
    summary,
    title,
    chosen: Sequence[Metric],
    set_headings: Sequence[str],
    set_cells: dict[str, list[Cell]],
) -> Table:
    group = summary.groups[0]
    headings = ["method", *[m.heading for m in chosen]]
    headings += set_headings
    rows = []
    best = {m.name: _best(group.values, m) for m in chosen}
    for method in summary.methods:
        cells = [Cell(method)]
        for metric in chosen:
            estimate = group.values[method][metric.name]
            cell = estimate_cell(estimate, metric)
            cells.append(cell._replace(strong=cell.text == best[metric.name]))
        rows.append(cells + set_cells[method] + _set_cells(summary, group))
    note = f"{intervals_over(group.num)}; the best is bold."
    return Table(title, note, [*headings, "n", summary.task.set_heading], rows)


def _differences(summary, where, chosen: Sequence[Metric]) -> Table:
    group = summary.groups[0]
    rows = []
    for method in summary.methods:
        if method != summary.baseline:
            cells = [
                estimate_cell(group.differences[method][m.name], m, signed=True)
                for m in chosen
            ]
            rows.append([Cell(method), *cells, *_set_cells(summary, group)])
    note = (
        f"The same pictures and {_holes(summary)} for both; bold where the interval "
        "excludes 0."
    )
    headings = ["method", *[m.heading for m in chosen], "n", summary.task.set_heading]
    return Table(f"Against {summary.baseline}, {where}", note, headings, rows)


def _holes(summary) -> str:
    return "holes" if summary.task.set_heading == "masks" else "composites"


def _distances(summary) -> tuple[list[str], dict[str, list[Cell]]]:
    """Headings and cells, by method, of the distances between sets of pictures."""
    headings, cells = [], {method: [] for method in summary.methods}
    for key, by_method in summary.distances.items():
        network = _NETWORKS[key]
        headings += [f"FAD, {network} ↓", f"KID × 1000, {network} ↓"]
        for method, (distance, kernel) in by_method.items():
            text = NO_NUMBER if kernel is None else number(1000 * kernel, 3)
            cells[method] += [Cell(number(distance, 4)), Cell(text)]
    if summary.fid:
        headings.append("FID ↓")
        for method, distance in summary.fid.by_method.items():
            cells[method].append(Cell(number(distance, 2)))
    return headings, cells


def _weaves(summary) -> tuple[list[str], dict[str, list[Cell]]]:
    """Headings and cells, by method, of periodic artifacts; none without a number."""
    if not summary.weave:
        return [], {method: [] for method in summary.methods}
    cells = {}
    for method in summary.methods:
        power, prominence, period = summary.weave[method]
        weave_cell = Cell(number(prominence, 2), detail=f"at {number(period, 1)} px")
        cells[method] = [Cell(number(power, 2)), weave_cell]
    return ["power at 2 to 8 px", "weave ↓"], cells


def _set_cells(summary, group) -> list[Cell]:
    return [Cell(str(group.num)), Cell(summary.set_label)]


def _best(values, metric: Metric) -> str:
    choose = max if metric.higher_is_better else min
    best = choose(row[metric.name].value for row in values.values())
    return number(best, metric.digits)


def _markdown(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.strong else cell.text
    return f"{text} {cell.detail}".strip().replace("|", "\\|")

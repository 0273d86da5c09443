"""report.html: one file with the tables, the bars and the pictures in it."""

import html
from typing import List, Sequence

from tf_btgmi.evaluation import charts, gallery, page, tables
from tf_btgmi.evaluation.store import Store
from tf_btgmi.evaluation.summary import Summary
from tf_btgmi.evaluation.tables import Cell, Table


def render(
    store: Store,
    summary: Summary,
    names: Sequence[str],
    num_shown: int,
    first_tables: Sequence[Table] = (),
) -> str:
    """The page.

    Args:
        store: the finished evaluation.
        summary: its numbers.
        names: its pictures.
        num_shown: pictures to show at most.
        first_tables: tables that come before the summary's own.
    """
    body = [_head(summary)]
    body += [_table(table) for table in first_tables]
    body += [_table(table) for table in tables.totals(summary)]
    body += [_table(table) for table in tables.differences(summary)]
    body.append(_charts(summary))
    ratios = _table(tables.by_hole_ratio(summary), with_title=False)
    body.append(f"<details><summary>The numbers</summary>{ratios}</details>")
    body.append(_gallery(store, summary, names, num_shown))
    body.append(_methods(summary))
    return page.whole(summary.task.title, "\n".join(body))


def _head(summary: Summary) -> str:
    settings = summary.settings
    seed = settings["seed"]
    facts = [
        f"{summary.num} pictures of {settings['image_size']} px",
        f"{summary.task.set_heading}: {settings['mask_kind']}"
        + ("" if seed is None else f", seed {seed}"),
        f"baseline: {summary.baseline}",
        f"metric version {settings['metric_version']}",
    ]
    notes = "".join(
        f'<p class="note">{html.escape(note)}</p>' for note in summary.notes
    )
    return (
        f"<header><h1>{summary.task.title}</h1>"
        f'<p class="facts">{"".join(f"<span>{html.escape(f)}</span>" for f in facts)}'
        f"</p>{notes}</header>"
    )


def _table(table: Table, with_title: bool = True) -> str:
    parts = [f"<h2>{html.escape(table.title)}</h2>"] if with_title else []
    parts.append(f"<p>{html.escape(table.note)}</p>")
    head = "".join(f'<th scope="col">{html.escape(h)}</th>' for h in table.headings)
    rows = "".join(_row(row, table) for row in table.rows)
    parts.append(
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
    return "<section>" + "".join(parts) + "</section>"


def _row(row: List[Cell], table: Table) -> str:
    num_names = table.headings.index("method") + 1
    cells = []
    for position, cell in enumerate(row):
        text = html.escape(cell.text)
        if cell.strong:
            text = f'<b class="{cell.verdict}">{text}</b>'
        if cell.detail:
            text += f"<small>{html.escape(cell.detail)}</small>"
        if position < num_names:
            cells.append(f'<th scope="row">{text}</th>')
        else:
            cells.append(f"<td>{text}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _charts(summary: Summary) -> str:
    # The grey of a holed input is off the scale of all others and would flatten them.
    methods = [m for m in summary.methods if m != "holed"] or list(summary.methods)
    task = summary.task
    palette = charts.colors(summary.methods)
    legend = "".join(
        f'<span><i style="background:{palette[m]}"></i>{html.escape(m)}</span>'
        for m in methods
    )
    by_name = {measure.name: measure for measure in task.measures}
    figures = "".join(
        f'<div class="chart"><h3>{html.escape(by_name[name].heading)}</h3>'
        f"{charts.bars(summary, by_name[name], methods)}</div>"
        for name in task.charted
    )
    return (
        f"<section><h2>{tables.capital(task.region)}, by {task.ratio}</h2><p>Bars are "
        f'values, lines their 95 % intervals.</p><p class="legend">{legend}</p>'
        f'<div class="charts">{figures}</div></section>'
    )


def _gallery(store, summary, names, num_shown) -> str:
    figures = gallery.figures(store, summary, names, num_shown)
    options = "".join(
        f'<option value="{html.escape(m)}">{html.escape(m)}</option>'
        for m in gallery.compared(summary)
    )
    orders = "".join(
        f'<option value="{order.name}" data-digits="{order.digits}" '
        f'data-up="{int(order.higher_is_better)}">{html.escape(order.label)}</option>'
        for order in summary.task.orders
    )
    return (
        f"<section><h2>Pictures</h2><p>{len(figures)} of {len(names)}, taken at even "
        "steps from the worst to the best difference of "
        f"{html.escape(gallery.compared(summary)[0])} to "
        f"{html.escape(summary.baseline)} in {summary.task.orders[0].label}. Below "
        f"each: {' and '.join(m.label for m in summary.task.captions)}, "
        f"{summary.task.region}. A click enlarges; the arrow keys then go from method "
        "to method. Shown as JPEG; the exact ones are in composites/.</p>"
        f'<p class="sort"><label>Difference of <select id="method">{options}</select>'
        f"</label> <label>to {html.escape(summary.baseline)} in "
        f'<select id="measure">{orders}</select></label> '
        '<label>first <select id="end"><option value="worst">the worst</option>'
        '<option value="best">the best</option></select></label></p>'
        f'<div id="gallery">{"".join(figures)}</div></section>'
    )


def _methods(summary: Summary) -> str:
    lines = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(identity)}</dd>"
        for name, identity in summary.methods.items()
    )
    return f"<section><h2>Methods</h2><dl>{lines}</dl></section>"

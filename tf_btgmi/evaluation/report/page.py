"""report.html: one file with tables, charts and pictures, from templates/."""

from typing import Any, Sequence

import jinja2

from tf_btgmi.evaluation import tables
from tf_btgmi.evaluation.report import charts, gallery
from tf_btgmi.evaluation.report.gallery import Tile
from tf_btgmi.evaluation.store import Store
from tf_btgmi.evaluation.summary import Summary
from tf_btgmi.evaluation.tables import Table
from tf_btgmi.wording import number_of


def render(
    store: Store,
    summary: Summary,
    names: Sequence[str],
    num_shown: int,
    first_tables: Sequence[Table] = (),
) -> str:
    """Renders the report of an evaluation as HTML.

    Args:
        store: the finished evaluation.
        summary: its numbers.
        names: its pictures.
        num_shown: maximum number of pictures in the page.
        first_tables: tables in front of the summary's own.
    """
    task = summary.task
    # The grey of a holed input is off the scale of all others and would flatten them.
    charted = [m for m in summary.methods if m != "holed"] or list(summary.methods)
    colors = charts.colors(summary.methods)
    by_name = {metric.name: metric for metric in task.metrics}
    return _rendered(
        "report.html",
        title=task.title,
        summary=summary,
        task=task,
        facts=_facts(summary),
        tables=[
            *first_tables,
            *tables.totals(summary),
            *tables.differences(summary),
            *tables.costs(summary),
        ],
        by_ratio=tables.by_hole_ratio(summary),
        legend=[(method, colors[method]) for method in charted],
        charts=[charts.bars(summary, by_name[name], charted) for name in task.charted],
        compared=gallery.compared(summary),
        figures=gallery.figures(store, summary, names, num_shown),
        num_pictures=len(names),
    )


def render_without_truth(
    title: str, figures: list[tuple[str, list[Tile]]], notes: Sequence[str]
) -> str:
    """Renders a page of pictures alone: each with its name and tiles."""
    return _rendered("no_truth.html", title=title, figures=figures, notes=notes)


def _rendered(template: str, **values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tf_btgmi.evaluation.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(template).render(values)


def _facts(summary: Summary) -> list[str]:
    settings = summary.settings
    seed = settings["seed"]
    return [
        f"{number_of(summary.num, 'picture')} of {settings['image_size']} px",
        f"{summary.task.set_heading}: {settings['mask_kind']}"
        + ("" if seed is None else f", seed {seed}"),
        f"baseline: {summary.baseline}",
        f"metric version {settings['metric_version']}",
    ]

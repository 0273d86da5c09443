"""Writes the files of a report: page, tables, numbers, rows."""

import json
from typing import Sequence

from tf_btgmi.evaluation import summary, tables
from tf_btgmi.evaluation.report import page
from tf_btgmi.evaluation.store import Store
from tf_btgmi.evaluation.summary import Summary


def write(store: Store, results: Summary, names: Sequence[str], num_shown: int) -> None:
    """Writes the files and prints the totals.

    Args:
        store: the finished evaluation; gets the files.
        results: its numbers.
        names: its pictures.
        num_shown: maximum number of pictures in the page.
    """
    totals = tables.totals(results)
    costs = tables.costs(results)
    others = [*tables.differences(results), *costs, tables.by_hole_ratio(results)]
    numbers = json.dumps(summary.to_json(results), indent=2, allow_nan=False)
    store.write_text("rows.csv", tables.rows_csv(store, results, names))
    store.write_text("summary.json", numbers + "\n")
    store.write_text("table.md", tables.to_markdown(totals + others))
    path = store.write_text(
        "report.html", page.render(store, results, names, num_shown)
    )
    print(tables.to_markdown(totals + costs))
    for note in results.notes:
        print(note)
    print(f"Report: {path}")

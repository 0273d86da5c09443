r"""Draws validation scores as an SVG: one panel per score, one line per run.

    python scripts/training_curve.py --output=docs/pictures/curve.svg \
        head=runs/head refined=runs/refined

A run is NAME=WORKDIR; its TensorBoard logs are read.
"""

import argparse
import html
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tf_btgmi.evaluation.charts import COLORS  # noqa: E402

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 200, 60, 12, 26, 30
PREFIX = "validation/"


def scores(workdir: str) -> dict:
    """`{score: {step: value}}` of a run; the newest value of each step.

    Raises:
        ValueError: no validation scores there.
    """
    import tensorflow as tf

    found = {}
    for file in sorted(pathlib.Path(workdir, "logs").glob("events.*")):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                name = value.tag[len(PREFIX) :]
                if value.tag.startswith(PREFIX):
                    number = float(tf.make_ndarray(value.tensor))
                    found.setdefault(name, {})[event.step] = number
    if not found:
        raise ValueError(f"{workdir}/logs holds no validation scores.")
    return found


def svg(runs: dict) -> str:
    """The drawing of `{name of the run: scores}`."""
    names = list(dict.fromkeys(name for run in runs.values() for name in run))
    parts = []
    for row, name in enumerate(names):
        lines = {run: found[name] for run, found in runs.items() if name in found}
        parts.append(f'<g transform="translate(0 {row * HEIGHT})">')
        parts += _panel(name, lines, list(runs))
        parts.append("</g>")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} '
        f'{HEIGHT * len(names)}" font-family="sans-serif" font-size="11">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n'
    )


def _panel(name, lines, runs):
    steps = [step for line in lines.values() for step in line]
    values = [value for line in lines.values() for value in line.values()]
    low, high = min(values), max(values)
    first, last = min(steps), max(steps)

    def x(step):
        return LEFT + (step - first) / max(last - first, 1) * (WIDTH - LEFT - RIGHT)

    def y(value):
        share = (value - low) / ((high - low) or 1.0)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    yield f'<text x="{LEFT}" y="14" font-weight="bold">{html.escape(name)}</text>'
    for value in (low, (low + high) / 2, high):
        yield (
            f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
            f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">'
            f"{value:.4g}</text>"
        )
    for step in (first, (first + last) // 2, last):
        yield (
            f'<text x="{x(step):.1f}" y="{HEIGHT - 12}" text-anchor="middle">'
            f"{step:,}</text>"
        )
    for run, line in lines.items():
        color = COLORS[runs.index(run) % len(COLORS)]
        points = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in sorted(line.items()))
        yield f'<polyline points="{points}" fill="none" stroke="{color}"/>'
        place = WIDTH - RIGHT - 90 * (len(runs) - runs.index(run) - 1)
        yield (
            f'<text x="{place}" y="14" text-anchor="end" fill="{color}">'
            f"{html.escape(run)}</text>"
        )


def main() -> None:
    """Reads the arguments, writes the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", required=True, help="The SVG file.")
    parser.add_argument("runs", nargs="+", metavar="NAME=WORKDIR")
    arguments = parser.parse_args()
    runs = {}
    for run in arguments.runs:
        name, equals, workdir = run.partition("=")
        if not equals:
            parser.error(f"{run} must have the form NAME=WORKDIR.")
        try:
            runs[name] = scores(workdir)
        except ValueError as error:
            parser.error(str(error))
    pathlib.Path(arguments.output).write_text(svg(runs), encoding="utf-8")
    print(f"Wrote {arguments.output}.")


if __name__ == "__main__":
    main()

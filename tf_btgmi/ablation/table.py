"""Metrics of the arms and their differences from the base.

Each number is the mean over seeds, with a 95 % bootstrap confidence interval over the
pictures. The interval does not cover the variation between trainings, so the difference
of each seed is given as well.
"""

from typing import Any, NamedTuple, Sequence

import numpy as np

from tf_btgmi.ablation.arms import ARMS, BASE, run_name
from tf_btgmi.evaluation import report_metrics, statistics
from tf_btgmi.evaluation.report_metrics import Metric
from tf_btgmi.evaluation.statistics import Estimate
from tf_btgmi.evaluation.tables import (
    Cell,
    Table,
    estimate_cell,
    intervals_over,
    number,
)

_LABELS = {
    "lpips_vgg": "LPIPS-VGG",
    "box_lpips_vgg": "LPIPS-VGG of the hole's box",
    "lpips": "LPIPS-Alex",
    "box_lpips": "LPIPS-Alex of the hole's box",
    "hole_l1": "hole L1",
    "hole_psnr": "hole PSNR, dB",
}
_KNOWN = {
    metric.name: metric
    for metric in (
        *report_metrics.PICTURE,
        *report_metrics.HOLE,
        report_metrics.VGG_PICTURE,
        report_metrics.VGG_BOX,
    )
}
# Those with LPIPS-VGG are left out of an evaluation without its weights.
METRICS = tuple(_KNOWN[name]._replace(label=_LABELS[name]) for name in _LABELS)


class ArmNumbers(NamedTuple):
    """Numbers of one arm; each dict is indexed by metric.

    Attributes:
        values: means over all seeds.
        differences: differences from the base, over all seeds.
        by_seed: differences from the base, one per seed.
    """

    values: dict[str, Estimate]
    differences: dict[str, Estimate]
    by_seed: dict[str, list[float]]

    def is_clear(self, metric: str) -> bool:
        """Whether the interval excludes 0 and all seeds agree on the sign."""
        signs = {value > 0 for value in self.by_seed[metric]}
        return self.differences[metric].excludes_zero and len(signs) == 1


def numbers(
    rows: dict[str, dict[str, dict[str, Any]]],
    names: Sequence[str],
    arms: Sequence[str],
    seeds: Sequence[int],
) -> dict[str, ArmNumbers]:
    """Aggregates the metrics of all trainings.

    Args:
        rows: nested dict, indexed `[training][picture][metric]`; see `run_name`.
        names: names of the pictures.
        arms: names of the arms, including the base.
        seeds: seeds of the trainings of every arm.

    Returns:
        The numbers by arm.
    """
    runs = [run_name(arm, seed) for arm in arms for seed in seeds]
    every = [rows[run][name] for run in runs for name in names]
    chosen = [m for m in METRICS if all(m.source in row for row in every)]
    # [seeds, pictures, arms, metrics]
    measured = np.array(
        [[_values(rows, seed, name, arms, chosen) for name in names] for seed in seeds]
    )
    base = list(arms).index(BASE)
    is_psnr = [metric.is_psnr for metric in chosen]
    values, differences = statistics.estimates(measured.mean(axis=0), is_psnr, base)
    by_seed = [statistics.estimates(one, is_psnr, base)[1] for one in measured]
    keys = [metric.name for metric in chosen]
    by_arm = {}
    for position, arm in enumerate(arms):
        each = zip(*(one[position] for one in by_seed))
        by_arm[arm] = ArmNumbers(
            dict(zip(keys, values[position])),
            dict(zip(keys, differences[position])),
            {key: [e.value for e in column] for key, column in zip(keys, each)},
        )
    return by_arm


def tables(
    by_arm: dict[str, ArmNumbers],
    num_pictures: int,
    seeds: Sequence[int],
    set_label: str,
) -> list[Table]:
    """Returns two tables: values of all arms, and differences from the base.

    Args:
        by_arm: numbers by arm.
        num_pictures: number of pictures.
        seeds: seeds of the trainings.
        set_label: mask kind, seed and metric version.
    """
    listed = ", ".join(map(str, seeds))
    chosen = [m for m in METRICS if m.name in by_arm[BASE].values]
    headings = [*(metric.heading for metric in chosen), "n", "masks"]
    last = [Cell(str(num_pictures)), Cell(set_label)]
    values = [
        [
            Cell(arm),
            Cell(ARMS[arm].difference),
            *(estimate_cell(arm_numbers.values[m.name], m) for m in chosen),
            *last,
        ]
        for arm, arm_numbers in by_arm.items()
    ]
    differences = [
        [Cell(arm), *(_difference(arm_numbers, m) for m in chosen), *last]
        for arm, arm_numbers in by_arm.items()
        if arm != BASE
    ]
    arms = Table(
        "The arms",
        f"Averaged over seeds ({listed}); {intervals_over(num_pictures)}.",
        ["method", "what differs from the base", *headings],
        values,
    )
    if not differences:
        return [arms]
    return [
        arms,
        Table(
            "Against the base",
            "The arm minus the base: same pictures, holes and seeds. In brackets the "
            f"interval over pictures, then each seed's own ({listed}). Bold where the "
            "interval excludes 0 and the seeds agree on the sign.",
            ["method", *headings],
            differences,
        ),
    ]


def to_json(by_arm: dict[str, ArmNumbers]) -> dict[str, Any]:
    """Returns the numbers as nested dicts; missing numbers are null."""
    result = {}
    for arm, arm_numbers in by_arm.items():
        result[arm] = {
            "what_differs": ARMS[arm].difference,
            "changes": ARMS[arm].changes,
            "values": {k: v._asdict() for k, v in arm_numbers.values.items()},
            "differences": {
                name: {
                    **estimate._asdict(),
                    "by_seed": arm_numbers.by_seed[name],
                    "clear": arm_numbers.is_clear(name),
                }
                for name, estimate in arm_numbers.differences.items()
            },
        }
    return result


def _values(rows, seed, name, arms, chosen):
    return [
        [rows[run_name(arm, seed)][name][metric.source] for metric in chosen]
        for arm in arms
    ]


def _difference(arm_numbers: ArmNumbers, metric: Metric) -> Cell:
    metric = metric._replace(digits=metric.digits + (metric.digits < 4))
    cell = estimate_cell(arm_numbers.differences[metric.name], metric, signed=True)
    by_seed = arm_numbers.by_seed[metric.name]
    each = ", ".join(number(value, metric.digits, signed=True) for value in by_seed)
    clear = arm_numbers.is_clear(metric.name)
    return cell._replace(
        strong=clear,
        detail=f"{cell.detail} ({each})".strip(),
        verdict=cell.verdict if clear else "",
    )

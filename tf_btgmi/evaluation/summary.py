"""Numbers of an evaluation by method, over all pictures and by hole ratio."""

from typing import Any, NamedTuple, Optional

import numpy as np

from tf_btgmi.evaluation import report_metrics, statistics
from tf_btgmi.evaluation.evaluator import decode_features, decode_power_ratio
from tf_btgmi.evaluation.examples import Prepared, unreadable_note
from tf_btgmi.evaluation.fid import InceptionDistances
from tf_btgmi.evaluation.statistics import Estimate
from tf_btgmi.evaluation.store import TRUTH, Store
from tf_btgmi.evaluation.tasks import FEATURES, MILLISECONDS, Task, task_of
from tf_btgmi.metrics import frechet, weave
from tf_btgmi.metrics.weave import Weave
from tf_btgmi.wording import number_of

TOTAL = "all"
_JUDGE_NOTE = (
    "LPIPS-Alex is the distance that the patch perceptual loss trains on; nothing "
    "trains on LPIPS-VGG. FAD and KID compare the features of the network named."
)
_LOSS_NOTE = (
    "LPIPS-Alex is the distance that the patch perceptual loss trains on; "
    "--lpips_vgg=FILE adds LPIPS-VGG, which nothing trains on."
)


class Group(NamedTuple):
    """A group of pictures and its numbers.

    Attributes:
        label: `TOTAL`, or the hole ratio in percent, such as "10-20".
        num: number of pictures.
        values: by method and metric.
        differences: by method and metric, to the baseline.
    """

    label: str
    num: int
    values: dict[str, dict[str, Estimate]]
    differences: dict[str, dict[str, Estimate]]


class SetDistances(NamedTuple):
    """Distances of a method's composites to the true pictures, as sets of features.

    Attributes:
        frechet: `metrics.frechet.frechet_distance`.
        kernel: `metrics.frechet.kernel_distance`; None for a single picture.
    """

    frechet: float
    kernel: Optional[float]


class Cost(NamedTuple):
    """Time and size of a method.

    Attributes:
        milliseconds: median and quartiles per picture; None if not measured.
        num_bytes: size of the model's files; None without files.
    """

    milliseconds: Optional[Estimate]
    num_bytes: Optional[int]


class Summary(NamedTuple):
    """The content of a report.

    Attributes:
        settings: as the store keeps them.
        methods: identities by name, in the order of the report.
        baseline: the method that the others are compared with.
        groups: that of all pictures first.
        distances: by features (`Task.features`) and method.
        fid: None without weights of Inception.
        weave: periodic artifacts by method, if holes are wide enough.
        left_out: names of pictures without a usable hole.
        unreadable: names of damaged pictures.
        notes: warnings, one sentence each.
        costs: by method.
    """

    settings: dict[str, Any]
    methods: dict[str, str]
    baseline: str
    groups: list[Group]
    distances: dict[str, dict[str, SetDistances]]
    fid: Optional[InceptionDistances]
    weave: dict[str, Weave]
    left_out: list[str]
    unreadable: list[str]
    notes: list[str]
    costs: dict[str, Cost]

    @property
    def num(self) -> int:
        """Number of pictures."""
        return self.groups[0].num

    @property
    def task(self) -> Task:
        """The task of the settings."""
        return task_of(self.settings)

    @property
    def set_label(self) -> str:
        """Mask kind, seed and metric version, as rows of tables print them."""
        seed = self.settings["seed"]
        parts = [self.settings["mask_kind"]]
        parts += [] if seed is None else [f"seed {seed}"]
        return ", ".join([*parts, f"v{self.settings['metric_version']}"])


def summarize(
    store: Store,
    methods: dict[str, str],
    baseline: str,
    pictures: Prepared,
    fid: Optional[InceptionDistances] = None,
    sizes: Optional[dict[str, Optional[int]]] = None,
) -> Summary:
    """Summarizes the rows of a finished evaluation.

    Args:
        store: has a row of every method for every picture.
        methods: identities by name; those are reported, in this order.
        baseline: one of them.
        pictures: the evaluated pictures and the others.
        fid: FID, with weights of Inception.
        sizes: bytes of the models' files by method.
    """
    names, settings = pictures.names, store.settings
    chosen = task_of(settings).metrics
    rows = {method: store.rows(method) for method in methods}
    values = np.array(
        [
            [[rows[m][name][x.source] * x.scale for x in chosen] for m in methods]
            for name in names
        ]
    )
    ratios = np.array([rows[baseline][name]["hole_ratio"] for name in names])
    places = {TOTAL: np.arange(len(names)), **statistics.by_hole_ratio(ratios)}
    groups = [
        _group(label, values[place], list(methods), baseline, chosen)
        for label, place in places.items()
    ]
    distances = {}
    for key in task_of(settings).features:
        truth = _features(store.rows(TRUTH), names, key)
        distances[key] = {
            method: _distances(truth, _features(rows[method], names, key))
            for method in methods
        }
    return Summary(
        settings=settings,
        methods=dict(methods),
        baseline=baseline,
        groups=groups,
        distances=distances,
        fid=fid,
        weave=_weaves(rows, names) if task_of(settings).has_weave else {},
        left_out=pictures.left_out,
        unreadable=pictures.unreadable,
        notes=_notes(pictures, fid, task_of(settings)),
        costs={m: Cost(_times(rows[m], names), (sizes or {}).get(m)) for m in methods},
    )


def to_json(summary: Summary) -> dict[str, Any]:
    """The summary as nested dicts; missing numbers are None."""
    result = {
        **summary.settings,
        "n": summary.num,
        "baseline": summary.baseline,
        "interval_level": statistics.LEVEL,
        "inception": summary.fid.network if summary.fid else None,
        "left_out": summary.left_out,
        "unreadable": summary.unreadable,
        "notes": summary.notes,
        "methods": {},
    }
    for method, identity in summary.methods.items():
        cost = summary.costs[method]
        result["methods"][method] = {
            "identity": identity,
            **_plain_distances(summary, method),
            "fid": summary.fid.by_method[method] if summary.fid else None,
            "weave": summary.weave[method]._asdict() if summary.weave else None,
            "milliseconds": cost.milliseconds and cost.milliseconds._asdict(),
            "num_bytes": cost.num_bytes,
            "groups": {
                group.label: {
                    "n": group.num,
                    "values": _plain(group.values[method]),
                    "differences": _plain(group.differences[method]),
                }
                for group in summary.groups
            },
        }
    return result


def _plain(estimates: dict[str, Estimate]) -> dict[str, dict[str, Any]]:
    return {name: estimate._asdict() for name, estimate in estimates.items()}


def _plain_distances(summary: Summary, method: str) -> dict[str, Optional[float]]:
    distances = {}
    for key, by_method in summary.distances.items():
        ending = key[len(FEATURES) :]
        distances[f"fad{ending}"], distances[f"kid{ending}"] = by_method[method]
    return distances


def _group(label, values, methods, baseline, chosen) -> Group:
    is_psnr = [metric.is_psnr for metric in chosen]
    estimates = statistics.estimates(values, is_psnr, methods.index(baseline))
    names = [metric.name for metric in chosen]
    by_method = [
        {method: dict(zip(names, row)) for method, row in zip(methods, table)}
        for table in estimates
    ]
    return Group(label, len(values), *by_method)


def _weaves(rows, names) -> dict[str, Weave]:
    by_method = {}
    for method, by_name in rows.items():
        ratios = [decode_power_ratio(by_name[name]) for name in names]
        ratios = [ratio for ratio in ratios if ratio is not None]
        if ratios:
            by_method[method] = weave.of_set(np.stack(ratios))
    return by_method


def _times(rows, names) -> Optional[Estimate]:
    times = [rows[name][MILLISECONDS] for name in names if MILLISECONDS in rows[name]]
    if not times:
        return None
    low, median, high = np.quantile(times, [0.25, 0.5, 0.75])
    return Estimate(float(median), float(low), float(high))


def _features(rows, names, key) -> np.ndarray:
    return np.stack([decode_features(rows[name], key) for name in names])


def _distances(truth: np.ndarray, features: np.ndarray) -> SetDistances:
    kernel = None
    if len(truth) > 1:
        kernel = frechet.kernel_distance(truth, features, paired=True)
    return SetDistances(frechet.frechet_distance(truth, features), kernel)


def _notes(pictures: Prepared, fid, task: Task) -> list[str]:
    num, num_left_out = len(pictures.names), len(pictures.left_out)
    notes = [_JUDGE_NOTE if report_metrics.VGG_PICTURE in task.whole else _LOSS_NOTE]
    if fid:
        notes.append(f"FID is over the features of {fid.network}.")
    if num < frechet.RECOMMENDED_NUM_PICTURES:
        names = "FAD, KID and FID" if fid else "FAD and KID"
        notes.append(
            f"{names} of {number_of(num, 'picture')} are rough: below "
            f"{frechet.RECOMMENDED_NUM_PICTURES:,} they rank methods at best, and "
            "cannot be compared with other sets."
        )
    if num == 1:
        notes.append("One picture has no intervals and no KID.")
    if num_left_out:
        left_out = number_of(num_left_out, "picture")
        notes.append(f"Left out {left_out}: {task.why_left_out}.")
    return notes + unreadable_note(pictures.unreadable)

"""Runs every method on every picture and stores one row per method and picture.

Pictures are processed one at a time. A stopped evaluation resumes with the missing
rows; rows that lack a new metric are computed again from the stored composites.
"""

import base64
import time
from typing import Any, Optional

import numpy as np

from tf_btgmi.evaluation.classical_methods import Method
from tf_btgmi.evaluation.deep_metrics import DeepMetrics
from tf_btgmi.evaluation.examples import input_of
from tf_btgmi.evaluation.store import TRUTH, Store
from tf_btgmi.evaluation.tasks import MILLISECONDS, POWER_RATIO, Task, task_of
from tf_btgmi.metrics import weave
from tf_btgmi.metrics.picture_metrics import picture_metrics
from tf_btgmi.progress_bar import progress_bar


def evaluate(
    store: Store,
    names: list[str],
    methods: list[Method],
    deep: Optional[DeepMetrics] = None,
) -> None:
    """Fills the holes, computes the metrics of the composites, and stores both.

    Args:
        store: has the pictures and masks; gets composites and rows.
        names: names of the pictures.
        methods: the methods to evaluate.
        deep: metrics that need networks, with LPIPS-VGG if the settings of the store
            have it. Default: loaded if needed.
    """
    task = task_of(store.settings)
    num_rows = len(names) * len(methods)
    with progress_bar(total=num_rows, unit="row") as progress:
        for name in names:
            pending = [
                method
                for method in methods
                if not task.row_keys <= set(store.rows(method.name).get(name, ()))
            ]
            progress.update(len(methods) - len(pending))
            if pending or not _has_truth(store, name, task):
                deep = deep or DeepMetrics()
                _evaluate_one(store, name, pending, deep, task)
                progress.update(len(pending))


def decode_features(row: dict[str, Any], key: str) -> np.ndarray:
    """The features of a row, one of `Task.features`: [channels] float32."""
    return _decoded(row[key])


def decode_power_ratio(row: dict[str, Any]) -> Optional[np.ndarray]:
    """The `log_power_ratio` of a row, [16, 9]; None for thin holes and old rows."""
    values = _decoded(row.get(POWER_RATIO, ""))
    return values.reshape(weave.SHAPE) if values.size else None


def _has_truth(store: Store, name: str, task: Task) -> bool:
    return set(task.features) <= set(store.rows(TRUTH).get(name, ()))


def _evaluate_one(store, name, methods, deep, task) -> None:
    image, mask = store.read_image(name), store.read_mask(name)
    input_image = input_of(store, name, image, mask)
    composites, times = [], []
    for method in methods:
        known = store.rows(method.name).get(name)
        if known is not None:
            composites.append(store.read_composite(method.name, name))
            times.append(known.get(MILLISECONDS))
            continue
        started = time.perf_counter()
        result = method.fill(input_image.copy(), mask.copy(), name)
        times.append(1000.0 * (time.perf_counter() - started))
        composites.append(np.where(mask[..., None], result, image))
    if not _has_truth(store, name, task):
        features = deep.features([image])
        row = {key: _encoded(features[key][0]) for key in task.features}
        store.add_row(TRUTH, name, row)
    if not methods:
        return
    deep_metrics = deep.compare(image, composites, mask)
    features = deep.features(composites)
    for position, method in enumerate(methods):
        composite = composites[position]
        store.write_composite(method.name, name, composite)
        row = {
            "hole_ratio": float(mask.mean()),
            **picture_metrics(image, composite, mask),
            **deep_metrics[position],
            **{key: _encoded(features[key][position]) for key in task.features},
        }
        if times[position] is not None:
            row[MILLISECONDS] = round(times[position], 3)
        if task.has_weave:
            ratio = weave.log_power_ratio(image, composite, mask)
            row[POWER_RATIO] = "" if ratio is None else _encoded(ratio)
        store.add_row(method.name, name, row)


def _encoded(features: np.ndarray) -> str:
    return base64.b64encode(features.astype("<f4").tobytes()).decode("ascii")


def _decoded(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")

"""Largest allowed differences to the baseline: the check behind evaluate --limits.

The JSON file has the worst allowed difference by method and metric, such as
{"int8": {"hole_psnr": -0.3, "lpips": 0.005}}. A name stands for the methods of that
name and for those that end in it after a hyphen: `int8` for `mine-128-int8`.
"""

from typing import Iterable

from tf_btgmi import files
from tf_btgmi.evaluation.summary import Summary
from tf_btgmi.evaluation.tasks import Task

Limits = dict[str, dict[str, float]]


def read_limits(path: str, task: Task) -> Limits:
    """Reads a file of limits.

    Raises:
        ValueError: it cannot be read, or names an unknown metric.
    """
    limits = files.read_json(path)
    try:
        names = {metric.name for metric in task.metrics}
        for method, allowed in limits.items():
            if set(allowed) - names:
                raise ValueError(
                    f"{method} has unknown metrics: {sorted(set(allowed) - names)}"
                )
            if not all(isinstance(value, (int, float)) for value in allowed.values()):
                raise ValueError(f"the limits of {method} must be numbers")
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(f"--limits={path} cannot be used: {error}.") from error
    return limits


def without_limits(methods: Iterable[str], limits: Limits) -> list[str]:
    """The methods that no limits apply to.

    Args:
        methods: names of methods, without the baseline.
        limits: as from `read_limits`.

    Raises:
        ValueError: these are all methods.
    """
    methods = list(methods)
    left = [
        method
        for method in methods
        if not any(_applies(name, method) for name in limits)
    ]
    if left == methods:
        raise ValueError(
            f"--limits applies to no method: it has limits for {_listed(limits)}, and "
            f"compared with the baseline are {_listed(methods)}. --model=NAME=MODEL "
            "names a model."
        )
    return left


def exceeded(results: Summary, limits: Limits) -> list[str]:
    """One sentence per difference that is worse than its limit, over all pictures."""
    metrics = {metric.name: metric for metric in results.task.metrics}
    sentences = []
    for method, differences in results.groups[0].differences.items():
        for ending, allowed in limits.items():
            if not _applies(ending, method):
                continue
            for name, limit in allowed.items():
                metric, value = metrics[name], differences[name].value
                sign = 1.0 if metric.higher_is_better else -1.0
                # NaN is within no limit.
                if not sign * value >= sign * limit:
                    sentences.append(
                        f"{method}: {metric.label} ({name}) changed by {value:+.4f}; "
                        f"{limit:+.4f} is allowed."
                    )
    return sentences


def _applies(name: str, method: str) -> bool:
    return method == name or method.endswith(f"-{name}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"

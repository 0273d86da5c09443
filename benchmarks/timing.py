"""Times several functions in turn, so that other load of the machine hits them all."""

import statistics
import time
from typing import Callable

NUM_WARM_UP = 3


def in_turn(
    calls: dict[str, Callable[[], object]], rounds: int, warm_up: int = NUM_WARM_UP
) -> dict[str, list[float]]:
    """Returns the seconds of each run of each function, by name.

    Args:
        calls: functions without arguments, which return when their work is done.
        rounds: number of timed runs of each.
        warm_up: number of untimed runs of each first; at least one if it traces.
    """
    for call in calls.values():
        for _ in range(warm_up):
            call()
    seconds = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def medians(seconds: dict[str, list[float]]) -> dict[str, float]:
    """Returns the median seconds by name."""
    return {name: statistics.median(values) for name, values in seconds.items()}


def ratio(numerator: list[float], denominator: list[float]) -> float:
    """Returns the median of the ratios of corresponding runs."""
    return statistics.median(a / b for a, b in zip(numerator, denominator))


def milliseconds(seconds: float) -> str:
    """Formats milliseconds for a table: three significant digits."""
    value = 1000.0 * seconds
    return f"{value:.2f}" if value < 1 else f"{value:.{1 if value < 100 else 0}f}"

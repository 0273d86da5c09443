"""Times several functions in turn, so that what else the machine does hits them all."""

import statistics
import time
from typing import Callable, Dict, List

NUM_WARM_UP = 3


def in_turn(
    calls: Dict[str, Callable[[], object]], rounds: int, warm_up: int = NUM_WARM_UP
) -> Dict[str, List[float]]:
    """Seconds of each run of each function, by name.

    Args:
        calls: functions without arguments that return when their work is done.
        rounds: times that each is run and timed.
        warm_up: runs of each before those; at least one where something is traced.
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


def medians(seconds: Dict[str, List[float]]) -> Dict[str, float]:
    """Median seconds by name."""
    return {name: statistics.median(found) for name, found in seconds.items()}


def ratio(numerator: List[float], denominator: List[float]) -> float:
    """Median of the ratios of runs that followed each other."""
    return statistics.median(a / b for a, b in zip(numerator, denominator))


def milliseconds(seconds: float) -> str:
    """For a table: three digits, never more than one decimal."""
    value = 1000.0 * seconds
    return f"{value:.2f}" if value < 1 else f"{value:.{1 if value < 100 else 0}f}"

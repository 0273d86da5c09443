"""Progress of long work: a bar on a terminal, lines in a log."""

import math
import sys

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 30.0
_LINE = "{desc} {n_fmt} of {total_fmt}, {elapsed}, {remaining} left, {rate_fmt}"


def progress_bar(iterable=None, **options) -> tqdm:
    """A bar of tqdm on standard error.

    Outside a terminal, in the log of a job for instance, a line is written every
    `SECONDS_BETWEEN_LINES` seconds instead, and none about shorter work.

    Args:
        iterable: what to go through, if it is not counted by `update`.
        **options: of `tqdm`, such as `total`, `unit` and `desc`.
    """
    if sys.stderr.isatty():
        return tqdm(iterable, dynamic_ncols=True, **options)
    return tqdm(
        iterable,
        file=_Lines(),
        delay=SECONDS_BETWEEN_LINES,
        mininterval=SECONDS_BETWEEN_LINES,
        maxinterval=math.inf,
        bar_format=_LINE,
        **options,
    )


class _Lines:
    """Standard error, with every state of a bar in a line of its own."""

    def write(self, text):
        state = text.strip()
        if state:
            sys.stderr.write(state + "\n")

    def flush(self):
        sys.stderr.flush()

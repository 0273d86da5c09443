"""The train program with clocks that jump: run in its place by `refusals.clock`.

`time.time` jumps both ways, as when somebody sets the clock; `time.monotonic`, which
saving by minutes goes by, jumps forward alone, as when a machine was asleep. The
system's own clock is left as it is, so the names of TensorBoard's files, which
TensorFlow makes of it, are too.
"""

import itertools
import runpy
import sys
import time

_SECONDS_BETWEEN = 2.0
_DAY = 86_400.0
_JUMPS = (-_DAY, 2 * _DAY, -365 * _DAY, 365 * _DAY, -3_600.0, 30 * _DAY, -31 * _DAY)

_time, _monotonic = time.time, time.monotonic


class Clock:
    """The offsets of both clocks, changed every two seconds."""

    def __init__(self):
        self._offset = 0.0
        self._forward = 0.0
        self._jumps = itertools.cycle(_JUMPS)
        self._next = _monotonic() + _SECONDS_BETWEEN

    def time(self) -> float:
        """Seconds since 1970, wrong by up to a year."""
        self._jump()
        return _time() + self._offset

    def monotonic(self) -> float:
        """Seconds that never go back, with hours left out."""
        self._jump()
        return _monotonic() + self._forward

    def _jump(self):
        if _monotonic() < self._next:
            return
        self._next = _monotonic() + _SECONDS_BETWEEN
        jump = next(self._jumps)
        self._offset += jump
        self._forward += abs(jump) % _DAY + 3_600.0
        print(f"clock jumps by {jump:.0f} s", flush=True)


def main() -> None:
    """Puts the clocks in place and becomes the train program."""
    clock = Clock()
    time.time, time.monotonic = clock.time, clock.monotonic
    sys.argv[0] = "train.py"
    runpy.run_module("tf_btgmi.train", run_name="__main__")


if __name__ == "__main__":
    main()

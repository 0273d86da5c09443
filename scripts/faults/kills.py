"""A training killed with -9 again and again, and resumed by the same command."""

import os
import random
import re
import time
from typing import List, Set

from scripts.faults.trainings import (
    STEPS_BETWEEN,
    TOTAL_STEPS,
    Bench,
    Outcome,
    Training,
    entries,
    named_step,
    say,
)

# A third of the kills each: at any moment from the start on, between two checkpoints,
# and while files of a checkpoint are being written.
_KINDS = ("any", "training", "writing")
_LONGEST_START = 15.0
# Checkpoints that a session may take before it is killed: 20 sessions fit in a run.
_MAX_CHECKPOINTS = 4
_LONGEST_WRITE = 0.03


def kill(bench: Bench, kills: int, seed: int) -> List[Outcome]:
    """Kills one training `kills` times, lets it finish and compares its weights."""
    bench.run_undisturbed()
    workdir = bench.path("killed")
    rng = random.Random(seed)
    made, good, writing, newest = 0, 0, 0, 0
    while made < kills:
        kind = _KINDS[made % len(_KINDS)]
        before = _half_written(workdir)
        training = bench.start(workdir)
        alive = _wait(training, kind, rng, newest)
        if not alive and training.code == 0:
            newest = named_step(workdir)
            break
        training.kill()
        made += 1
        caught = bool(_half_written(workdir) - before)
        writing += caught
        kept = _all_there(workdir) and named_step(workdir) >= newest
        # Where it went on, once it got that far.
        began = "Stage" in training.text
        kept = kept and (not began or training.resumed_at == newest)
        good += kept and alive
        say(
            f"kill {made} ({kind}): newest checkpoint {named_step(workdir)} after "
            f"{newest}{', files half written' if caught else ''}"
            f"{'' if kept else '  LOST'}"
        )
        newest = named_step(workdir)
    last = bench.run(workdir)
    ended = last.code == 0 and last.resumed_at == newest
    equal = ended and bench.ended_bit_equal(workdir)
    left = [n for n in entries(os.path.join(workdir, "checkpoints")) if "temp" in n]
    return [
        Outcome(
            "training killed (-9) and resumed by the same command",
            made,
            good,
            f"resumed each time from the newest checkpoint; {writing} kills left files "
            "half written",
        ),
        Outcome(
            "weights after those kills against the undisturbed run",
            1,
            int(equal and not left),
            f"bit-equal at step {TOTAL_STEPS}" if equal else "NOT equal",
        ),
    ]


def _wait(training: Training, kind: str, rng: random.Random, newest: int) -> bool:
    """Waits for the moment; False where the training ended before."""
    workdir = training.workdir
    if kind == "any":
        end = time.monotonic() + rng.uniform(0.0, _LONGEST_START)
        # On a fast machine the whole run would be over before.
        last = newest + STEPS_BETWEEN * _MAX_CHECKPOINTS
        training.wait_for(
            lambda: time.monotonic() >= end or named_step(workdir) >= last
        )
        return training.code is None
    wanted = newest + STEPS_BETWEEN * rng.randint(1, _MAX_CHECKPOINTS)
    if not training.wait_for(lambda: named_step(workdir) >= wanted, 0.002):
        return False
    if kind == "training":
        time.sleep(rng.uniform(0.0, 0.2))
        return training.code is None
    folder = os.path.join(workdir, "checkpoints")
    seen = training.wait_for(lambda: _writes(folder), 0.0)
    end = time.perf_counter() + rng.uniform(0.0, _LONGEST_WRITE)
    while time.perf_counter() < end:
        pass
    return seen


def _writes(folder: str) -> bool:
    return any("_temp" in name or ".tmp" in name for name in entries(folder))


def _half_written(workdir: str) -> Set[str]:
    """Files of checkpoints that no record names yet, or not any more."""
    named = {f"ckpt-{step}" for step in _named(workdir)} | {"checkpoint"}
    names = entries(os.path.join(workdir, "checkpoints"))
    return {name for name in names if name.split(".")[0] not in named or "tmp" in name}


def _all_there(workdir: str) -> bool:
    """Whether every checkpoint that is on record has its files."""
    names = set(entries(os.path.join(workdir, "checkpoints")))
    wanted = {
        f"ckpt-{step}.{ending}"
        for step in _named(workdir)
        for ending in ("index", "data-00000-of-00001")
    }
    return wanted <= names


def _named(workdir: str) -> List[int]:
    try:
        with open(os.path.join(workdir, "checkpoints", "checkpoint")) as file:
            text = file.read()
    except FileNotFoundError:
        return []
    return [int(step) for step in re.findall(r'_paths: "ckpt-(\d+)"', text)]

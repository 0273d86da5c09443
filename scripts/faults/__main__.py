"""Tries the faults that end long trainings, on a tiny one, and counts what was lost.

    python -m scripts.faults                       # all of them, 20 kills
    python -m scripts.faults --faults=kill --kills=50 --seed=1

Each trial is the real train program in a process of its own. A table comes last; the
exit code is 1 where anything was lost. Disks are small ones in memory, mounted where
this process and its children alone see them; that wants root, and without it what
could not be tried is said. Nothing else of the machine is touched: signals go to the
trainings started here, and clocks jump inside them.
"""

import os
import shutil
import tempfile

from absl import flags

from tf_btgmi.cli import program

FAULTS = ("kill", "workers", "disk_full", "read_only", "two_runs", "clock", "config")


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    flags.DEFINE_list("faults", list(FAULTS), f"Which: {', '.join(FAULTS)}.")
    flags.DEFINE_integer("kills", 20, "Kills of one training.", lower_bound=1)
    flags.DEFINE_integer("seed", 0, "Decides the moments.", lower_bound=0)
    flags.DEFINE_string(
        "folder", None, "Where runs and logs are made and kept; else they are removed."
    )


def main(argv):
    """Makes the faults one after another and prints the table."""
    del argv
    options = flags.FLAGS
    unknown = sorted(set(options.faults) - set(FAULTS))
    if unknown:
        raise program.UsageError(
            f"There is no fault {unknown[0]}; there are {', '.join(FAULTS)}."
        )
    # Only now, so that a wrong flag is answered at once.
    from scripts.faults import disks, kills, refusals, workers
    from scripts.faults.trainings import Bench

    make = {
        "kill": lambda bench: kills.kill(bench, options.kills, options.seed),
        "workers": workers.lose_workers,
        "disk_full": lambda bench: disks.fill(bench, options.seed),
        "read_only": disks.read_only,
        "two_runs": refusals.two_runs,
        "clock": refusals.clock,
        "config": refusals.config,
    }
    folder = options.folder or tempfile.mkdtemp(prefix="faults-")
    os.makedirs(folder, exist_ok=True)
    outcomes = []
    try:
        bench = Bench(os.path.abspath(folder))
        for name in options.faults:
            outcomes += make[name](bench)
            print(outcomes[-1].row(), flush=True)
    finally:
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)
    print("\n| Fault | Tried | As wanted | What came of it |\n|---|---|---|---|")
    for outcome in outcomes:
        print(outcome.row())
    lost = sum(outcome.tried - outcome.good for outcome in outcomes)
    print(f"\n{sum(o.tried for o in outcomes)} trials, {lost} not as wanted.")
    return 1 if lost else 0


if __name__ == "__main__":
    program.run(main, define_flags)

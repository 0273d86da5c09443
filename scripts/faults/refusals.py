"""Two runs in one folder, a config changed under a run, and clocks that jump."""

from typing import List

from scripts.faults.trainings import Bench, Outcome, named_step, say

_CHANGES = {
    "generator.base_filters": "6",
    "procedure.learning_rate": "0.001",
    "training.seed": "1",
    "procedure.refinement_steps": "150",
    "losses.reconstruction": "l2",
}
_SECONDS_TIMES = 3


def two_runs(bench: Bench) -> List[Outcome]:
    """A second training in the folder of one that runs, and of one that was killed."""
    workdir = bench.path("shared")
    first = bench.start(workdir)
    first.wait_for(lambda: "Stage 0" in first.text)
    results = []
    for _ in range(_SECONDS_TIMES):
        second = bench.run(workdir, "--config.procedure.learning_rate=0.5")
        refused = second.failed_in_one_line(2, "Another training is running")
        results.append(refused and first.code is None)
        say(f"a second run: exit {second.code}, {second.last_line}")
        if first.code is not None:
            break
    first.kill()
    newest = named_step(workdir)
    again = bench.run(workdir)
    results.append(
        again.code == 0
        and again.resumed_at == newest
        and bench.ended_bit_equal(workdir)
    )
    return [
        Outcome(
            "a second training in the folder of one that runs",
            len(results),
            sum(results),
            "refused each time with exit code 2, the first undisturbed; once the first "
            "was killed the folder was free again and the run ended bit-equal",
        )
    ]


def config(bench: Bench) -> List[Outcome]:
    """Fields of the config changed under a run that is resumed."""
    bench.run_undisturbed()
    workdir = bench.path("undisturbed")
    results = []
    for name, value in _CHANGES.items():
        refused = bench.run(workdir, f"--config.{name}={value}")
        results.append(refused.failed_in_one_line(2, f"config.{name} was "))
        say(f"{name} changed: exit {refused.code}, {refused.last_line[:200]}")
    free = bench.run(workdir, "--config.training.checkpoint_every_steps=7")
    results.append(free.code == 0 and bench.ended_bit_equal(workdir))
    return [
        Outcome(
            "a config changed under a resumed run",
            len(results),
            sum(results),
            f"{len(_CHANGES)} fields that change weights refused by name with exit "
            "code 2; one that changes none accepted",
        )
    ]


def clock(bench: Bench) -> List[Outcome]:
    """A training whose clocks jump, killed by nobody, then resumed with more jumps."""
    bench.run_undisturbed()
    workdir = bench.path("clock")
    options = ("--config.training.checkpoint_every_minutes=0.02",)
    first = bench.start(workdir, *options, module="scripts.faults.jumping_clock")
    first.wait_for(lambda: named_step(workdir) >= 100)
    first.kill()
    newest = named_step(workdir)
    again = bench.run(workdir, *options, module="scripts.faults.jumping_clock")
    jumps = first.text.count("clock jumps") + again.text.count("clock jumps")
    ok = again.code == 0 and again.resumed_at == newest >= 100
    ok = ok and bench.ended_bit_equal(workdir)
    say(f"{jumps} jumps: exit {again.code} from {again.resumed_at}, bit-equal {ok}")
    return [
        Outcome(
            "clock jumping backward and forward under a run, killed once on the way",
            jumps,
            jumps if ok else 0,
            "time.time by up to a year both ways, time.monotonic by hours forward; "
            "ended bit-equal",
        )
    ]

"""One of two `multi_worker` processes killed, and both started again."""

from typing import List

from scripts import loopback
from scripts.faults.trainings import Bench, Outcome, named_step, numbers, same, say

_FEWER_STEPS = (
    "--config.procedure.head_steps=60",
    "--config.procedure.refinement_steps=30",
    "--config.procedure.fade_in_steps=10",
)
# A survivor learns of the loss from TensorFlow's heartbeats.
_SECONDS_TO_NOTICE = 240.0


def lose_workers(bench: Bench) -> List[Outcome]:
    """Kills the second worker once and the chief once, in two runs."""
    say("two workers, undisturbed")
    whole = bench.path("two-whole")
    ended = [worker.wait() for worker in _start_two(bench, whole)]
    if ended != [0, 0]:
        return [Outcome("a worker of two killed", 1, 0, f"undisturbed: exit {ended}")]
    wanted = numbers(whole)
    good, said = 0, []
    for lost in (1, 0):
        workdir = bench.path(f"two-lost-{lost}")
        pair = _start_two(bench, workdir)
        reached = pair[0].wait_for(lambda at=workdir: named_step(at) >= 20)
        pair[lost].kill()
        newest = named_step(workdir)
        other = pair[1 - lost]
        code = other.wait(_SECONDS_TO_NOTICE)
        line = other.last_line
        say(f"worker {lost} killed at {newest}; the other: exit {code}, {line[:200]}")
        again = _start_two(bench, workdir)
        codes = [worker.wait() for worker in again]
        resumed = again[0].resumed_at
        equal = codes == [0, 0] and same(numbers(workdir), wanted)
        say(f"both again: exit {codes}, resumed at {resumed}, bit-equal {equal}")
        ok = reached and code not in (None, 0) and resumed >= newest >= 20 and equal
        good += ok
        said.append(
            f"{'chief' if lost == 0 else 'second'} killed: the other ended with exit "
            f"code {code}, both went on from step {resumed}"
        )
    return [
        Outcome(
            "one of two multi_worker processes killed (-9), both started again",
            2,
            good,
            "; ".join(said) + ("; both runs bit-equal to whole ones" * (good == 2)),
        )
    ]


def _start_two(bench: Bench, workdir: str):
    return [
        bench.start(
            workdir,
            "--strategy=multi_worker",
            *_FEWER_STEPS,
            environment={"TF_CONFIG": config},
        )
        for config in loopback.cluster_configs(2)
    ]

"""A disk that fills up, and one that cannot be written."""

import ctypes
import os
import random
import resource
import subprocess
from typing import List

from scripts.faults.trainings import TOTAL_STEPS, Bench, Outcome, named_step, say

_NEW_MOUNTS = 0x00020000
_SIZE = 8 << 20
# Bytes left when the training begins; a checkpoint has about 270 kB, a log 50.
_LEFT = (0, 3_000, 200_000, 700_000, 1_000_000)


def fill(bench: Bench, seed: int) -> List[Outcome]:
    """Trains on a disk with little left, makes room, and goes on."""
    bench.run_undisturbed()
    disk = _small_disk(bench, "full")
    if not disk:
        return _limited(bench)
    rng = random.Random(seed)
    good, lines = 0, set()
    for number, left in enumerate(_LEFT):
        workdir = os.path.join(disk, f"run{number}")
        filler = os.path.join(disk, "filler")
        with open(filler, "wb") as file:
            room = os.statvfs(disk)
            free = room.f_bavail * room.f_frsize
            file.write(bytes(max(free - left - rng.randrange(4096), 0)))
        first = bench.run(workdir)
        newest = named_step(workdir)
        refused = first.failed_in_one_line(1, "") and bool(first.last_line)
        lines.add(first.last_line.split(": ", 1)[-1].split(" at ")[0][:60])
        os.unlink(filler)
        again = bench.run(workdir)
        ok = again.code == 0 and again.resumed_at == newest
        ok = ok and bench.ended_bit_equal(workdir)
        good += ok and refused
        say(
            f"{left} bytes left: exit {first.code} at checkpoint {newest}, "
            f"{first.last_line[:300]}; with room again: exit {again.code} from "
            f"{again.resumed_at}{'' if ok and refused else '  NOT AS WANTED'}"
        )
        subprocess.run(["rm", "-rf", workdir], check=True)
    return [
        Outcome(
            "disk full (a small disk in memory, filled), then room again",
            len(_LEFT),
            good,
            "one line and exit code 1, older checkpoints intact; went on and ended "
            "bit-equal",
        )
    ]


def read_only(bench: Bench) -> List[Outcome]:
    """A new run, a resumed one and a running one whose place cannot be written."""
    disk = _small_disk(bench, "read-only")
    fault = "workdir that cannot be written (read-only mount)"
    if not disk:
        return [Outcome(fault, 0, 0, "not tried: mounting was not allowed")]
    bench.run_undisturbed()
    run = os.path.join(disk, "run")
    training = bench.start(run)
    training.wait_for(lambda: named_step(run) >= 20)
    # Its checkpoints cannot be written from now on; its open files can.
    folder = os.path.join(run, "checkpoints")
    _mount("--bind", folder, folder)
    _mount("-o", "remount,bind,ro", folder)
    training.wait()
    newest = named_step(run)
    results = [training.failed_in_one_line(1, "intact")]
    say(f"became read-only at {newest}: exit {training.code}, {training.last_line}")
    subprocess.run(["umount", folder], check=True)
    before = _state(disk)
    _mount("-o", "remount,ro", disk)
    for place in (os.path.join(disk, "new"), run):
        refused = bench.run(place)
        results.append(refused.failed_in_one_line(1, "Read-only file system"))
        say(f"read-only: exit {refused.code}, {refused.last_line}")
    results[-1] = results[-1] and _state(disk) == before
    _mount("-o", "remount,rw", disk)
    again = bench.run(run)
    results.append(
        again.code == 0 and again.resumed_at == newest and bench.ended_bit_equal(run)
    )
    return [
        Outcome(
            fault,
            len(results),
            sum(results),
            "during a run, a new run, a resumed run: one line and exit code 1, nothing "
            "changed; writable again, it went on and ended bit-equal",
        )
    ]


def _limited(bench: Bench) -> List[Outcome]:
    """Without a disk of its own: a limit on the size of a file in its place."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    workdir = bench.path("limited")
    first = bench.run(workdir, preexec=limit)
    refused = first.failed_in_one_line(1, "could not be written")
    say(f"files of at most 20 kB: exit {first.code}, {first.last_line}")
    again = bench.run(workdir)
    ok = refused and again.code == 0 and bench.ended_bit_equal(workdir)
    return [
        Outcome(
            "no file above 20 kB (ulimit; mounting was not allowed), then room again",
            1,
            int(ok),
            f"one line and exit code 1; ended bit-equal at step {TOTAL_STEPS}",
        )
    ]


def _small_disk(bench: Bench, name: str) -> str:
    """A disk of 8 MiB that only this process and its children see; "" without leave."""
    folder = bench.path(name)
    os.makedirs(folder, exist_ok=True)
    if os.geteuid() or ctypes.CDLL(None).unshare(_NEW_MOUNTS):
        return ""
    try:
        _mount("--make-rprivate", "/")
        _mount("-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", folder)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return folder


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, stderr=subprocess.DEVNULL)


def _state(folder: str) -> dict:
    found = {}
    for place, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(place, name)
            status = os.stat(path)
            found[path] = status.st_size, status.st_mtime_ns
    return found

"""Trains the arms of an ablation by `train_pytorch`, several side by side on one GPU.

    python benchmarks/pytorch_arms.py --config=configs/ablation_64.py --pack=runs/pack \
        --work=runs/arms_work --out=runs/arms --parallel=12 --minutes=9 \
        --set data.global_batch_size=16 training.precision=mixed_bfloat16

`--work` gets the state, config and log of every training; the same command resumes
those that `--minutes` stopped. `--out` gets a state of all finished trainings, small
enough for machines that return small files only: `benchmarks.pytorch_runs --study`
makes the run folders of `tf_btgmi.ablations` of it. Nothing here imports TensorFlow.
"""

import argparse
import os
import re
import subprocess
import sys
import time

# Where it is started by its path, as on a machine where nothing is installed.
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from benchmarks import requirements  # noqa: E402
from tf_btgmi.cli import program  # noqa: E402

if __name__ == "__main__":
    # Before modules that import it.
    program.answered(requirements.need_pytorch)

import numpy as np  # noqa: E402

from benchmarks import pytorch_weights, train_pytorch  # noqa: E402
from tf_btgmi import config as config_lib  # noqa: E402
from tf_btgmi.ablation.arms import ARMS, arm_config, num_steps  # noqa: E402
from tf_btgmi.config import files as config_files  # noqa: E402

_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "train_pytorch.py")
# Prefixes of the arrays in `--out`, before the name of the training.
GENERATOR = "ema_generator."
RIGHT_PAIRS = "right_pairs."


def main(arguments) -> int:
    """Trains what is not finished; returns 1 if some training is still unfinished."""
    flags = _flags(arguments)
    base = train_pytorch.overridden(config_files.read(flags.config), flags.set)
    configs = [arm_config(base, a, s) for s in flags.seeds for a in flags.arms]
    trainings = [Training(config, flags.work) for config in configs]
    _run(trainings, flags, time.monotonic() + 60 * flags.minutes)
    finished = [training for training in trainings if training.finished]
    arrays = {}
    for training in finished:
        arrays.update(training.arrays())
        shares = " ".join(f"{share:.3f}" for share in training.right_pairs())
        print(f"{training.name}: right pairs {shares}, {training.speed()}")
    if arrays:
        total = trainings[0].total_steps
        pytorch_weights.save_state(flags.out, arrays, base, total)
    for training in trainings:
        if training not in finished:
            print(f"{training.name} is not finished: {training.last_line()}")
    print(f"{len(finished)} of {len(trainings)} trainings in {flags.out}.")
    return int(len(finished) < len(trainings))


class Training:
    """One training and its files in `work/NAME`."""

    def __init__(self, config: config_lib.Config, work: str):
        self.name = config.name
        self.total_steps = num_steps(config)
        self._folder = os.path.join(work, self.name)
        self._state = os.path.join(self._folder, "state")
        self._config = os.path.join(self._folder, config_lib.FILE)
        self._log = os.path.join(self._folder, "log.txt")
        os.makedirs(self._folder, exist_ok=True)
        config_lib.save(config, self._config)

    @property
    def finished(self) -> bool:
        """Whether the state is that of the last step."""
        if not os.path.exists(os.path.join(self._state, config_lib.FILE)):
            return False
        return pytorch_weights.read_state(self._state)[2] == self.total_steps

    def start(self, flags, minutes: float) -> subprocess.Popen:
        """Starts or resumes the training."""
        command = [
            sys.executable,
            _PROGRAM,
            f"--pack={flags.pack}",
            f"--config={self._config}",
            f"--out={self._state}",
            f"--minutes={minutes}",
            f"--workers={flags.workers}",
            f"--log_seconds={flags.log_seconds}",
        ]
        if os.path.exists(os.path.join(self._state, config_lib.FILE)):
            command.append(f"--resume={self._state}")
        if flags.record:
            command.append("--record")
        # The threads of one process are enough for a core.
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with open(self._log, "a", encoding="utf-8") as file:
            return subprocess.Popen(
                command, stdout=file, stderr=subprocess.STDOUT, env=environment
            )

    def arrays(self) -> dict:
        """The averaged generator, kernels in float16, and the right pairs."""
        small = pytorch_weights.compact(pytorch_weights.read_state(self._state)[0])
        generator = pytorch_weights.of_network(small, GENERATOR[:-1])
        arrays = {f"{GENERATOR}{self.name}.{n}": v for n, v in generator.items()}
        arrays[RIGHT_PAIRS + self.name] = np.array(self.right_pairs())
        return arrays

    def right_pairs(self) -> list:
        """Mean share of right pairs by scale, over the second half of the steps."""
        rows = []
        for line in self._lines():
            step = re.match(r"step (\d+),", line)
            if step and int(step.group(1)) > self.total_steps / 2:
                shares = re.findall(r"right_pairs_\d+=([-+.\de]+)", line)
                rows.append([float(share) for share in shares])
        return list(np.mean(rows, axis=0)) if rows else []

    def speed(self) -> str:
        """The last speed in the log."""
        speeds = re.findall(r"\d+ pictures/s", "\n".join(self._lines()))
        return speeds[-1] if speeds else "no speed"

    def last_line(self) -> str:
        """The last line of the log."""
        return (self._lines() or ["not started"])[-1]

    def _lines(self):
        if not os.path.exists(self._log):
            return []
        with open(self._log, encoding="utf-8") as file:
            return file.read().splitlines()


def _run(trainings, flags, deadline) -> None:
    waiting = [training for training in trainings if not training.finished]
    running = {}
    try:
        while waiting or running:
            left = (deadline - time.monotonic()) / 60
            while waiting and len(running) < flags.parallel and left > 0:
                training = waiting.pop(0)
                running[training] = training.start(flags, left)
            if not running:
                return
            time.sleep(0.2)
            for training, process in list(running.items()):
                if process.poll() is not None:
                    del running[training]
                    print(f"{training.name}: {training.last_line()}", flush=True)
    finally:
        for process in running.values():
            process.terminate()


def _flags(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True, help="config of the base")
    parser.add_argument("--pack", required=True, help="folder of `pack_pictures`")
    parser.add_argument("--work", required=True, help="folder of the trainings")
    parser.add_argument("--out", required=True, help="folder of the results")
    parser.add_argument("--arms", nargs="*", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1])
    parser.add_argument("--parallel", type=int, default=12, help="trainings at once")
    parser.add_argument("--minutes", type=float, default=9.0, help="until all stop")
    parser.add_argument("--set", nargs="*", default=[], help="fields: a.b=value")
    parser.add_argument("--workers", type=int, default=1, help="loaders per training")
    parser.add_argument("--record", action="store_true", help="as for train_pytorch")
    parser.add_argument("--log_seconds", type=float, default=2.0)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(program.answered(lambda: main(sys.argv[1:])))

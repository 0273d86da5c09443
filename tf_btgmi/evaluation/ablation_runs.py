"""Runs the trainings of an ablation one after the other, each in a process of its own.

    OUTPUT/settings.json          what was asked for; a rerun has to ask for the same
    OUTPUT/configs/NAME.json      each training's experiment
    OUTPUT/runs/NAME              its workdir
    OUTPUT/runs/NAME/measured     is there when its results are in the evaluation
    OUTPUT/logs/NAME.log          what it said
    OUTPUT/evaluation             of all of them, as `tf_btgmi.evaluate` keeps it

A process of its own gives its memory back when it ends. Trainings resume where they
were stopped, and so do evaluations, so that the same command goes on.
"""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any, Dict, List, Sequence

from tf_btgmi import config as config_lib
from tf_btgmi.config import Config
from tf_btgmi.evaluation.ablation_arms import arm_config, run_name

EVALUATION = "evaluation"
_USAGE_EXIT_CODE = 2


class Ablation:
    """The trainings of one output folder.

    Args:
        folder: made if it is not there.
        base: the experiment that arms change.
        arms: names, the base among them.
        seeds: of the trainings.
        evaluation: flags of `tf_btgmi.evaluate` by name, without model and output.

    Raises:
        ValueError: an arm that does not fit, or a folder of other settings.
    """

    def __init__(
        self,
        folder: str,
        base: Config,
        arms: Sequence[str],
        seeds: Sequence[int],
        evaluation: Dict[str, Any],
    ):
        self.folder = folder
        self.evaluation = evaluation
        # The first seed in all arms first: then there is something to look at.
        self.configs = {
            run_name(arm, seed): arm_config(base, arm, seed)
            for seed in seeds
            for arm in arms
        }
        settings = {"base": dataclasses.asdict(base), "evaluation": evaluation}
        self._settle(json.loads(json.dumps(settings)))

    def run(self) -> List[str]:
        """Trains and measures what is missing.

        Returns:
            The names of trainings that failed; the others are measured.

        Raises:
            ValueError: a program refused its settings, which no other arm would mend.
        """
        failed = []
        for position, name in enumerate(self.configs, start=1):
            if os.path.exists(self._mark(name)):
                continue
            print(f"{position} of {len(self.configs)}: {name}", flush=True)
            started = time.monotonic()
            codes = self._call(name, self._training(name))
            codes = codes or self._call(name, self._measuring(name))
            if codes:
                failed.append(name)
                print(f"  failed: {self._last_line(name)}", flush=True)
                continue
            with open(self._mark(name), "w", encoding="utf-8"):
                pass
            minutes = (time.monotonic() - started) / 60.0
            print(f"  trained and measured, {minutes:.1f} min", flush=True)
        return failed

    def _training(self, name) -> List[str]:
        path = self._path("configs", f"{name}.json")
        config_lib.save(self.configs[name], path)
        return [
            "tf_btgmi.train",
            f"--config={path}",
            f"--workdir={self._workdir(name)}",
        ]

    def _measuring(self, name) -> List[str]:
        flags = {
            **self.evaluation,
            "methods": "",
            # What retouching draws is the same in all arms, and hides their difference.
            "retouched": False,
            "model": f"{name}={self._workdir(name)}",
            "baseline": name,
            "output": self._path(EVALUATION),
        }
        return ["tf_btgmi.evaluate", *(f"--{k}={v}" for k, v in flags.items())]

    def _call(self, name, arguments) -> int:
        log = self._path("logs", f"{name}.log")
        with open(log, "a", encoding="utf-8") as file:
            # Signals reach it from here alone, once each: a second one would end a
            # training before it has saved.
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                with _sigterm_as_exit():
                    code = process.wait()
            except BaseException:
                process.terminate()
                process.wait()
                raise
        if code == _USAGE_EXIT_CODE:
            raise ValueError(f"{name}: {self._last_line(name)}")
        return code

    def _settle(self, wanted) -> None:
        path = self._path("settings.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                known = json.load(file)
            for key, value in _flat(wanted).items():
                before = _flat(known).get(key)
                if before != value:
                    raise ValueError(
                        f"{self.folder} holds an ablation of other settings: {key} was "
                        f"{before!r} and is now {value!r}. Give another --output."
                    )
        with open(path, "w", encoding="utf-8") as file:
            json.dump(wanted, file, indent=2)

    def _workdir(self, name) -> str:
        return self._path("runs", name)

    def _mark(self, name) -> str:
        return os.path.join(self.folder, "runs", name, "measured")

    def _path(self, *parts) -> str:
        path = os.path.join(self.folder, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def _last_line(self, name) -> str:
        with open(self._path("logs", f"{name}.log"), encoding="utf-8") as file:
            lines = [line for line in file.read().splitlines() if line.strip()]
        return lines[-1] if lines else "it said nothing"


@contextlib.contextmanager
def _sigterm_as_exit():
    def leave(number, frame):
        print("Stopped. The same command goes on from there.", flush=True)
        sys.exit(0)

    previous = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _flat(tree, prefix="") -> Dict[str, Any]:
    flat = {}
    for key, value in tree.items():
        path = f"{prefix}.{key}" if prefix else key
        if isinstance(value, dict):
            flat.update(_flat(value, path))
        else:
            flat[path] = value
    return flat

"""Runs the trainings of an ablation study in turn, each in its own process.

    OUTPUT/settings.json          settings; a resumed study must have the same
    OUTPUT/configs/NAME.json      config of a training
    OUTPUT/runs/NAME              its workdir
    OUTPUT/runs/NAME/measured     exists once its results are in the evaluation
    OUTPUT/logs/NAME.log          its output
    OUTPUT/evaluation             the evaluation of all trainings

A process returns its memory when it ends. Trainings and evaluations resume, so the same
command resumes a stopped study. A training whose workdir has the checkpoint of the last
step, wherever it was made, is only measured.
"""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any, Sequence

from tf_btgmi import config as config_lib
from tf_btgmi import files, interrupts, wording
from tf_btgmi.ablation.arms import arm_config, num_steps, run_name
from tf_btgmi.config import Config
from tf_btgmi.workdir import has_checkpoint

EVALUATION = "evaluation"
RUNS = "runs"
_USAGE_EXIT_CODE = 2


class Ablation:
    """The trainings of one output folder.

    Args:
        folder: the output folder; created if it does not exist.
        base: the config that arms change.
        arms: names of the arms, including the base.
        seeds: seeds of the trainings.
        evaluation: flags of the evaluation by name, without model and output.
        train: command that trains; `--config` and `--workdir` are appended.
        evaluate: command that evaluates; its flags are appended.

    Raises:
        ValueError: an arm does not fit, or the folder holds a study of other settings.
    """

    def __init__(
        self,
        folder: str,
        base: Config,
        arms: Sequence[str],
        seeds: Sequence[int],
        evaluation: dict[str, Any],
        train: Sequence[str],
        evaluate: Sequence[str],
    ):
        self.folder = folder
        self.evaluation = evaluation
        self._train = train
        self._evaluate = evaluate
        # All arms of the first seed come first, so that they can be compared early.
        self.configs = {
            run_name(arm, seed): arm_config(base, arm, seed)
            for seed in seeds
            for arm in arms
        }
        settings = {"base": dataclasses.asdict(base), "evaluation": evaluation}
        self._settle(json.loads(json.dumps(settings)))

    def run(self) -> list[str]:
        """Trains and evaluates the missing arms.

        Returns:
            The names of failed trainings.

        Raises:
            ValueError: a command refused its flags, which no other arm would change, or
                another study is running in the folder.
        """
        # Children inherit the lock: a training goes on when this process is killed.
        with files.only_one("study", self.folder, "--output") as self._lock:
            return self._run()

    def _run(self) -> list[str]:
        failed = []
        for position, name in enumerate(self.configs, start=1):
            if os.path.exists(self._mark(name)):
                continue
            print(f"{position} of {len(self.configs)}: {name}", flush=True)
            started = time.monotonic()
            trained = self._is_trained(name)
            codes = 0 if trained else self._call(name, self._training(name))
            # A training that was told to stop ends with 0 as well.
            codes = codes or int(not self._is_trained(name))
            codes = codes or self._call(name, self._measuring(name))
            if codes:
                failed.append(name)
                print(f"  failed: {self._reason(name, codes)}", flush=True)
                continue
            with open(self._mark(name), "w", encoding="utf-8"):
                pass
            minutes = (time.monotonic() - started) / 60.0
            work = "measured" if trained else "trained and measured"
            print(f"  {work}, {minutes:.1f} min", flush=True)
        return failed

    def _is_trained(self, name) -> bool:
        config, workdir = self.configs[name], self._workdir(name)
        if not has_checkpoint(workdir, num_steps(config)):
            return False
        return config_lib.load(os.path.join(workdir, config_lib.FILE)) == config

    def _training(self, name) -> list[str]:
        path = self._path("configs", f"{name}.json")
        config_lib.save(self.configs[name], path)
        return [*self._train, f"--config={path}", f"--workdir={self._workdir(name)}"]

    def _measuring(self, name) -> list[str]:
        flags = {
            **self.evaluation,
            "methods": "",
            # Retouching would hide differences between networks.
            "retouched": False,
            "model": f"{name}={self._workdir(name)}",
            "baseline": name,
            "output": self._path(EVALUATION),
        }
        return [*self._evaluate, *(f"--{k}={v}" for k, v in flags.items())]

    def _call(self, name, command) -> int:
        log = self._path("logs", f"{name}.log")
        with open(log, "a", encoding="utf-8") as file:
            # In its own session it gets each signal once, from here: a second one would
            # end a training before it has saved.
            process = subprocess.Popen(
                command,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[self._lock],
            )
            try:
                with interrupts.handled(_leave, signal.SIGTERM, signal.SIGINT):
                    code = process.wait()
            except BaseException:
                process.terminate()
                process.wait()
                raise
        if code == _USAGE_EXIT_CODE:
            raise ValueError(f"{name}: {self._last_line(name)}")
        return code

    def _settle(self, settings) -> None:
        path = self._path("settings.json")
        if os.path.exists(path):
            known, new = _flat(files.read_json(path)), _flat(settings)
            # A flag of the evaluation counts also where it is no longer given; a field
            # that configs no longer have does not.
            changes = {
                name: (known.get(name), new.get(name))
                for name in {**known, **new}
                if name in new or name.startswith("evaluation.")
                if known.get(name) != new.get(name)
            }
            if changes:
                raise ValueError(
                    f"{self.folder} contains an ablation with different settings: "
                    f"{wording.changes(changes)}. Choose another --output."
                )
        files.write_json(path, settings)

    def _workdir(self, name) -> str:
        return self._path(RUNS, name)

    def _mark(self, name) -> str:
        return os.path.join(self._workdir(name), "measured")

    def _path(self, *parts) -> str:
        path = os.path.join(self.folder, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def _reason(self, name, code) -> str:
        # The last line of a killed program is of its progress.
        return _killed_by(-code) if code < 0 else self._last_line(name)

    def _last_line(self, name) -> str:
        with open(self._path("logs", f"{name}.log"), encoding="utf-8") as file:
            lines = [line for line in file.read().splitlines() if line.strip()]
        return lines[-1] if lines else "no output"


def _killed_by(number: int) -> str:
    names = {member.value: member.name for member in signal.Signals}
    text = f"ended by signal {number} ({names.get(number, 'unknown')}"
    return f"{text}; often out of memory)" if number == signal.SIGKILL else f"{text})"


def _leave(number, frame) -> None:
    print(
        "Stopping. Finished arms are kept, and the training is saved. The same command "
        "resumes.",
        flush=True,
    )
    # As a training ends.
    sys.exit(interrupts.EXIT_CODE if number == signal.SIGINT else 0)


def _flat(tree, prefix="") -> dict[str, Any]:
    flat = {}
    for key, value in tree.items():
        path = f"{prefix}.{key}" if prefix else key
        if isinstance(value, dict):
            flat.update(_flat(value, path))
        else:
            flat[path] = value
    return flat

"""Tiny trainings as processes: started, watched, killed, and their weights compared."""

import dataclasses
import os
import re
import subprocess
import sys
import time
from typing import Callable, Dict, List, Optional

import numpy as np
from PIL import Image

from tf_btgmi import config as config_lib

HEAD_STEPS, TOTAL_STEPS = 200, 300
STEPS_BETWEEN = 3
# Past this a training hangs, which is as bad as a loss.
SECONDS_TO_END = 1_500.0


@dataclasses.dataclass
class Outcome:
    """What a fault came to: a row of the table."""

    fault: str
    tried: int
    good: int
    said: str

    def row(self) -> str:
        return f"| {self.fault} | {self.tried} | {self.good} | {self.said} |"


class Bench:
    """A folder with pictures and a config, in which trainings run.

    Attributes:
        folder: where each training has a folder and a log of its name.
        config: path of the config: 200 steps of the head, 100 of a block, a checkpoint
            every 3 steps.
    """

    def __init__(self, folder: str):
        self.folder = folder
        self.config = os.path.join(folder, "config.json")
        pictures = os.path.join(folder, "pictures")
        os.makedirs(pictures, exist_ok=True)
        rng = np.random.default_rng(0)
        for number in range(9):
            colors = rng.integers(0, 256, [5, 5, 3], np.uint8)
            image = Image.fromarray(colors).resize((40, 40), Image.BICUBIC)
            image.save(os.path.join(pictures, f"{number}.png"))
        config_lib.save(_tiny(pictures), self.config)
        self._undisturbed = None
        self._count = 0

    def path(self, name: str) -> str:
        """The workdir of the training `name`."""
        return os.path.join(self.folder, name)

    def start(self, workdir: str, *arguments: str, **options) -> "Training":
        """Starts the train program in `workdir`; see `Training`."""
        self._count += 1
        log = os.path.join(self.folder, f"log-{self._count:03d}.txt")
        return Training(self.config, workdir, log, arguments, **options)

    def run(self, workdir: str, *arguments: str, **options) -> "Training":
        """As `start`, and waits for its end."""
        training = self.start(workdir, *arguments, **options)
        training.wait()
        return training

    def run_undisturbed(self) -> Dict[str, np.ndarray]:
        """Everything in the last checkpoint of a run that nothing happened to.

        It is run the first time only.
        """
        if self._undisturbed is None:
            say("the undisturbed run")
            workdir = self.path("undisturbed")
            training = self.run(workdir)
            if training.code:
                raise RuntimeError(f"The undisturbed run failed: {training.last_line}")
            self._undisturbed = numbers(workdir)
        return self._undisturbed

    def ended_bit_equal(self, workdir: str) -> bool:
        """Whether the last checkpoint in `workdir` is the undisturbed run's."""
        return same(numbers(workdir), self.run_undisturbed())


class Training:
    """One process of the train program.

    Args:
        config: path of its config.
        workdir: its folder.
        log: file that takes what it prints.
        arguments: more flags.
        environment: variables added to this process's.
        module: what is run in the train program's place.
        preexec: see `subprocess.Popen`.
    """

    def __init__(
        self,
        config: str,
        workdir: str,
        log: str,
        arguments=(),
        environment: Optional[dict] = None,
        module: str = "tf_btgmi.train",
        preexec: Optional[Callable] = None,
    ):
        self.workdir = workdir
        self._log = log
        command = [sys.executable, "-m", module, f"--config={config}"]
        with open(log, "w", encoding="utf-8") as file:
            self._process = subprocess.Popen(
                [*command, f"--workdir={workdir}", *arguments],
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", **(environment or {})},
                preexec_fn=preexec,
            )

    @property
    def code(self) -> Optional[int]:
        """The exit code, None while it runs."""
        return self._process.poll()

    @property
    def text(self) -> str:
        """What it has printed."""
        with open(self._log, encoding="utf-8", errors="replace") as file:
            return file.read()

    @property
    def last_line(self) -> str:
        lines = self.text.strip().splitlines()
        return lines[-1] if lines else ""

    @property
    def resumed_at(self) -> int:
        """The step that it went on from, 0 where it began anew."""
        found = re.search(r"Resumed from .*, step (\d+)\.", self.text)
        return int(found.group(1)) if found else 0

    def wait(self, seconds: float = SECONDS_TO_END) -> Optional[int]:
        """Its exit code once it has ended; None, and killed, where it does not end."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def wait_for(self, condition: Callable[[], bool], pause: float = 0.02) -> bool:
        """Waits until `condition()`; False where the training ends, or hangs, first."""
        end = time.monotonic() + SECONDS_TO_END
        while not condition():
            if self.code is not None or time.monotonic() > end:
                return False
            time.sleep(pause)
        return True

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def failed_in_one_line(self, code: int, words: str) -> bool:
        """Whether it ended with `code` and a last line that says `words`."""
        whole = self.text
        ok = self.code == code and words in self.last_line
        return ok and "Traceback" not in whole


def named_step(workdir: str) -> int:
    """The step of the newest checkpoint by its own record, 0 where there is none."""
    try:
        with open(os.path.join(workdir, "checkpoints", "checkpoint")) as file:
            found = re.search(r'^model_checkpoint_path: "ckpt-(\d+)"', file.read())
    except FileNotFoundError:
        return 0
    return int(found.group(1)) if found else 0


def numbers(workdir: str) -> Dict[str, np.ndarray]:
    """Every number of the newest checkpoint, by name, but for how often was saved."""
    import tensorflow as tf

    path = os.path.join(workdir, "checkpoints", f"ckpt-{named_step(workdir)}")
    reader = tf.train.load_checkpoint(path)
    names = [
        name
        for name in reader.get_variable_to_shape_map()
        if "OBJECT_GRAPH" not in name and not name.startswith("save_counter")
    ]
    return {name: reader.get_tensor(name) for name in names}


def same(first: Dict[str, np.ndarray], second: Dict[str, np.ndarray]) -> bool:
    """Whether two checkpoints hold the same names and, to the last bit, numbers."""
    return set(first) == set(second) and all(
        np.array_equal(first[name], second[name]) for name in first
    )


def say(text: str) -> None:
    """A line of progress."""
    print(text, flush=True)


def entries(folder: str) -> List[str]:
    """Names in `folder`, none where it is missing."""
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _tiny(pictures: str) -> config_lib.Config:
    config = config_lib.Config(name="tiny")
    config.data.source = f"folder:{pictures}"
    config.data.num_validation_images = 0
    config.data.image_size = 32
    config.data.global_batch_size = 2
    config.generator.base_filters = 4
    config.generator.max_filters = 8
    config.generator.num_downsamplings = 2
    config.generator.num_head_blocks = 1
    config.discriminator.base_filters = 4
    config.discriminator.num_scales = 1
    config.losses.reconstruction = "l1"
    config.procedure.head_steps = HEAD_STEPS
    config.procedure.num_refinement_blocks = 1
    config.procedure.refinement_steps = TOTAL_STEPS - HEAD_STEPS
    config.procedure.fade_in_steps = 50
    config.training.log_every_steps = 10
    config.training.checkpoint_every_steps = STEPS_BETWEEN
    return config

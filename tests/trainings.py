"""Runs of the train program in processes, and what their checkpoints hold."""

import os
import re
import subprocess
import sys
import time

import numpy as np

from tests.programs import ROOT, run_program

_STARTED = []


def run(*arguments, timeout=600):
    """Runs the train program to its end."""
    return run_program("tf_btgmi.train", *arguments, timeout=timeout)


def start(log, *arguments, command=("-m", "tf_btgmi.train"), **environment):
    """Starts the train program; its output goes to the file `log`."""
    with open(log, "w", encoding="utf-8") as file:
        process = subprocess.Popen(
            [sys.executable, *command, *map(str, arguments)],
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={**os.environ, **environment},
        )
    _STARTED.append(process)
    return process


def end_all():
    """Ends the trainings that a test started and did not end."""
    while _STARTED:
        process = _STARTED.pop()
        process.kill()
        process.wait()


def wait_for(condition, process, seconds=600, pause=0.05):
    """Waits until `condition()` while the process runs."""
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "it ended by itself"
        assert time.monotonic() < end, "it took too long"
        time.sleep(pause)


def named_step(workdir) -> int:
    """Returns the step of the newest checkpoint by its own record, 0 without one."""
    try:
        with open(os.path.join(workdir, "checkpoints", "checkpoint")) as file:
            match = re.search(r'^model_checkpoint_path: "ckpt-(\d+)"', file.read())
    except FileNotFoundError:
        return 0
    return int(match.group(1)) if match else 0


def numbers(workdir) -> dict:
    """Returns the arrays of the newest checkpoint by name, without its save counter."""
    import tensorflow as tf

    path = os.path.join(workdir, "checkpoints", f"ckpt-{named_step(workdir)}")
    reader = tf.train.load_checkpoint(path)
    names = [
        name
        for name in reader.get_variable_to_shape_map()
        if "OBJECT_GRAPH" not in name and not name.startswith("save_counter")
    ]
    return {name: reader.get_tensor(name) for name in names}


def write_run(config, folder: str, value_of=None, step: int = 0) -> None:
    """Writes the run of a generator that was not trained.

    Args:
        config: of the run.
        folder: its workdir, made if it is missing.
        value_of: name and shape of a weight to its value; None keeps the initial one.
        step: of the checkpoint.
    """
    import tensorflow as tf

    from tf_btgmi import config as config_lib
    from tf_btgmi.models.build import build_generator
    from tf_btgmi.models.naming import named_weights

    os.makedirs(folder, exist_ok=True)
    config_lib.save(config, os.path.join(folder, "config.json"))
    weights = named_weights(build_generator(config))
    for name, variable in weights.items() if value_of else ():
        value = value_of(name, tuple(variable.shape))
        if value is not None:
            variable.assign(np.float32(value))
    step = tf.Variable(step, dtype=tf.int64)
    checkpoint = tf.train.Checkpoint(ema_generator=weights, step=step)
    checkpoints = os.path.join(folder, "checkpoints")
    tf.train.CheckpointManager(checkpoint, checkpoints, 1).save()


def write_lively_run(config, folder: str) -> None:
    """Writes a run at step 2 whose every weight matters to what it predicts."""
    rng = np.random.default_rng(0)
    write_run(config, folder, lambda *weight: lively_value(rng, *weight), step=2)


def lively_value(rng, name, shape):
    """A random value of a weight that matters to what its network predicts."""
    value = rng.normal(0.0, 0.1, shape)
    if "variance" in name:
        return rng.uniform(0.3, 3.0, shape)
    return value if "kernel" in name else value + 0.4

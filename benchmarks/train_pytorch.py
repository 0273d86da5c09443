"""Trains a config with PyTorch alone, on a GPU, without TensorFlow or internet access.

    python benchmarks/train_pytorch.py --config=configs/outdoor_128.py \
        --pack=runs/pack --out=runs/twin --minutes=9 \
        --set data.global_batch_size=64 training.precision=mixed_bfloat16

It starts from random weights, from those of a release or state (`--init`), or resumes a
state with its moments and step (`--resume`). A state is written to `--out` every two
minutes and at the end; `benchmarks.pytorch_runs` makes a run's workdir of it.
docs/training.md, "On a GPU, by PyTorch", has all commands.
"""

import argparse
import ast
import dataclasses
import functools
import math
import os
import sys
import tempfile
import time

# Where it is started by its path, as on a machine where nothing is installed.
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from benchmarks import requirements  # noqa: E402
from tf_btgmi.cli import program  # noqa: E402

if __name__ == "__main__":
    # Before modules that import it.
    program.answered(requirements.need_pytorch)

import numpy as np  # noqa: E402
import torch  # noqa: E402

from benchmarks import (  # noqa: E402
    pytorch_data,
    pytorch_guided,
    pytorch_guided_data,
    pytorch_losses,
    pytorch_model,
    pytorch_step,
    pytorch_weights,
)
from tf_btgmi import assets  # noqa: E402
from tf_btgmi import config as config_lib  # noqa: E402
from tf_btgmi.config import files as config_files  # noqa: E402
from tf_btgmi.schedules import Schedules  # noqa: E402

_SAVE_SECONDS = 120


def main(arguments) -> int:
    """Trains until the config's last step or for `--minutes`."""
    start = time.monotonic()
    flags = _flags(arguments)
    if flags.record and not torch.cuda.is_available():
        raise ValueError("--record replays CUDA graphs: leave it out without a GPU.")
    arrays, step = {}, 0
    source = flags.resume or flags.init
    if source:
        arrays, config, steps = pytorch_weights.read_state(source)
        step = steps if flags.resume else 0
    if flags.config:
        config = config_files.read(flags.config)
    config = overridden(config, flags.set)
    config_lib.validate_training(config)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.benchmark = True
    with tempfile.TemporaryDirectory() as folder:
        masks = pytorch_data.unpack_object_masks(flags.pack, folder)
        pictures = pytorch_data.read_pictures(flags.pack)
        print(f"{len(pictures)} pictures, {device}, from step {step}.", flush=True)
        training = make_training(config, arrays, device, flags.record)
        if flags.resume:
            training.restore(arrays)
        drawn = overridden(config, [f"masks.objects_folder={masks!r}"])
        make_batches = functools.partial(pytorch_data.Batches, pictures, drawn)
        if config.task == "guided":
            objects = pytorch_guided_data.read_objects(flags.pack, config)
            make_batches = functools.partial(
                pytorch_guided_data.GuidedBatches, pictures, objects, drawn
            )
        run = Run(training, config, make_batches, device, flags)
        return run(step, start + 60 * flags.minutes)


def overridden(config: config_lib.Config, settings: list) -> config_lib.Config:
    """A config with fields replaced.

    Args:
        config: the experiment.
        settings: texts such as `training.seed=1`.

    Raises:
        ValueError: no such field, or not one of its values.
    """
    tree = dataclasses.asdict(config)
    for setting in settings:
        path, _, text = setting.partition("=")
        *sections, leaf = path.split(".")
        node = tree
        for name in sections:
            node = node.setdefault(name, {})
        try:
            node[leaf] = ast.literal_eval(text)
        except (SyntaxError, ValueError):
            node[leaf] = text
    return config_lib.from_dict(tree)


def make_training(
    config, arrays: dict, device: str, recorded: bool = False
) -> pytorch_step.TrainingStep:
    """The networks and their training step, from arrays where there are some."""
    torch.manual_seed(config.training.seed)
    blocks = config.procedure.num_refinement_blocks
    guided = config.task == "guided"
    make = pytorch_guided.GuidedGenerator if guided else pytorch_model.Generator
    networks = {
        "generator": make(config.generator, blocks),
        "ema_generator": make(config.generator, blocks),
        "discriminator": pytorch_model.MultiScaleDiscriminator(config.discriminator),
    }
    for name, network in networks.items():
        is_generator = name != "discriminator"
        fields = config.generator if is_generator else config.discriminator
        pytorch_weights.initialize(network, fields.init_stddev)
        if is_generator:
            network.begin_refinement()
        own = pytorch_weights.of_network(arrays, name)
        if own and is_generator:
            # Blocks that the arrays do not have are new, and the same in the average.
            own = {**pytorch_weights.refinement(networks["generator"]), **own}
        if guided and is_generator:
            network.begin_without_change()
            if name == "generator":
                network.shares = (1.0, 0.0)
            own = own and pytorch_guided.completed(own, network)
        if own:
            pytorch_weights.assign(network, own)
        elif name == "ema_generator":
            network.load_state_dict(networks["generator"].state_dict())
    with np.load(assets.perceptual_weights_path(), allow_pickle=False) as weights:
        lpips = pytorch_losses.LPIPS(dict(weights))
    moved = [
        network.to(device, memory_format=torch.channels_last)
        for network in (*networks.values(), lpips)
    ]
    return pytorch_step.TrainingStep(*moved, config, recorded)


class Run:
    """The stages of a config from a step on.

    Args:
        training: the step.
        config: the experiment.
        make_batches: makes `pytorch_data.Batches` of a size.
        device: `cuda` or `cpu`.
        flags: `out`, `workers` and `log_seconds`.
    """

    def __init__(self, training, config, make_batches, device, flags):
        self._training = training
        self._config = config
        self._make_batches = make_batches
        self._device = device
        self._flags = flags
        self._schedules = Schedules(config.procedure)

    def __call__(self, step: int, deadline: float) -> int:
        """Trains from `step` on until a time of `time.monotonic()`.

        Returns:
            0, or 1 where a loss or weight is not finite; nothing is saved then.
        """
        todo = self._schedules.segments(step, self._config.data.image_size)
        log = _Log(self._flags.log_seconds)
        saved = time.monotonic()
        for first, end, stage, size in todo:
            begins = stage > 0 and first == self._schedules.plan.start(stage)
            if begins and first > step and self._save(first):
                return 1
            self._begin(first, stage, size, begins)
            steps = range(first, end)
            mixed = size == self._config.data.image_size and self._flags.mixed_sizes
            batches = self._make_batches(mixed or [size])
            loader = pytorch_data.loader(batches, steps, self._flags.workers)
            for step, batch in zip(steps, loader):
                values = self._training.schedule(self._schedules, step)
                inputs = pytorch_data.to_device(batch, self._device)
                guide = pytorch_guided_data.guide(batch, inputs[1])
                losses = self._training(*inputs, step, self._jitter(step), guide)
                if not log(step, len(inputs[0]), losses, values):
                    print("A loss is not finite; stopped.", flush=True)
                    return 1
                now = time.monotonic()
                if now > deadline:
                    return self._save(step + 1)
                if now > saved + _SAVE_SECONDS:
                    if self._save(step + 1):
                        return 1
                    saved = now
        return self._save(self._schedules.plan.total_steps)

    def _begin(self, first, stage, size, begins):
        procedure = self._config.procedure
        trained = self._schedules.trained(first)
        self._training.begin_stage(self._schedules.num_active_blocks(first), trained)
        if begins and procedure.restart_optimizer:
            self._training.restart_generator_optimizer()
        print(f"Stage {stage}, step {first}, {size} px, {' and '.join(trained)}.")

    def _jitter(self, step):
        rng = np.random.default_rng((self._config.training.seed, step, 7))
        return pytorch_data.moved(rng.random(4, np.float32), self._device)

    def _save(self, step):
        arrays = self._training.state()
        if not all(np.isfinite(value).all() for value in arrays.values()):
            print(f"A weight is not finite at step {step}; stopped.", flush=True)
            return 1
        pytorch_weights.save_state(self._flags.out, arrays, self._config, step)
        if self._flags.compact:
            small = pytorch_weights.compact(arrays)
            pytorch_weights.save_state(self._flags.compact, small, self._config, step)
        print(f"Saved step {step} in {self._flags.out}.", flush=True)
        return 0


class _Log:
    """Prints means of the losses and the speed every so many seconds."""

    def __init__(self, seconds):
        self._seconds = seconds
        self._start()

    def _start(self):
        self._sums, self._count, self._since = {}, 0, time.monotonic()
        self._pictures = 0

    def __call__(self, step, num_pictures, losses, values) -> bool:
        """Whether the losses are finite, checked when a line is due."""
        self._count += 1
        self._pictures += num_pictures
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        if time.monotonic() < self._since + self._seconds:
            return True
        # Waits for the device.
        means = {n: float(v) / self._count for n, v in self._sums.items()}
        seconds = time.monotonic() - self._since
        speed = self._pictures / seconds
        numbers = {**means, **values}
        text = " ".join(f"{name}={value:.4g}" for name, value in numbers.items())
        print(f"step {step + 1}, {speed:.0f} pictures/s: {text}", flush=True)
        self._start()
        return all(map(math.isfinite, means.values()))


def _flags(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pack", required=True, help="folder of `pack_pictures`")
    parser.add_argument("--config", help="config file; default: that of --init")
    parser.add_argument("--init", help="release or state to start from, at step 0")
    parser.add_argument("--resume", help="state to resume")
    parser.add_argument("--out", required=True, help="folder of the written state")
    parser.add_argument(
        "--compact",
        help="folder of a small state beside it: averaged generator and discriminator, "
        "kernels in float16",
    )
    parser.add_argument(
        "--mixed_sizes",
        nargs="*",
        type=int,
        default=[],
        help="sides in pixels that take turns where data.image_size would be it, the "
        "first in batches of data.global_batch_size",
    )
    parser.add_argument("--minutes", type=float, default=9.0, help="until it stops")
    parser.add_argument("--set", nargs="*", default=[], help="fields: a.b=value")
    parser.add_argument("--workers", type=int, default=(os.cpu_count() or 2) - 1)
    parser.add_argument("--log_seconds", type=float, default=10.0)
    parser.add_argument(
        "--record", action="store_true", help="replay steps as CUDA graphs: faster"
    )
    flags = parser.parse_args(arguments)
    if not (flags.config or flags.init or flags.resume):
        parser.error("give --config, --init or --resume")
    if flags.init and flags.resume:
        parser.error("give --init or --resume, not both")
    return flags


if __name__ == "__main__":
    sys.exit(program.answered(lambda: main(sys.argv[1:])))

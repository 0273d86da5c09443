"""Fine-tunes how a guided model changes colours, with PyTorch alone; its fills stay.

    python benchmarks/finetune_colors.py --init=btgmi-guided-128 \
        --pack=runs/pack_guided --out=runs/colors --steps=2900 \
        --set guided.harder_changes=0.6 guided.clashing=0.2 guided.shifts=0.45 \
        data.global_batch_size=16

The loss of the second output is the root of the mean squared error over the object,
with the release's shares of the change; the first output is held, in the hole, to what
the network filled at the start, by `--keep` times their L1 distance. So no
discriminator is needed. It runs on a CPU, in bfloat16. Normalizations keep their
statistics. The rate rises for 50 steps and falls to 0 as a cosine; the second back end
has `--learning_rate`, all other weights half of it. The averaged weights are written to
`--out`, a state for `benchmarks.pytorch_runs`; the same command resumes.
"""

import argparse
import copy
import math
import os
import sys
import time

# Where it is started by its path, as on a machine where nothing is installed.
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from benchmarks import requirements  # noqa: E402
from tf_btgmi.cli import program  # noqa: E402

if __name__ == "__main__":
    # Before modules that import it.
    program.answered(requirements.need_pytorch)

import torch  # noqa: E402

from benchmarks import (  # noqa: E402
    pytorch_data,
    pytorch_guided,
    pytorch_guided_data,
    pytorch_losses,
    pytorch_weights,
)
from benchmarks.train_pytorch import overridden  # noqa: E402
from tf_btgmi import assets  # noqa: E402
from tf_btgmi.schedules import Schedules  # noqa: E402

_RESUMED = "finetuning.pt"
_WARMUP_STEPS = 50
_LARGEST_DECAY = 0.998
_LOG_STEPS = 100
# Under the root, whose gradient has no limit at 0.
_LEAST_ERROR = 1e-4


def main(arguments) -> int:
    """Fine-tunes until the last step."""
    flags = _flags(arguments)
    arrays, config, _ = pytorch_weights.read_state(assets.model_folder(flags.init))
    if config.task != "guided":
        raise ValueError(f"{flags.init} is no guided model.")
    config = overridden(config, ["masks.objects_folder=''", *flags.set])
    network = _generator(config)
    own = pytorch_weights.of_network(arrays, "ema_generator")
    pytorch_weights.assign(network, own)
    tuning = Finetuning(network, flags.learning_rate, flags.keep, flags.steps)
    path = os.path.join(flags.out, _RESUMED)
    if os.path.exists(path):
        tuning.load_state_dict(torch.load(path, weights_only=True))
    pictures = pytorch_data.read_pictures(flags.pack)
    objects = pytorch_guided_data.read_objects(flags.pack, config)
    size = config.data.image_size
    batches = pytorch_guided_data.GuidedBatches(pictures, objects, config, [size])
    steps = range(tuning.step, flags.steps)
    since, losses = time.monotonic(), []
    for batch in pytorch_data.loader(batches, steps, flags.workers):
        losses.append(torch.stack(tuning(batch)))
        if tuning.step % _LOG_STEPS and tuning.step < flags.steps:
            continue
        colors, fills = torch.stack(losses).mean(0).tolist()
        if not math.isfinite(colors + fills):
            raise FloatingPointError(f"The loss is not finite at step {tuning.step}.")
        seconds = time.monotonic() - since
        print(
            f"step {tuning.step} of {flags.steps}: colours {colors:.4f}, fills "
            f"{fills:.4f}, {seconds:.0f} s",
            flush=True,
        )
        _save(flags.out, tuning, config)
        since, losses = time.monotonic(), []
    return 0


class Finetuning:
    """The networks and one step.

    Attributes:
        step: number of steps taken.
        averaged: weights of the network by name, their moving average.

    Args:
        network: a `GuidedGenerator`, which is trained.
        learning_rate: of its second back end.
        keep: weight of the distance between its fills and those of the start.
        num_steps: of the whole training.
    """

    def __init__(self, network, learning_rate: float, keep: float, num_steps: int):
        self.step = 0
        self._network = network.eval()
        self._teacher = copy.deepcopy(network).requires_grad_(False)
        self._keep, self._num_steps = keep, num_steps
        named = list(network.named_parameters())
        colors = [p for name, p in named if name.startswith("harmonized_")]
        others = [p for name, p in named if not name.startswith("harmonized_")]
        self._rates = (learning_rate, learning_rate / 2)
        groups = [{"params": colors}, {"params": others}]
        self._optimizer = torch.optim.Adam(groups, betas=(0.9, 0.999))
        self.averaged = {k: v.clone() for k, v in network.state_dict().items()}

    def __call__(self, batch) -> tuple:
        """Takes a step; returns the losses of colours and fills, scalars."""
        share = min(1.0, (self.step + 1) / _WARMUP_STEPS)
        share *= 0.5 + 0.5 * math.cos(math.pi * self.step / self._num_steps)
        for group, rate in zip(self._optimizer.param_groups, self._rates):
            group["lr"] = rate * share
        losses = self._losses(batch)
        self._optimizer.zero_grad()
        (losses[0] + self._keep * losses[1]).backward()
        self._optimizer.step()
        self.step += 1
        self._update_average()
        return tuple(loss.detach() for loss in losses)

    def state_dict(self) -> dict:
        """What `load_state_dict` takes."""
        return {
            "step": self.step,
            "network": self._network.state_dict(),
            "averaged": self.averaged,
            "optimizer": self._optimizer.state_dict(),
        }

    def load_state_dict(self, state: dict) -> None:
        """Continues where `state_dict` was called."""
        self.step = state["step"]
        self._network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.averaged = state["averaged"]

    def _losses(self, batch):
        image, hole, _ = pytorch_data.to_device(batch, "cpu")
        guide = pytorch_guided_data.guide(batch, hole)
        inputs = torch.cat([guide.masked_image, hole, guide.foreground], 1)
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        count = len(image)
        with torch.autocast("cpu", torch.bfloat16):
            filled, harmonized = self._network(inputs).float().split(count)
            with torch.no_grad():
                kept = self._teacher(inputs).float()[:count]
        squared = (harmonized - image).square()
        error = pytorch_losses.region_mean(squared, guide.foreground)
        root = (error + _LEAST_ERROR).sqrt()
        # Examples of plain holes have no foreground.
        present = guide.foreground.amax((1, 2, 3))
        distance = pytorch_losses.region_mean((filled - kept).abs(), hole)
        return (root * present).mean(), distance.mean()

    @torch.no_grad()
    def _update_average(self):
        decay = min(_LARGEST_DECAY, self.step / (self.step + 9))
        for name, value in self._network.state_dict().items():
            if value.dtype.is_floating_point:
                self.averaged[name].lerp_(value, 1 - decay)


def _generator(config):
    blocks = config.procedure.num_refinement_blocks
    network = pytorch_guided.GuidedGenerator(config.generator, blocks)
    network.begin_refinement()
    return network.to(memory_format=torch.channels_last)


def _save(folder, tuning, config):
    network = _generator(config)
    network.load_state_dict(tuning.averaged)
    arrays = {
        f"{prefix}.{name}": value
        for name, value in pytorch_weights.to_arrays(network).items()
        for prefix in ("ema_generator", "generator")
    }
    # The network has all its blocks, as after the config's last step.
    step = Schedules(config.procedure).plan.total_steps
    pytorch_weights.save_state(folder, arrays, config, step)
    path = os.path.join(folder, _RESUMED)
    torch.save(tuning.state_dict(), path + ".tmp")
    os.replace(path + ".tmp", path)


def _flags(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--init", required=True, help="release or state to start from")
    parser.add_argument("--pack", required=True, help="folder of `pack_pictures`")
    parser.add_argument("--out", required=True, help="folder of the written state")
    parser.add_argument("--steps", type=int, default=2400, help="of the whole training")
    parser.add_argument("--learning_rate", type=float, default=3e-4)
    parser.add_argument("--keep", type=float, default=4.0, help="weight of the fills")
    parser.add_argument("--set", nargs="*", default=[], help="fields: a.b=value")
    parser.add_argument("--workers", type=int, default=0, help="that draw examples")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(program.answered(lambda: main(sys.argv[1:])))

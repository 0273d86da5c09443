"""Weights of PyTorch's networks by TensorFlow's names, and their files.

Arrays are in TensorFlow's layout, by the names of `models.naming.named_weights`.
Nothing here imports TensorFlow.

The state of a training is a folder with `config.json` and `weights-0.npz`,
`weights-1.npz` and so on, each below `PART_MIB`, for machines that return small files
only. Its arrays have the prefixes `generator.`, `ema_generator.` and `discriminator.`.
"""

import glob
import math
import os
import shutil
import tempfile
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from benchmarks.pytorch_model import MultiScaleDiscriminator
from tf_btgmi import config as config_lib

PART_MIB = 15
_STEP = "step"


def named_tensors(network: nn.Module) -> dict:
    """A network's weights by the names of `models.naming.named_weights`."""
    named = {}
    for part, layers in _parts(network).items():
        counts = {"trainable": 0, "non_trainable": 0}
        for layer in layers:
            for leaf, attribute in _LEAVES:
                tensor = getattr(layer, attribute, None)
                if tensor is None:
                    continue
                if leaf == "kernel" and tensor.ndim == 1:
                    leaf = "gamma"
                if leaf == "bias" and hasattr(layer, "running_mean"):
                    leaf = "beta"
                trained = isinstance(tensor, nn.Parameter)
                kind = "trainable" if trained else "non_trainable"
                named[f"{part}.{kind}_{counts[kind]}_{leaf}"] = tensor
                counts[kind] += 1
    return named


_LEAVES = (
    ("kernel", "weight"),
    ("bias", "bias"),
    ("moving_mean", "running_mean"),
    ("moving_variance", "running_var"),
    ("singular_vector", "singular_vector"),
    ("fade_in_alpha", "fade_in_alpha"),
)


def _parts(network):
    """The layers with weights of each part, in TensorFlow's order."""
    if isinstance(network, MultiScaleDiscriminator):
        return {f"scale_{i}": s.convolutions for i, s in enumerate(network.scales)}
    parts = {"stem": [network.stem, network.stem_normalization]}
    parts["fade_in"] = [_FadeIn(network.fade_in_alpha)]
    for name, ways in (
        ("front_end", "down"),
        ("back_end", "up"),
        ("harmonized_back_end", "harmonized_up"),
    ):
        layers = getattr(network, f"{ways}s", ())
        normalizations = getattr(network, f"{ways}_normalizations", ())
        for i, (layer, normalize) in enumerate(zip(layers, normalizations)):
            parts[f"{name}_{i}"] = [layer.convolution, normalize]
    for name in ("head_block", "refinement_block"):
        for i, block in enumerate(getattr(network, f"{name}s")):
            parts[f"{name}_{i}"] = list(block.children())
    for name in ("to_image", "harmonized_to_image"):
        if hasattr(network, name):
            parts[name] = [getattr(network, name)]
    return parts


class _FadeIn(NamedTuple):
    fade_in_alpha: torch.Tensor


@torch.no_grad()
def initialize(network: nn.Module, stddev: float) -> None:
    """Draws initial weights as TensorFlow's layers do, though not the same ones.

    Args:
        network: the network.
        stddev: standard deviation of kernels and scales, the config's `init_stddev`; 0
            gives kernels that of He et al. 2015, the root of 2 / fan-in.
    """
    for name, tensor in named_tensors(network).items():
        if name.endswith("kernel"):
            tensor.normal_(0.0, stddev or math.sqrt(2.0 / tensor[0].numel()))
        elif name.endswith("gamma"):
            tensor.normal_(1.0, stddev)
        elif name.endswith(("bias", "beta")):
            tensor.zero_()


@torch.no_grad()
def assign(network: nn.Module, arrays) -> None:
    """Assigns all weights of a network.

    Args:
        network: the network.
        arrays: NumPy arrays as TensorFlow has them, by the names of `named_tensors`.

    Raises:
        ValueError: a weight is missing or has another shape.
    """
    for name, tensor in named_tensors(network).items():
        if name not in arrays:
            raise ValueError(f"There is no weight {name}.")
        value = from_layout(np.asarray(arrays[name], np.float32))
        if tuple(value.shape) != tuple(tensor.shape):
            raise ValueError(
                f"The weight {name} has the shape {tuple(value.shape)}, this config's "
                f"network {tuple(tensor.shape)}: give the fields that the state was "
                "trained with, for instance --set discriminator.base_filters=64."
            )
        tensor.copy_(torch.from_numpy(value))


def to_arrays(network: nn.Module) -> dict:
    """All weights of a network as `assign` takes them."""
    return {
        name: to_layout(tensor.detach().cpu().numpy())
        for name, tensor in named_tensors(network).items()
    }


def refinement(network: nn.Module) -> dict:
    """The weights of a generator's refinement blocks as `assign` takes them."""
    return {
        name: value
        for name, value in to_arrays(network).items()
        if name.startswith("refinement_block_")
    }


def from_layout(value: np.ndarray) -> np.ndarray:
    """An array of TensorFlow's in PyTorch's layout: kernels [h, w, in, out] move."""
    # To [out, in, h, w]; of a transposed one both have in and out the other way round.
    return np.array(
        value.transpose(3, 2, 0, 1) if value.ndim == 4 else value, order="C"
    )


def to_layout(value: np.ndarray) -> np.ndarray:
    """The inverse of `from_layout`."""
    return np.array(
        value.transpose(2, 3, 1, 0) if value.ndim == 4 else value, order="C"
    )


def read_state(folder: str) -> tuple[dict, config_lib.Config, int]:
    """Reads the state of a training, or a release.

    Args:
        folder: that `save_state` or `releases.save_release` wrote.

    Returns:
        Arrays by prefixed name, the config and the number of steps taken. A release has
        its averaged generator only, at step 0, which is then also the generator.

    Raises:
        ValueError: there is none, or its parts are of different steps.
    """
    config = config_lib.load(os.path.join(folder, config_lib.FILE))
    arrays, steps = {}, set()
    for path in sorted(glob.glob(os.path.join(folder, "weights*.npz"))):
        with np.load(path, allow_pickle=False) as part:
            arrays.update({name: part[name] for name in part.files})
        steps.add(int(arrays.pop(_STEP, 0)))
    if len(steps) != 1:
        raise ValueError(f"{folder} holds no weights, or parts of steps {steps}.")
    averaged = "ema_generator."
    if not any(name.startswith(averaged) for name in arrays):
        arrays = {averaged + name: value for name, value in arrays.items()}
    for name in [name for name in arrays if name.startswith(averaged)]:
        arrays.setdefault(name[len("ema_") :], arrays[name])
    return arrays, config, steps.pop()


def save_state(folder: str, arrays: dict, config: config_lib.Config, step: int) -> None:
    """Writes a training's state, arrays by prefixed name; replaces an older one."""
    os.makedirs(folder, exist_ok=True)
    parts, room = [], 0
    for name, value in arrays.items():
        if value.nbytes > room or not parts:
            parts.append({_STEP: np.array(step)})
            room = PART_MIB * 2**20
        parts[-1][name] = value
        # A header comes with each array.
        room -= value.nbytes + 512
    with tempfile.TemporaryDirectory() as temporary:
        for i, part in enumerate(parts):
            np.savez(os.path.join(temporary, f"weights-{i}.npz"), **part)
        config_lib.save(config, os.path.join(temporary, config_lib.FILE))
        for path in glob.glob(os.path.join(folder, "weights-*.npz")):
            os.unlink(path)
        for name in sorted(os.listdir(temporary)):
            shutil.move(os.path.join(temporary, name), os.path.join(folder, name))


def compact(arrays: dict) -> dict:
    """The parts of a state for evaluating and continuing it, in little space.

    Returns:
        The averaged generator's and the discriminator's arrays, kernels in float16.
    """
    prefixes = ("ema_generator.", "discriminator.")
    return {
        name: value.astype(np.float16) if value.ndim == 4 else value
        for name, value in arrays.items()
        if name.startswith(prefixes)
    }


def of_network(arrays: dict, prefix: str) -> dict:
    """The arrays of one network, without the prefix."""
    prefix += "."
    return {n[len(prefix) :]: v for n, v in arrays.items() if n.startswith(prefix)}

"""What the tests of the PyTorch twin have in common."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.programs import ROOT
from tf_btgmi import config as config_lib
from tf_btgmi import loading
from tf_btgmi.models.naming import named_weights

HAVE_TORCH = importlib.util.find_spec("torch") is not None
needs_torch = pytest.mark.skipif(
    not HAVE_TORCH, reason="PyTorch is missing (requirements-benchmarks.txt)"
)


def values_of(network):
    """Weights of a Keras network by name, as NumPy arrays."""
    return {
        name: tf.convert_to_tensor(variable).numpy()
        for name, variable in named_weights(network).items()
    }


def assert_same_losses(ours, theirs, names):
    """That a step's losses are those of TensorFlow."""
    for name in names:
        # The hinge's adversarial term is a mean of logits of both signs, near 0.
        apart = 2e-4 if name == "adversarial_loss" else 0.0
        wanted = pytest.approx(float(ours[name]), rel=1e-3, abs=apart)
        assert theirs[name].item() == wanted, name


def assert_moved_alike(training, networks, before, left_out=()):
    """That a step moved every weight as TensorFlow's did.

    Args:
        training: PyTorch's step, after it; has the networks as attributes.
        networks: Keras's by these names, after the step.
        before: `values_of` each before the step.
        left_out: ends of names of weights whose gradients of images and composites
            cancel, so that only rounding is left.

    Returns:
        The lengths of both moves by network and weight.
    """
    from benchmarks import pytorch_weights

    lengths = {}
    for name, network in networks.items():
        found = pytorch_weights.to_arrays(getattr(training, name))
        after = values_of(network)
        assert set(found) == set(after)
        moved = 0
        for weight, old in before[name].items():
            mine, other = after[weight] - old, found[weight] - old
            if weight.endswith(tuple(left_out)):
                continue
            if not np.abs(mine).max():
                assert not np.abs(other).max(), weight
                continue
            assert _cosine(mine, other) > 0.99, weight
            length = np.linalg.norm(mine)
            assert np.linalg.norm(other) == pytest.approx(length, rel=0.1), weight
            moved += 1
            lengths[name, weight] = length, np.linalg.norm(other)
        assert moved > 5
    return lengths


def one_step_without_tensorflow(folder, flags):
    """Trains for a step where TensorFlow and Keras cannot be imported.

    Args:
        folder: for files.
        flags: of `train_pytorch`.

    Returns:
        What the program printed.
    """
    blocked = folder / "blocked"
    blocked.mkdir()
    for name in ("tensorflow", "keras"):
        (blocked / f"{name}.py").write_text("raise ImportError('blocked')")
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "train_pytorch.py", *flags]
        + ["--minutes=0"],
        env={**os.environ, "PYTHONPATH": str(blocked)},
        cwd=str(folder),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 0
    return done.stdout


def assert_restored(state, workdir, arrays):
    """That the run made of a state has the averaged generator of these arrays."""
    from benchmarks import pytorch_runs

    pytorch_runs.write_workdir(state, str(workdir))
    generator, _ = loading.load_generator(str(workdir))
    assert generator.stage == 1
    for name, value in values_of(generator).items():
        np.testing.assert_array_equal(value, arrays[f"ema_generator.{name}"])


def assert_weights_return(training, config, step, inputs, wanted, state, workdir):
    """That weights changed in PyTorch predict the same in the run made of them.

    Args:
        training: PyTorch's, whose average predicts `wanted`.
        config: its config.
        step: of the state.
        inputs: of the generator, float32 [B, H, W, C].
        wanted: the output of TensorFlow's generator, or outputs by name.
        state: folder of the state to write.
        workdir: folder of the run to write.
    """
    import torch

    from benchmarks import pytorch_runs, pytorch_weights

    def parts(outputs):
        parts = outputs.values() if isinstance(outputs, dict) else [outputs]
        return [np.array(part) for part in parts]

    def of_torch():
        with torch.inference_mode():
            result = to_tensorflow(training.average(to_torch(inputs)))
        return np.split(result, len(parts(wanted)))

    np.testing.assert_allclose(of_torch(), parts(wanted), atol=1e-4)
    with torch.no_grad():
        for weight in training.average.parameters():
            weight.mul_(1.1)
    changed = of_torch()
    for part, other in zip(changed, parts(wanted)):
        assert np.abs(part - other).max() > 1e-2
    pytorch_weights.save_state(state, training.state(), config, step)
    pytorch_runs.write_workdir(state, workdir)
    generator, _ = loading.load_generator(workdir)
    found = parts(generator(inputs, training=False))
    np.testing.assert_allclose(found, changed, atol=1e-4)


def _cosine(first, second):
    first, second = first.ravel(), second.ravel()
    return first @ second / np.sqrt((first @ first) * (second @ second))


def to_torch(array):
    # On demand: PyTorch is optional.
    from benchmarks import both_frameworks

    return both_frameworks.to_torch(array)


def to_tensorflow(tensor):
    return tensor.detach().permute(0, 2, 3, 1).numpy()


def save_config(config, folder):
    path = str(folder / "config.json")
    config_lib.save(config, path)
    return path

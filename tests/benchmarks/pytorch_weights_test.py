"""Weights of TensorFlow in PyTorch and back, and the files of a state."""

import glob
import os

import numpy as np
import pytest

from tests.benchmarks.twins import assert_weights_return, needs_torch, values_of
from tf_btgmi import config as config_lib
from tf_btgmi import loading

# Importing PyTorch beside TensorFlow alone can take half a minute on a busy machine.
pytestmark = pytest.mark.timeout(300)


@needs_torch
def test_weights_travel_to_pytorch_and_back(lively_workdir, tmp_path, rng):
    from benchmarks import pytorch_runs, pytorch_weights, train_pytorch

    inputs = rng.normal(size=[2, 32, 32, 4]).astype(np.float32)
    generator, config = loading.load_generator(lively_workdir)
    config.discriminator.base_filters = 4
    wanted = generator(inputs, training=False)
    # A whole run of it, with a discriminator.
    state, workdir = str(tmp_path / "state"), str(tmp_path / "run")
    weights = {f"ema_generator.{n}": v for n, v in values_of(generator).items()}
    pytorch_weights.save_state(state, weights, config, 2)
    pytorch_runs.write_workdir(state, workdir)
    assert pytorch_runs.write_state(workdir, state) == 2
    arrays, config, step = pytorch_weights.read_state(state)
    assert step == 2 and any(name.startswith("discriminator.") for name in arrays)
    training = train_pytorch.make_training(config, arrays, "cpu")
    training.begin_stage(generator.stage)
    back = str(tmp_path / "back")
    assert_weights_return(training, config, step, inputs, wanted, state, back)
    with pytest.raises(ValueError, match="holds a checkpoint"):
        pytorch_runs.write_workdir(state, back)


@needs_torch
def test_initial_weights_have_the_deviations_of_the_config():
    from benchmarks import train_pytorch

    config = config_lib.Config()
    config.generator.base_filters = config.discriminator.base_filters = 8
    config.generator.num_head_blocks = config.procedure.num_refinement_blocks = 1
    config.generator.init_stddev, config.discriminator.init_stddev = 0.1, 0.0
    weights = train_pytorch.make_training(config, {}, "cpu").state()
    checked = 0
    for name, value in weights.items():
        if value.size < 500 or not name.endswith("kernel"):
            continue
        wanted = 0.1
        if name.startswith("discriminator."):
            wanted = np.sqrt(2.0 / np.prod(value.shape[:-1]))
        assert value.std() == pytest.approx(wanted, rel=0.15), name
        checked += 1
    assert checked > 30
    gammas = [v for n, v in weights.items() if n.endswith("gamma")]
    assert np.concatenate(gammas).std() == pytest.approx(0.1, rel=0.2)


@needs_torch
def test_new_blocks_start_as_the_config_says():
    from benchmarks import train_pytorch

    config = config_lib.Config()
    config.generator.base_filters = config.discriminator.base_filters = 8
    config.procedure.num_refinement_blocks = 2
    for start, scale in (("random", 1.0), ("identity", 0.0)):
        config.generator.refinement_start = start
        generator = train_pytorch.make_training(config, {}, "cpu").generator
        for block in generator.refinement_blocks:
            assert block.normalization_2.weight.mean().item() == pytest.approx(
                scale, abs=0.02
            )
            assert block.normalization_1.weight.mean().item() == pytest.approx(
                1.0, abs=0.02
            )


@needs_torch
def test_a_release_is_a_state(tmp_path, lively_workdir):
    from benchmarks import pytorch_weights
    from tf_btgmi.releases import save_release

    generator, config = loading.load_generator(lively_workdir)
    save_release(generator, config, str(tmp_path / "release"))
    arrays, config, step = pytorch_weights.read_state(str(tmp_path / "release"))
    assert step == 0 and config.name == "lively"
    for name, value in values_of(generator).items():
        for prefix in ("generator", "ema_generator"):
            found = arrays[f"{prefix}.{name}"]
            np.testing.assert_allclose(found, value, rtol=1e-3, atol=1e-7)


@needs_torch
def test_parts_of_a_state_are_small_and_of_one_step(tmp_path, monkeypatch):
    from benchmarks import pytorch_weights

    monkeypatch.setattr(pytorch_weights, "PART_MIB", 1)
    config = config_lib.Config()
    folder = str(tmp_path)
    for step, count in ((3, 5), (4, 3)):
        arrays = {
            f"ema_generator.{i}": np.full([100, 1000], i + step, np.float32)
            for i in range(count)
        }
        pytorch_weights.save_state(folder, arrays, config, step)
        parts = glob.glob(os.path.join(folder, "weights-*.npz"))
        assert len(parts) == -(-count // 2)
        assert all(os.path.getsize(part) < 2**20 for part in parts)
        found, _, found_step = pytorch_weights.read_state(folder)
        assert found_step == step
        assert len(found) == 2 * count
        for name, value in arrays.items():
            np.testing.assert_array_equal(found[name], value)
    np.savez(os.path.join(folder, "weights-1.npz"), step=np.array(3))
    with pytest.raises(ValueError, match="parts of steps"):
        pytorch_weights.read_state(folder)

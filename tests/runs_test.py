import os

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi import config as config_lib
from tf_btgmi.models.folding import fold
from tf_btgmi.releases import load_release, save_release
from tf_btgmi.runs import load_run
from tf_btgmi.training.build import build_model
from tf_btgmi.training.checkpoints import Checkpoints


@pytest.fixture
def config():
    config = config_lib.Config()
    config.generator.base_filters = 4
    config.generator.max_filters = 8
    config.generator.num_downsamplings = 2
    config.generator.num_head_blocks = 2
    config.discriminator.base_filters = 2
    config.losses.reconstruction = "l1"
    config.procedure.head_steps = 10
    config.procedure.refinement_steps = 5
    config.procedure.fade_in_steps = 4
    return config


@pytest.fixture
def model(config, rng):
    model = build_model(config, tf.distribute.get_strategy())
    for variable in model.ema_generator.weights:
        # Variances are above 0, and kernels of both signs keep tanh away from 1.
        low = -0.9 if "kernel" in variable.name else 0.1
        value = rng.uniform(low, 0.9, tuple(variable.shape))
        variable.assign(value.astype(np.float32))
    return model


def save(model, config, folder, step):
    model.step.assign(step)
    config_lib.save(config, os.path.join(folder, "config.json"))
    return Checkpoints(model, folder, 2, tf.distribute.get_strategy()).save()


@pytest.mark.parametrize("step, stage", [(1, 0), (10, 0), (11, 1), (16, 2), (25, 3)])
def test_the_loaded_generator_predicts_what_the_averaged_one_does(
    model, config, tmp_path, rng, step, stage
):
    save(model, config, str(tmp_path), step)
    model.begin_stage(stage)
    generator, loaded = load_run(str(tmp_path))
    assert loaded == config
    assert generator.stage == stage
    inputs = rng.uniform(-1, 1, [1, 16, 16, 4]).astype(np.float32)
    wanted = model.ema_generator(inputs).numpy()
    assert np.ptp(wanted) > 0.01
    np.testing.assert_array_equal(generator(inputs).numpy(), wanted)


def test_without_stages_all_blocks_run_from_the_start(model, config, tmp_path):
    config.procedure.block_wise = False
    save(model, config, str(tmp_path), 1)
    assert load_run(str(tmp_path))[0].stage == 3


def test_a_folder_without_a_run_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no config file"):
        load_run(str(tmp_path))


def test_a_run_without_a_checkpoint_is_an_error(config, tmp_path):
    config_lib.save(config, str(tmp_path / "config.json"))
    with pytest.raises(ValueError, match="holds no checkpoint"):
        load_run(str(tmp_path))


def test_a_checkpoint_of_another_model_is_an_error(model, config, tmp_path):
    save(model, config, str(tmp_path), 1)
    config.generator.num_head_blocks = 3
    config_lib.save(config, str(tmp_path / "config.json"))
    with pytest.raises(ValueError, match="holds another model"):
        load_run(str(tmp_path))


def test_a_cut_checkpoint_is_an_error(model, config, tmp_path):
    path = save(model, config, str(tmp_path), 1)
    data = f"{path}.data-00000-of-00001"
    os.truncate(data, os.path.getsize(data) // 2)
    with pytest.raises(ValueError, match="is damaged"):
        load_run(str(tmp_path))


def test_models_load_in_float32_and_leave_the_policy(model, config, tmp_path, rng):
    (tmp_path / "run").mkdir()
    save(model, config, str(tmp_path / "run"), 1)
    generator, _ = load_run(str(tmp_path / "run"))
    save_release(generator, config, str(tmp_path / "release"))
    inputs = rng.uniform(-1, 1, [1, 16, 16, 4]).astype(np.float32)
    for load, name in ((load_run, "run"), (load_release, "release")):
        pictures = []
        for policy in ("float32", "mixed_bfloat16"):
            keras.mixed_precision.set_global_policy(policy)
            loaded = load(str(tmp_path / name))[0]
            folded = fold(loaded)
            assert keras.mixed_precision.global_policy().name == policy
            keras.mixed_precision.set_global_policy("float32")
            pictures.append([loaded(inputs).numpy(), folded(inputs).numpy()])
        np.testing.assert_array_equal(*pictures)

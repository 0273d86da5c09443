import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from export import saved_model
from tf_btgmi import config as config_lib
from tf_btgmi.models.build import build_generator
from tf_btgmi.models.naming import named_weights
from tf_btgmi.serving.module import InpaintingModule


@pytest.fixture(scope="module")
def generator():
    config = config_lib.Config()
    config.generator.base_filters = 4
    config.generator.max_filters = 8
    config.generator.num_downsamplings = 2
    config.generator.num_head_blocks = 1
    generator = build_generator(config)
    rng = np.random.default_rng(0)
    for variable in generator.weights:
        low = -0.9 if "kernel" in variable.name else 0.1
        value = rng.uniform(low, 0.9, tuple(variable.shape))
        variable.assign(value.astype(np.float32))
    generator.stage = 0
    generator.saved_config = config
    return generator


@pytest.fixture(scope="module")
def workdir(generator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    config_lib.save(generator.saved_config, str(folder / "config.json"))
    checkpoint = tf.train.Checkpoint(
        ema_generator=named_weights(generator), step=tf.Variable(1, dtype=tf.int64)
    )
    tf.train.CheckpointManager(checkpoint, str(folder / "checkpoints"), 1).save()
    return str(folder)


@pytest.fixture
def pictures(rng):
    images = rng.integers(0, 256, [2, 18, 21, 3], dtype=np.uint8)
    masks = np.zeros([2, 18, 21, 1], np.uint8)
    masks[0, 3:9, 4:12] = 255
    masks[1, 10:, 10:] = 128
    masks[1, :5, :5] = 127
    return images, masks


def test_the_exported_model_fills_as_the_module_in_memory_does(
    workdir, generator, pictures, tmp_path
):
    place = saved_model.export(workdir, str(tmp_path))
    served = tf.saved_model.load(place).signatures["serving_default"]
    images, masks = pictures
    given = served(image=tf.constant(images), mask=tf.constant(masks))["composite"]
    module = InpaintingModule(generator)
    wanted = module.predict_tensor(images, masks)["composite"]
    np.testing.assert_array_equal(given.numpy(), wanted.numpy())
    known = np.broadcast_to(masks < 128, images.shape)
    np.testing.assert_array_equal(given.numpy()[known], images[known])
    assert np.mean(given.numpy()[~known] != images[~known]) > 0.9


def test_what_the_hole_held_does_not_matter(generator, pictures):
    images, masks = pictures
    module = InpaintingModule(generator)
    blanked = np.where(masks >= 128, np.uint8(0), images)
    np.testing.assert_array_equal(
        module.predict_tensor(images, masks)["composite"],
        module.predict_tensor(blanked, masks)["composite"],
    )


def test_sizes_that_differ_are_an_error_with_the_reason(generator, pictures):
    images, masks = pictures
    module = InpaintingModule(generator)
    with pytest.raises(tf.errors.InvalidArgumentError, match="must have the same"):
        module.predict_tensor(images, masks[:, :-1])


def test_versions_count_up_and_are_not_replaced(workdir, tmp_path):
    assert saved_model.export(workdir, str(tmp_path)).endswith("/1")
    assert saved_model.export(workdir, str(tmp_path), 7).endswith("/7")
    assert saved_model.export(workdir, str(tmp_path)).endswith("/8")
    with pytest.raises(ValueError, match="is already there"):
        saved_model.export(workdir, str(tmp_path), 7)
    assert sorted(os.listdir(tmp_path)) == ["1", "7", "8"]
    assert os.path.exists(tmp_path / "1" / "config.json")


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "Give --workdir=FOLDER"),
        (["--workdir=nothing", "--export_dir=out"], "no config file"),
        (["--workdr=nothing"], "Did you mean: workdir"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(tmp_path, arguments, words):
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    result = subprocess.run(
        [sys.executable, "-m", "export.saved_model", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert words in result.stderr and "Traceback" not in result.stderr

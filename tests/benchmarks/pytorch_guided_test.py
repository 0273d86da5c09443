"""That the PyTorch twin trains the task `guided` as TensorFlow does."""

import cv2
import numpy as np
import pytest
import tensorflow as tf

from tests.benchmarks.twins import (
    assert_moved_alike,
    assert_same_losses,
    assert_weights_return,
    needs_torch,
    save_config,
    to_tensorflow,
    to_torch,
    values_of,
)
from tests.trainings import lively_value
from tf_btgmi import config as config_lib
from tf_btgmi.models.build import build_generator
from tf_btgmi.models.naming import named_weights
from tf_btgmi.ops.mismatch import boundary_mismatch
from tf_btgmi.releases import save_release
from tf_btgmi.training import initialization
from tf_btgmi.training.build import build_model

pytestmark = [needs_torch, pytest.mark.timeout(300)]

LOSSES = (
    "discriminator_loss",
    "reconstruction_loss",
    "pixel_loss",
    "adversarial_loss",
    "generator_loss",
)


@pytest.fixture
def batch(rng):
    """A foreground in its gap, one alone, a hole alone: floats, 64 px."""
    small = rng.uniform(-1, 1, [3, 9, 9, 3]).astype(np.float32)
    image = np.stack([cv2.resize(picture, (64, 64)) for picture in small])
    mask, foreground = np.zeros([2, 3, 64, 64, 1], np.float32)
    boxes, foreground_boxes = np.zeros([2, 3, 1, 4], np.float32)
    mask[0, 8:40, 8:36] = 1
    mask[0, 14:34, 14:30] = 0
    foreground[0, 14:34, 14:30] = 1
    foreground[1, 20:60, 0:30] = 1
    mask[2, 30:60, 10:30] = 1
    boxes[0, 0], boxes[2, 0] = (8, 8, 40, 36), (30, 10, 60, 30)
    foreground_boxes[:2, 0] = (14, 14, 34, 30), (20, 0, 60, 30)
    wrong = foreground * (0.6 * image - 0.2) + (1 - foreground) * image
    return {
        "image": image,
        "mask": mask,
        "hole_boxes": boxes,
        "foreground": foreground,
        "foreground_boxes": foreground_boxes,
        "masked_image": (1 - mask) * wrong,
    }


def make_lively(model, rng):
    """Gives a model weights that all matter."""
    for name, variable in named_weights(model.generator).items():
        variable.assign(np.float32(lively_value(rng, name, tuple(variable.shape))))
        named_weights(model.ema_generator)[name].assign(variable)


def arrays_of(model):
    return {
        f"{prefix}.{name}": value
        for prefix in ("generator", "ema_generator", "discriminator")
        for name, value in values_of(getattr(model, prefix)).items()
    }


@pytest.mark.parametrize("adversarial, patches", [("hinge", "hole"), ("lsgan", "all")])
def test_a_training_step_is_that_of_tensorflow(
    small_config, batch, rng, adversarial, patches
):
    import torch

    from benchmarks import pytorch_guided, train_pytorch

    small_config.losses.adversarial = adversarial
    small_config.losses.discriminator_patches = patches
    model = build_model(small_config, tf.distribute.get_strategy())
    make_lively(model, rng)
    model.begin_stage(1)
    networks = {
        "generator": model.generator,
        "average": model.ema_generator,
        "discriminator": model.discriminator,
    }
    before = {name: values_of(network) for name, network in networks.items()}
    training = train_pytorch.make_training(small_config, arrays_of(model), "cpu")
    training.begin_stage(1)
    jitter = tf.random.stateless_uniform([4], [small_config.training.seed, 0])
    ours = model.train_step({k: tf.constant(v) for k, v in batch.items()})
    model.update_average()
    boxes, foreground_boxes = (
        torch.from_numpy(batch[name]) for name in ("hole_boxes", "foreground_boxes")
    )
    image, mask, seen, foreground = (
        to_torch(batch[name])
        for name in ("image", "mask", "masked_image", "foreground")
    )
    theirs = training(
        image,
        mask,
        boxes,
        0,
        torch.from_numpy(jitter.numpy()),
        pytorch_guided.Guide(seen, foreground, foreground_boxes),
    )
    assert_same_losses(ours, theirs, LOSSES)
    last = ("trainable_9_bias",) if adversarial == "hinge" else ()
    assert_moved_alike(training, networks, before, last)


def test_weights_travel_to_pytorch_and_back(small_config, batch, rng, tmp_path):
    from benchmarks import train_pytorch

    model = build_model(small_config, tf.distribute.get_strategy())
    make_lively(model, rng)
    training = train_pytorch.make_training(small_config, arrays_of(model), "cpu")
    training.begin_stage(1)
    names = ("masked_image", "mask", "foreground")
    inputs = np.concatenate([batch[name] for name in names], -1)
    wanted = model.ema_generator(inputs, training=False)
    assert list(wanted) == ["inpainted", "harmonized"]
    state, workdir = str(tmp_path / "state"), str(tmp_path / "run")
    assert_weights_return(training, small_config, 4, inputs, wanted, state, workdir)


@pytest.mark.parametrize(
    "source, has_block",
    [("nothing", True), ("inpainting", True), ("guided", True)]
    + [("inpainting", False), ("guided", False)],
)
def test_it_starts_as_tensorflow_does(
    small_config, batch, rng, tmp_path, source, has_block
):
    import torch

    from benchmarks import pytorch_weights, train_pytorch

    model = build_model(small_config, tf.distribute.get_strategy())
    arrays = arrays_of(model)
    if source != "nothing":
        other = config_lib.load(save_config(small_config, tmp_path))
        other.task = source
        other.procedure.num_refinement_blocks = int(has_block)
        generator = build_generator(other)
        for name, variable in named_weights(generator).items():
            value = rng.normal(0.0, 0.1, tuple(variable.shape)).astype(np.float32)
            variable.assign(np.abs(value) + 0.3 if "variance" in name else value)
        release = str(tmp_path / "release")
        save_release(generator, other, release)
        initialization.check(small_config, release)
        initialization.initialize(model, release)
        arrays, _, _ = pytorch_weights.read_state(release)
    training = train_pytorch.make_training(small_config, arrays, "cpu")
    assert set(pytorch_weights.to_arrays(training.generator)) == set(
        values_of(model.generator)
    )
    new = pytorch_weights.refinement(training.generator)
    for name, value in pytorch_weights.refinement(training.average).items():
        np.testing.assert_array_equal(value, new[name])
    for mine, theirs in (
        (model.generator, training.generator),
        (model.ema_generator, training.average),
    ):
        for name, value in pytorch_weights.to_arrays(theirs).items():
            # Each draws its own new blocks.
            if "fade_in" not in name and (has_block or name not in new):
                wanted = values_of(mine)[name]
                np.testing.assert_allclose(value, wanted, atol=1e-6, err_msg=name)
    if source != "guided":
        # Nothing is changed but by half of the mismatch.
        image, mask, foreground = (
            batch[name] for name in ("masked_image", "mask", "foreground")
        )
        with torch.inference_mode():
            inputs = np.concatenate([image, mask, foreground], -1)
            found = to_tensorflow(training.average(to_torch(inputs)))[3:]
        mismatch = boundary_mismatch(image, foreground, mask).numpy()
        wanted = np.clip(image + 0.5 * mismatch, -1, 1)
        np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize("shape", [(64, 64), (40, 56), (16, 16)])
def test_the_mismatch_is_that_of_tensorflow(rng, shape):
    from benchmarks import pytorch_guided

    image = rng.uniform(-1, 1, [3, *shape, 3]).astype(np.float32)
    foreground, hole = np.zeros([2, 3, *shape, 1], np.float32)
    foreground[0, 4:12, 3:11] = 1
    foreground[1, :10, 2:] = 1
    hole[1, 10:13] = 1
    wanted = boundary_mismatch(image, foreground, hole).numpy()
    found = pytorch_guided.boundary_mismatch(*map(to_torch, (image, foreground, hole)))
    np.testing.assert_allclose(to_tensorflow(found), wanted, atol=1e-5)
    assert np.abs(wanted[:2]).max() > 0.1 and not wanted[2].any()

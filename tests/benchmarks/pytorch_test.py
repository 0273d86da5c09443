"""That PyTorch's twin is the same method; skipped where PyTorch is missing."""

import os
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf

from tests.benchmarks.twins import (
    assert_moved_alike,
    assert_same_losses,
    needs_torch,
    values_of,
)
from tests.trainings import write_lively_run
from tf_btgmi import config as config_lib
from tf_btgmi.ablation.arms import ARMS, arm_config
from tf_btgmi.losses.objective import Objective
from tf_btgmi.models.naming import named_weights
from tf_btgmi.ops import image_ops
from tf_btgmi.schedules import Schedules
from tf_btgmi.training.build import scheduled_callbacks

# Importing PyTorch beside TensorFlow alone can take half a minute on a busy machine.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def small_workdir(lively_workdir, tmp_path):
    """A lively run of an arm of the ablation with small networks."""

    def make(arm="base", **fields):
        config = config_lib.load(os.path.join(lively_workdir, "config.json"))
        config.discriminator.base_filters = 4
        config.losses.ppl_patch_size = 32
        config.losses.pixel_weight = 10.0
        config.losses.adversarial = "hinge"
        config.losses.discriminator_patches = "hole"
        config = arm_config(config, arm, 0)
        for path, value in fields.items():
            section, _, name = path.partition("__")
            setattr(getattr(config, section), name, value)
        folder = str(tmp_path / "run")
        write_lively_run(config, folder)
        return folder

    return make


# Block-wise growth and annealing are no matter of a single step.
CHOICES = [
    *((arm, {}) for arm in ARMS if arm not in ("all_blocks", "constant_adversarial")),
    ("all_patches", {"losses__adversarial": "bce", "losses__pixel_region": "hole"}),
    ("instance_norm", {"losses__adversarial": "lsgan"}),
]


@needs_torch
@pytest.mark.parametrize(
    "arm, fields", CHOICES, ids=["-".join([a, *f.values()]) for a, f in CHOICES]
)
def test_a_training_step_is_that_of_tensorflow(small_workdir, arm, fields):
    from benchmarks import batches, both_frameworks

    batch = batches.make_batch(64, 2)
    both = both_frameworks.Both(small_workdir(arm, **fields), "float32", 64, batch)
    # Two holes in one picture, one in the other.
    both.config.losses.ppl_max_holes = 2
    second = [[[40, 4, 60, 20]], [[0, 0, 0, 0]]]
    batch["mask"][0, 40:60, 4:20] = 1
    batch["hole_boxes"] = np.concatenate([batch["hole_boxes"], second], 1)
    batch["hole_boxes"] = batch["hole_boxes"].astype(np.float32)
    networks = {
        "generator": both.model.generator,
        "average": both.model.ema_generator,
        "discriminator": both.model.discriminator,
    }
    before = {name: values_of(network) for name, network in networks.items()}
    training = both.torch_training(aligned=True)
    # Untraced: a trace takes many times as long as the step.
    ours = both.model.train_step({k: tf.constant(v) for k, v in batch.items()})
    both.model.update_average()
    theirs = both.torch_step(training)()
    assert_same_losses(ours, theirs, both_frameworks.COMPARED)
    hinge = both.config.losses.adversarial == "hinge"
    last = ("trainable_9_bias", "trainable_6_bias") if hinge else ()
    lengths = assert_moved_alike(training, networks, before, last)
    # How far the average follows the generator.
    first, second = np.divide(
        lengths["average", "stem.trainable_0_kernel"],
        lengths["generator", "stem.trainable_0_kernel"],
    )
    assert first == pytest.approx(second, rel=1e-4)


@needs_torch
def test_the_average_of_a_new_block_is_that_of_tensorflow(small_workdir):
    from benchmarks import batches, both_frameworks, pytorch_weights

    workdir = small_workdir()
    both = both_frameworks.Both(workdir, "float32", 64, batches.make_batch(64, 2))
    plan = Schedules(both.config.procedure).plan
    assert plan.num_refinement_blocks
    training = both.torch_training(aligned=True)
    changed = {name: 1.5 * value + 0.1 for name, value in both.weights.items()}
    pytorch_weights.assign(training.generator, changed)
    for name, variable in named_weights(both.model.generator).items():
        variable.assign(changed[name])
    for step in (plan.start(1) - 1, plan.start(1), plan.start(1) + 1):
        both.model.step.assign(step + 1)
        both.model.update_average()
        training._update_average(step + 1)
    found = pytorch_weights.to_arrays(training.average)
    for name, value in values_of(both.model.ema_generator).items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)
    kernel = "refinement_block_0.trainable_0_kernel"
    left = np.linalg.norm(found[kernel] - changed[kernel])
    share = left / np.linalg.norm(both.weights[kernel] - changed[kernel])
    # Three steps of the warm-up.
    assert share == pytest.approx(1 / 10 * 2 / 11 * 3 / 12, rel=1e-2)


@needs_torch
def test_a_composite_without_a_hole_is_no_fake(rng):
    from benchmarks import both_frameworks, pytorch_losses

    masks = [
        (rng.random([3, side, side, 1]) < 0.3).astype("float32") for side in (5, 3)
    ]
    for mask in masks:
        mask[1] = 0
    for kind in ("hole", "all_fake"):
        objective = Objective(reconstruction="l1", patch_labels=kind)
        wanted = objective._labels([tf.constant(mask) for mask in masks])
        given = [both_frameworks.to_torch(mask) for mask in masks]
        found = pytorch_losses.patch_labels(given, kind)
        for one, other in zip(wanted, found):
            np.testing.assert_array_equal(other.permute(0, 2, 3, 1), one)


@needs_torch
@pytest.mark.parametrize("arm", ["base", "all_blocks", "constant_adversarial"])
def test_rates_weights_and_fade_in_are_those_of_the_callbacks(pack, arm):
    from benchmarks import train_pytorch

    config = arm_config(pack[1], arm, 0)
    config.procedure.fade_in_steps = 1
    config.procedure.refinement_steps = 2
    config.procedure.num_refinement_blocks = 2
    config.procedure.learning_rate_decay_steps = 3
    config.procedure.discriminator_learning_rate_factor = 3.0
    config.procedure.adversarial_weight = 0.7
    schedules = Schedules(config.procedure)
    training = train_pytorch.make_training(config, {}, "cpu")
    optimizers = training.optimizers
    for step in range(schedules.plan.total_steps):
        model = mock.MagicMock()
        model.step.numpy.return_value = step
        for callback in scheduled_callbacks(config.procedure):
            callback.set_model(model)
            callback.on_train_batch_begin(0)
        training.schedule(schedules, step)
        found = [
            *(optimizers[name].param_groups[0]["lr"] for name in optimizers),
            training.adversarial_weight,
            training.generator.fade_in_alpha.item(),
            training.average.fade_in_alpha.item(),
        ]
        variables = [
            model.generator_optimizer.learning_rate,
            model.discriminator_optimizer.learning_rate,
            model.adversarial_weight,
            model.generator.fade_in_alpha,
            model.ema_generator.fade_in_alpha,
        ]
        wanted = [variable.assign.call_args[0][0] for variable in variables]
        assert found == pytest.approx(wanted)


@needs_torch
@pytest.mark.slow
@pytest.mark.parametrize("arm", ["base", "interpolated", "dilation_1"])
def test_predictions_and_first_losses_are_those_of_tensorflow(small_workdir, arm):
    from benchmarks import batches, both_frameworks

    batch = batches.make_batch(64, 2)
    both = both_frameworks.Both(small_workdir(arm), "float32", 64, batch)
    # `check` refuses more than 1e-4 and 0.1 %.
    assert both.check().startswith("predictions differ by at most")


@needs_torch
def test_weights_of_another_config_say_what_to_do(monkeypatch):
    import torch

    from benchmarks import pytorch_weights

    tensors = {"stem": torch.zeros([3])}
    monkeypatch.setattr(pytorch_weights, "named_tensors", lambda network: tensors)
    with pytest.raises(ValueError, match=r"stem has .* \(5,\), this .* \(3,\): give"):
        pytorch_weights.assign(None, {"stem": np.zeros([5])})


@needs_torch
def test_other_weights_are_found_out(small_workdir):
    from benchmarks import batches, both_frameworks

    batch = batches.make_batch(64, 2)
    both = both_frameworks.Both(small_workdir(), "float32", 64, batch)
    both.weights["stem.trainable_0_kernel"] *= np.float32(1.5)
    with pytest.raises(ValueError, match="TensorFlow and PyTorch differ: predictions"):
        both.check()


@needs_torch
@pytest.mark.parametrize("box", [(0, 0, 8, 8), (2, 1, 7, 6), (-1.5, 2.25, 9, 30)])
def test_boxes_are_resized_alike(box, rng):
    import torch

    from benchmarks import both_frameworks, pytorch_losses

    image = rng.normal(size=[1, 24, 32, 3]).astype(np.float32)
    boxes = np.array([[box, (0, 0, 0, 0)]], np.float32)
    wanted = image_ops.resize_boxes(image, boxes, 5).numpy()
    found = pytorch_losses.resize_boxes(
        both_frameworks.to_torch(image), torch.from_numpy(boxes), 5
    )
    np.testing.assert_allclose(found.permute(0, 1, 3, 4, 2), wanted, atol=1e-5)

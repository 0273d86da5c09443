"""Two outputs trained at once: whose loss reaches what, and what is measured."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.weights import changed, values
from tf_btgmi.losses.adversarial import discriminator_loss, generator_loss
from tf_btgmi.losses.reconstruction import l1_loss
from tf_btgmi.ops import mask_ops
from tf_btgmi.training import regions
from tf_btgmi.training.build import build_model
from tf_btgmi.training.validation import picture_grid


@pytest.fixture
def batch(rng):
    """A foreground in a gap, a foreground alone, a hole alone."""
    image = tf.constant(rng.uniform(-1, 1, [3, 32, 32, 3]), tf.float32)
    mask = np.zeros([3, 32, 32, 1], np.float32)
    foreground = np.zeros([3, 32, 32, 1], np.float32)
    mask[0, 4:20, 4:20] = 1.0
    mask[0, 8:16, 8:16] = 0.0
    foreground[0, 8:16, 8:16] = 1.0
    foreground[1, 10:30, 2:12] = 1.0
    mask[2, 20:30, 5:15] = 1.0
    wrong = mask_ops.composite(tf.constant(foreground), -0.5 * image, image)
    return {
        "image": image,
        "mask": tf.constant(mask),
        "foreground": tf.constant(foreground),
        "masked_image": mask_ops.mask_image(wrong, tf.constant(mask)),
    }


@pytest.fixture
def guided_model(make_config):
    """Makes models of a task, their step untraced."""

    def make(task="guided", **changes):
        # With a change, a last kernel of 0 would let no gradient through at first.
        changes.setdefault("generator__harmonized_change", False)
        config = make_config(losses__reconstruction="l1", **changes)
        config.task = task
        model = build_model(config, tf.distribute.get_strategy())
        model.begin_stage(0)
        return model

    return make


def without(batch, output):
    """The batch with nothing for `output` to do."""
    mask = regions.NAMES[output][0]
    batch = {**batch, mask: tf.zeros_like(batch[mask])}
    return batch


@pytest.mark.parametrize("output", ["inpainted", "harmonized"])
def test_an_output_with_nothing_to_do_is_left_alone(guided_model, batch, output):
    # Only its own terms reach a back end: take them away and it does not move.
    model = guided_model()
    model.compile(keras.optimizers.SGD(1.0), keras.optimizers.SGD(1.0))
    other = {"inpainted": "harmonized", "harmonized": "inpainted"}[output]
    ends = model.generator.back_ends
    before = {name: values(end.trainable_variables) for name, end in ends.items()}
    model.train_step(without(batch, output))
    assert not any(changed(before[output], ends[output].trainable_variables))
    assert all(changed(before[other], ends[other].trainable_variables))


def test_the_step_is_the_gradient_of_both_outputs_losses(guided_model, batch):
    # Spectral normalization changes between both passes of a step.
    model = guided_model(discriminator__normalization="instance")
    model.compile(keras.optimizers.SGD(1.0), keras.optimizers.SGD(0.1))
    model.adversarial_weight.assign(0.3)
    generator = model.generator.active_trainable_variables
    discriminator = model.discriminator.trainable_variables
    start = [w.copy() for w in model.get_weights()]
    before = values(generator)
    model.train_step(batch)
    after = values(generator), values(discriminator)

    # The same, written out output by output.
    model.set_weights(start)
    image, masked = batch["image"], batch["masked_image"]
    masks = [batch["mask"], batch["foreground"]]
    patches = [model.discriminator.patch_masks(mask) for mask in masks]
    inputs = tf.concat([masked, *masks], -1)
    with tf.GradientTape() as tape:
        predictions = model.generator(inputs, training=True)
        composites = [
            mask_ops.composite(mask, predictions[name], image)
            for mask, name in zip(masks, ("inpainted", "harmonized"))  # noqa: B905
        ]
        with tape.stop_recording(), tf.GradientTape() as inner:
            real = model.discriminator(tf.concat([masked, image], -1))
            losses = []
            for composite, patch in zip(composites, patches):  # noqa: B905
                fake = model.discriminator(tf.concat([masked, composite], -1))
                losses.append(discriminator_loss(real, fake, patch))
            loss = sum(losses) / 2
        gradients = inner.gradient(loss, discriminator)
        for variable, gradient in zip(discriminator, gradients):  # noqa: B905
            variable.assign_sub(0.1 * gradient)
        loss = 0.0
        for composite, patch in zip(composites, patches):  # noqa: B905
            logits = model.discriminator(tf.concat([masked, composite], -1))
            loss += 5.0 * l1_loss(image, composite)
            loss += 0.15 * generator_loss(logits, patch)
    gradients = tape.gradient(loss, generator)
    for old, new, gradient in zip(before, after[0], gradients):  # noqa: B905
        np.testing.assert_allclose(old - new, gradient, rtol=2e-3, atol=1e-6)
    for new, variable in zip(after[1], discriminator):  # noqa: B905
        np.testing.assert_allclose(new, variable.numpy(), rtol=1e-4, atol=1e-6)


def test_the_shipped_models_step_is_by_ppl_and_a_change_of_colours(make_config, batch):
    config = make_config(losses__ppl_jitter=0.0)
    config.task = "guided"
    assert config.generator.harmonized_change
    assert config.losses.reconstruction == "ppl"
    model = build_model(config, tf.distribute.get_strategy())
    model.begin_stage(0)
    image = batch["image"]
    inputs = tf.concat([batch[n] for n in ("masked_image", "mask", "foreground")], -1)
    predictions = model.generator(inputs, training=True)
    expected = 0.0
    for mask, name in (("mask", "inpainted"), ("foreground", "harmonized")):
        boxes = mask_ops.hole_box(batch[mask])[:, tf.newaxis]
        composite = mask_ops.composite(batch[mask], predictions[name], image)
        ppl = model.objective.patch_perceptual_loss
        expected += float(ppl(image, composite, boxes)) / 2
    end = model.generator.back_ends["harmonized"]
    assert not end.to_image.inner.kernel.numpy().any()
    before = values(end.trainable_variables)
    losses = model.train_step(batch)
    assert float(losses["reconstruction_loss"]) == pytest.approx(expected, rel=1e-4)
    # A last kernel of 0 lets no gradient through before its own first step.
    moved = changed(before, end.trainable_variables)
    assert sum(moved) == len(end.to_image.trainable_variables) == 2
    before = values(model.generator.active_trainable_variables)
    model.train_step(batch)
    assert all(changed(before, model.generator.active_trainable_variables))


def test_every_output_has_boxes_of_its_own(batch):
    boxes = {
        "hole_boxes": tf.reshape(tf.range(24.0), [3, 2, 4]),
        "foreground_boxes": tf.reshape(tf.range(100.0, 124.0), [3, 2, 4]),
    }
    outputs = dict.fromkeys(("inpainted", "harmonized"), batch["image"])
    found = regions.examples({**batch, **boxes}, outputs)["hole_boxes"]
    np.testing.assert_array_equal(found, np.concatenate(list(boxes.values())))


def test_the_result_is_the_picture_outside_both_masks(guided_model, batch):
    model = guided_model()
    result = model(batch).numpy()
    predictions = model.predictions(batch)
    expected = batch["masked_image"].numpy()
    for mask, name in (("mask", "inpainted"), ("foreground", "harmonized")):
        expected = np.where(batch[mask] > 0, predictions[name], expected)
    np.testing.assert_array_equal(result, expected)
    outside = np.broadcast_to(batch["mask"] + batch["foreground"] == 0, result.shape)
    np.testing.assert_array_equal(result[outside], batch["image"].numpy()[outside])


def test_validation_counts_the_examples_that_an_output_has_a_part_in(
    guided_model, batch
):
    model = guided_model()
    found = {n: float(v) for n, v in model.test_step(batch).items()}
    assert tuple(found) == model.validation_names
    predictions, foreground = model.predictions(batch), batch["foreground"].numpy()
    for name, picture in (
        ("unharmonized_mse", batch["masked_image"]),
        ("foreground_mse", predictions["harmonized"]),
    ):
        error = (picture - batch["image"]).numpy() * 127.5
        squares = (error**2 * foreground).sum((1, 2, 3))
        squares = squares[:2] / (3 * foreground.sum((1, 2, 3))[:2])
        assert found[name] == pytest.approx(squares.mean(), rel=1e-5)
    error = np.abs(predictions["inpainted"] - batch["image"]) / 2
    error *= batch["mask"].numpy()
    share = error.sum((1, 2, 3)) / np.maximum(
        3 * batch["mask"].numpy().sum((1, 2, 3)), 1
    )
    assert found["hole_l1"] == pytest.approx((share[0] + share[2]) / 2, rel=1e-5)


def test_every_composite_is_compared_with_its_image(guided_model, batch):
    for scales in zip(*guided_model().discriminator_logits(batch)):  # noqa: B905
        real, fake, patches = scales
        assert real.shape == fake.shape == patches.shape
        np.testing.assert_array_equal(real[:3], real[3:])


def test_harmonization_alone_is_one_output_with_an_empty_gap(guided_model, batch):
    model = guided_model("harmonization")
    assert model.output_names == ("harmonized",)
    batch = {**batch, "mask": tf.zeros_like(batch["mask"])}
    before = values(model.generator.active_trainable_variables)
    losses = model.train_step(batch)
    assert all(np.isfinite(float(v)) for v in losses.values())
    after = model.generator.active_trainable_variables
    assert sum(changed(before, after)) > 0.8 * len(after)
    found = model.test_step(batch)
    assert set(found) == {"harmonized_lpips", "foreground_mse", "unharmonized_mse"}


def test_the_grid_shows_both_outputs_beside_the_result(guided_model, batch):
    grid = picture_grid(guided_model(), batch)
    # Masked image, inpainted, harmonized, result, image; three rows.
    assert grid.shape == (3 * 32, 5 * 32, 3) and grid.dtype == np.uint8
    assert picture_grid(guided_model("harmonization"), batch).shape == (96, 128, 3)

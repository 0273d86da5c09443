import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.weights import changed, values
from tf_btgmi.losses.adversarial import discriminator_loss, generator_loss
from tf_btgmi.losses.reconstruction import l1_loss
from tf_btgmi.metrics.image_metrics import hole_l1
from tf_btgmi.models.naming import named_weights
from tf_btgmi.ops import mask_ops


def freeze(optimizer):
    optimizer.learning_rate.assign(0.0)


def with_sgd(model):
    """Optimizers whose step is the gradient itself."""
    model.compile(keras.optimizers.SGD(1.0), keras.optimizers.SGD(1.0))
    return model


def test_the_average_starts_as_the_generator_itself(make_model):
    model = make_model()
    for mean, value in zip(model.ema_generator.weights, model.generator.weights):  # noqa: B905
        np.testing.assert_array_equal(mean.numpy(), value.numpy())


@pytest.mark.parametrize("frozen", ["generator", "discriminator"])
def test_the_step_of_one_network_leaves_the_other_alone(make_model, batches, frozen):
    model = make_model(losses__reconstruction="l1")
    freeze(getattr(model, f"{frozen}_optimizer"))
    variables = {
        "generator": model.generator.active_trainable_variables,
        "discriminator": model.discriminator.trainable_variables,
    }
    before = {name: values(some) for name, some in variables.items()}
    model.train_step(batches[0])
    for name, some in variables.items():
        moved = changed(before[name], some)
        assert not any(moved) if name == frozen else all(moved)


def test_both_steps_are_the_gradients_of_their_own_losses_alone(make_model, batches):
    model = with_sgd(make_model(losses__reconstruction="l1"))
    model.adversarial_weight.assign(0.3)
    model.discriminator_optimizer.learning_rate.assign(0.1)
    image, mask = batches[0]["image"], batches[0]["mask"]
    masked = mask_ops.mask_image(image, mask)
    patches = model.discriminator.patch_masks(mask)
    generator = model.generator.active_trainable_variables
    discriminator = model.discriminator.trainable_variables
    before = values(generator), values(discriminator)
    start = [w.copy() for w in model.get_weights()]
    model.train_step(batches[0])
    after = values(generator), values(model.discriminator.weights)

    # The same, written out: the discriminator first, the generator against the new one.
    model.set_weights(start)
    with tf.GradientTape() as tape:
        prediction = model.generator(tf.concat([masked, mask], -1), training=True)
        composite = mask_ops.composite(mask, prediction, image)
        with tape.stop_recording(), tf.GradientTape() as inner:
            # One pass, so one power iteration.
            pairs = [tf.concat([masked, x], -1) for x in (image, composite)]
            logits = model.discriminator(tf.concat(pairs, 0), training=True)
            real, fake = zip(*[tf.split(scale, 2) for scale in logits])
            loss = discriminator_loss(real, fake, patches)
        for variable, gradient in zip(  # noqa: B905
            discriminator, inner.gradient(loss, discriminator)
        ):
            variable.assign_sub(0.1 * gradient)
        logits = model.discriminator(tf.concat([masked, composite], -1))
        loss = 10.0 * l1_loss(image, composite) + 0.3 * generator_loss(logits, patches)
    gradients = tape.gradient(loss, generator)
    for old, new, gradient in zip(before[0], after[0], gradients):  # noqa: B905
        np.testing.assert_allclose(old - new, gradient, rtol=1e-3, atol=1e-6)
    for new, variable in zip(after[1], model.discriminator.weights):  # noqa: B905
        np.testing.assert_allclose(new, variable.numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("alone", ["generator", "discriminator"])
def test_a_network_trained_alone_moves_all_of_its_weights_and_no_other(
    make_model, batches, alone
):
    model = make_model(losses__reconstruction="l1", procedure__num_refinement_blocks=0)
    model.begin_stage(0, [alone])
    weights = {
        "generator": model.generator.averaged_variables,
        "discriminator": model.discriminator.weights,
    }
    before = {name: values(some) for name, some in weights.items()}
    model.train_step(batches[0])
    for name, some in weights.items():
        # Running statistics and singular vectors too.
        assert set(changed(before[name], some)) == {name == alone}


def test_without_adversarial_weight_the_discriminator_does_not_matter(
    make_model, batches
):
    found = []
    for scale in (1.0, 5.0):
        model = with_sgd(make_model(losses__reconstruction="l1"))
        model.adversarial_weight.assign(0.0)
        for variable in model.discriminator.trainable_variables:
            variable.assign(scale * variable)
        model.train_step(batches[0])
        found.append(values(model.generator.trainable_variables))
    for one, other in zip(*found):  # noqa: B905
        np.testing.assert_allclose(one, other, atol=1e-7)


def test_one_step_changes_the_active_blocks_only(make_model, batches):
    model = make_model(losses__reconstruction="l1", procedure__num_refinement_blocks=2)
    for stage in range(3):
        model.begin_stage(stage)
        before = [values(b.weights) for b in model.generator.refinement_blocks]
        head = values(model.generator.head_blocks[0].trainable_variables)
        model.train_step(batches[0])
        blocks = zip(before, model.generator.refinement_blocks)  # noqa: B905
        for number, (weights, block) in enumerate(blocks, start=1):
            assert set(changed(weights, block.weights)) == {number <= stage}
        now = model.generator.head_blocks[0].trainable_variables
        assert all(changed(head, now))


def test_a_stage_switch_reaches_the_compiled_step_and_validation(make_model, batches):
    model = make_model(losses__reconstruction="l1", discriminator__num_scales=1)
    data = tf.data.Dataset.from_tensors(batches[0])
    block = model.generator.refinement_blocks[0].trainable_variables
    before = values(block)
    model.fit(data, shuffle=False, verbose=0)
    assert not any(changed(before, block))
    for variable in model.ema_generator.trainable_variables:
        variable.assign(tf.random.stateless_normal(variable.shape, [0, 1], 0.0, 0.3))
    # Not LPIPS, which takes seconds to trace.
    model.lpips = lambda image, _: tf.zeros_like(image[:, 0, 0, 0])
    head_alone = model.evaluate(data, verbose=0, return_dict=True)["hole_l1"]
    model.begin_stage(1)
    assert model.ema_generator.stage == 1
    with_block = model.evaluate(data, verbose=0, return_dict=True)["hole_l1"]
    assert with_block != head_alone
    model.fit(data, shuffle=False, verbose=0)
    assert all(changed(before, block))


def test_restarting_forgets_moments_and_count_and_keeps_the_rate(make_model, batches):
    model = make_model(losses__reconstruction="l1")
    model.generator_optimizer.learning_rate.assign(3e-4)
    model.train_step(batches[0])
    assert int(model.generator_optimizer.iterations.numpy()) == 1
    weights = values(model.generator.weights)
    model.restart_generator_optimizer()
    optimizer = model.generator_optimizer
    assert int(optimizer.iterations.numpy()) == 0
    variables = optimizer.variables
    variables = variables() if callable(variables) else variables
    rest = [v for v in variables if v.shape.rank or v.name.startswith("iter")]
    assert len(rest) > 2 * len(model.generator.active_trainable_variables)
    assert not any(np.any(v.numpy()) for v in rest)
    assert float(optimizer.learning_rate.numpy()) == pytest.approx(3e-4)
    assert not any(changed(weights, model.generator.weights))
    assert int(model.discriminator_optimizer.iterations.numpy()) == 1


def test_a_restarted_optimizer_takes_the_step_of_a_fresh_one(make_model, batches):
    # Adam's first step is the rate, whatever the gradient; an old count makes it
    # longer by the bias it believes to have left behind.
    model = make_model(losses__reconstruction="l1")
    for batch in batches:
        model.train_step(batch)
    model.restart_generator_optimizer()
    kernel = model.generator.back_ends["inpainted"].to_image.inner.kernel
    before = kernel.numpy()
    model.train_step(batches[0])
    step = np.abs(kernel.numpy() - before)
    assert step.max() == pytest.approx(2e-4, rel=1e-2)


@pytest.mark.parametrize(
    "step, decay", [(1, 2 / 11), (5, 6 / 15), (80, 81 / 90), (10**6, 0.99)]
)
def test_the_average_moves_by_its_decay(make_model, step, decay):
    model = make_model(training__ema_decay=0.99, procedure__block_wise=False)
    model.step.assign(step)
    for variable in model.generator.weights:
        variable.assign(tf.fill(variable.shape, 2.0))
    for variable in model.ema_generator.weights:
        variable.assign(tf.fill(variable.shape, 7.0))
    model.update_average()
    expected = decay * 7.0 + (1 - decay) * 2.0
    for variable in model.ema_generator.averaged_variables:
        np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-5)
    assert float(model.ema_generator.fade_in_alpha.numpy()) == 7.0


@pytest.mark.parametrize(
    "block_wise, step, decays",
    [
        (True, 100, (101 / 110, 1 / 10, 1 / 10)),
        (True, 101, (102 / 111, 2 / 11, 1 / 10)),
        (True, 151, (152 / 161, 52 / 61, 2 / 11)),
        (True, 10**6, (0.99, 0.99, 0.99)),
        (False, 101, (102 / 111, 102 / 111, 102 / 111)),
    ],
)
def test_the_average_of_a_block_warms_up_from_its_first_step(
    make_model, block_wise, step, decays
):
    procedure = {
        "block_wise": block_wise,
        "head_steps": 100,
        "num_refinement_blocks": 2,
        "refinement_steps": 50,
    }
    model = make_model(
        training__ema_decay=0.99, **{f"procedure__{n}": v for n, v in procedure.items()}
    )
    model.step.assign(step)
    for variable in model.generator.weights:
        variable.assign(tf.fill(variable.shape, 2.0))
    for variable in model.ema_generator.weights:
        variable.assign(tf.fill(variable.shape, 7.0))
    model.update_average()
    head, *blocks = decays
    expected = {f"refinement_block_{i}": decay for i, decay in enumerate(blocks)}
    for name, variable in named_weights(model.ema_generator).items():
        if not name.startswith("fade_in"):
            decay = expected.get(name.partition(".")[0], head)
            wanted = decay * 7.0 + (1 - decay) * 2.0
            np.testing.assert_allclose(variable.numpy(), wanted, rtol=1e-5)


def test_the_step_counts_and_reports_undivided_terms(make_model, batches):
    model = make_model(losses__reconstruction="l1")
    model.adversarial_weight.assign(0.5)
    found = {n: float(v) for n, v in model.train_step(batches[0]).items()}
    assert int(model.step.numpy()) == 1
    assert set(found) == {
        "generator_loss",
        "reconstruction_loss",
        "pixel_loss",
        "adversarial_loss",
        "discriminator_loss",
    }
    assert found["generator_loss"] == pytest.approx(
        10 * found["reconstruction_loss"] + 0.5 * found["adversarial_loss"], rel=1e-5
    )


def test_a_batch_without_hole_boxes_takes_the_box_around_the_whole_hole(
    make_model, batches
):
    image, mask = batches[0]["image"], batches[0]["mask"]
    boxes = mask_ops.hole_box(mask)[:, tf.newaxis]
    found = [
        float(make_model().train_step(batch)["reconstruction_loss"])
        for batch in (
            {"image": image, "mask": mask},
            {"image": image, "mask": mask, "hole_boxes": boxes},
        )
    ]
    assert found[0] == found[1] > 0


def test_calling_the_model_gives_the_composite_of_the_average(make_model, batches):
    model = make_model()
    for variable in model.generator.trainable_variables:
        variable.assign(tf.zeros(variable.shape))
    image, mask = batches[0]["image"], batches[0]["mask"]
    composite = model(batches[0]).numpy()
    masked = tf.concat([mask_ops.mask_image(image, mask), mask], -1)
    expected = np.where(mask > 0, model.ema_generator(masked), image)
    np.testing.assert_array_equal(composite, expected)
    # What is in the hole of the image is not looked at.
    emptied = {**batches[0], "image": mask_ops.mask_image(image, mask)}
    hidden = model(emptied).numpy()
    np.testing.assert_array_equal(
        np.where(mask > 0, hidden, 0), np.where(mask > 0, composite, 0)
    )


def test_validation_measures_the_composite_of_the_average(make_model, batches):
    model = make_model()
    # Unlike the trained generator, which is nearly grey.
    for variable in model.ema_generator.trainable_variables:
        variable.assign(tf.random.stateless_normal(variable.shape, [0, 1], 0.0, 0.3))
    found = {n: float(v) for n, v in model.test_step(batches[0]).items()}
    image, mask = batches[0]["image"], batches[0]["mask"]
    composite = model(batches[0])
    assert found["hole_l1"] == pytest.approx(
        float(tf.reduce_mean(hole_l1(image, composite, mask))), rel=1e-5
    )
    assert found["lpips"] == pytest.approx(
        float(tf.reduce_mean(model.lpips(image, composite))), rel=1e-5
    )
    assert set(found) == {"lpips", "hole_l1", "hole_psnr"}


def test_validation_changes_no_weight(make_model, batches):
    model = make_model()
    networks = (model.generator, model.ema_generator, model.discriminator)
    weights = [weight for network in networks for weight in network.weights]
    before = values(weights)
    model.test_step(batches[0])
    model.discriminator_logits(batches[0])
    assert not any(changed(before, weights))


def test_ppls_boxes_move_with_the_seed_and_the_step(make_model, batches):
    model = make_model()
    examples = model.examples(batches[0], training=False)
    losses = []
    for seed, step in ((0, 0), (0, 0), (0, 1), (1, 0)):
        model.seed = seed
        model.step.assign(step)
        terms = model.reconstruction_terms(examples)
        losses.append(float(terms["reconstruction_loss"]))
    assert losses[0] == losses[1]
    assert len(set(losses)) == 3


def test_the_discriminators_take_their_number_of_steps(make_model, batches):
    model = make_model(
        losses__reconstruction="l1",
        discriminator__num_scales=1,
        procedure__discriminator_steps=3,
    )
    model.train_step(batches[0])
    assert int(model.discriminator_optimizer.iterations.numpy()) == 3
    assert int(model.generator_optimizer.iterations.numpy()) == 1

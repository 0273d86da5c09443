"""Training in `mixed_float16`: both optimizers scale their loss."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.weights import changed, values
from tf_btgmi import keras_compat
from tf_btgmi.training.checkpoints import Checkpoints

# Gradients of float16 overflow with it.
TOO_LARGE = 2.0**40


@pytest.fixture
def make_float16(make_model):
    """Makes models in `mixed_float16`; the loss scale is Keras's own, or as given."""

    def make(loss_scale=None, **changes):
        model = make_model(training__precision="mixed_float16", **changes)
        if loss_scale:
            model.compile(
                *(
                    keras.mixed_precision.LossScaleOptimizer(
                        keras.optimizers.Adam(1e-3), initial_scale=loss_scale
                    )
                    for _ in range(2)
                )
            )
        return model

    return make


def loss_scales(model):
    name = "loss_scale" if keras_compat.KERAS_2 else "dynamic_scale"
    optimizers = (model.generator_optimizer, model.discriminator_optimizer)
    return [float(getattr(optimizer, name)) for optimizer in optimizers]


@pytest.mark.slow
def test_losses_are_finite_and_fall(make_float16, batches):
    model = make_float16(
        procedure__learning_rate=1e-3, discriminator__num_scales=1, losses__ppl_jitter=0
    )
    assert model.generator.compute_dtype == model.discriminator.compute_dtype
    assert model.generator.compute_dtype == "float16"
    step = tf.function(model.train_step)
    history = []
    for _ in range(15):
        model.reset_losses()
        history.append({n: float(v) for n, v in step(batches[0]).items()})
    assert np.isfinite([list(row.values()) for row in history]).all()
    for name in ("reconstruction_loss", "discriminator_loss"):
        losses = [row[name] for row in history]
        assert np.mean(losses[-3:]) < 0.8 * losses[0], name


def test_a_gradient_that_is_not_finite_skips_the_step_and_halves_the_scale(
    make_float16, batches
):
    model = make_float16(loss_scale=TOO_LARGE, losses__reconstruction="l1")
    networks = model.generator, model.discriminator
    weights = [v for network in networks for v in network.trainable_variables]
    before = values(weights)
    losses = model.train_step(batches[0])
    assert all(np.isfinite(float(loss)) for loss in losses.values())
    assert not any(changed(before, weights))
    assert loss_scales(model) == [TOO_LARGE / 2] * 2
    assert int(model.step.numpy()) == 1


def test_the_scale_is_in_the_checkpoint_and_survives_a_restart(
    make_float16, batches, tmp_path
):
    strategy = tf.distribute.get_strategy()
    model = make_float16(loss_scale=TOO_LARGE, losses__reconstruction="l1")
    model.train_step(batches[0])
    path = Checkpoints(model, str(tmp_path), 1, strategy).save()
    again = make_float16(losses__reconstruction="l1")
    Checkpoints(again, str(tmp_path / "again"), 1, strategy).restore(path)
    assert loss_scales(again) == [TOO_LARGE / 2] * 2
    again.generator_optimizer.learning_rate.assign(3e-4)
    again.restart_generator_optimizer()
    assert loss_scales(again) == [TOO_LARGE / 2] * 2
    assert float(again.generator_optimizer.learning_rate.numpy()) == np.float32(3e-4)
    assert int(again.generator_optimizer.iterations.numpy()) == 0

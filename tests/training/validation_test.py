"""Validation measures the same pictures alike on any number of replicas."""

import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.data import pipeline
from tf_btgmi.schedules import GENERATOR
from tf_btgmi.training import validation_metrics
from tf_btgmi.training.build import build_model
from tf_btgmi.training.validation import Validation


@pytest.mark.parametrize("replicas", [1, 2])
def test_every_picture_counts_the_same(make_config, two_replicas, tmp_path, replicas):
    # Of the last batch, one picture, a second replica gets none.
    config = make_config(data__num_validation_images=3)
    strategy = two_replicas if replicas == 2 else tf.distribute.get_strategy()
    model = build_model(config, strategy)
    model.begin_stage(0)
    dataset = pipeline.validation_dataset(config, 2)
    validation = Validation(dataset, 2, 1, 1, str(tmp_path), None)
    validation.set_model(model)
    found = validation.validate(step=1)
    singly = [
        validation_metrics.of_batch(example, model.predictions(example), model.lpips)[0]
        for example in pipeline.validation_dataset(config, 1)
    ]
    for name in model.validation_names:
        wanted = np.mean([float(values[name][0]) for values in singly])
        np.testing.assert_allclose(found[name], wanted, rtol=1e-4)


def test_means_of_the_losses_go_on_over_a_validation(make_config, tmp_path):
    config = make_config(data__num_validation_images=2)
    model = build_model(config, tf.distribute.get_strategy())
    model.begin_stage(0)
    model.means["generator_loss"].update_state(3.0)
    # Another value of an earlier validation, which does not count any more.
    model.means["lpips"].update_state(9.0)
    metrics = validation_at(model, config, tmp_path, 1)
    assert metrics["lpips"] < 2.0
    model.means["generator_loss"].update_state(5.0)
    assert float(model.means["generator_loss"].result()) == 4.0
    model.reset_losses()
    assert float(model.means["generator_loss"].result()) == 0.0


def validation_at(model, config, folder, step, discriminators_from=0):
    model.step.assign(step)
    dataset = pipeline.validation_dataset(config, 2)
    validation = Validation(dataset, 2, 1, 1, str(folder), None, discriminators_from)
    validation.set_model(model)
    return validation.validate(step)


def test_the_discriminators_are_measured_with_their_logits(make_config, tmp_path):
    config = make_config(data__num_validation_images=3)
    model = build_model(config, tf.distribute.get_strategy())
    model.begin_stage(0)
    metrics = validation_at(model, config, tmp_path, 1)
    lists = [
        model.discriminator_logits(b) for b in pipeline.validation_dataset(config, 1)
    ]
    for scale in range(config.discriminator.num_scales):
        real, fake, mask = (
            np.concatenate([lists_of[k][scale].numpy().ravel() for lists_of in lists])
            for k in range(3)
        )
        expected = np.mean(real[mask > 0] > fake[mask > 0])
        assert metrics[f"right_pairs_{scale}"] == pytest.approx(expected, abs=1e-6)


def test_a_discriminator_at_chance_is_named_after_a_thousand_steps(
    make_config, tmp_path, caplog
):
    config = make_config(data__num_validation_images=2)
    model = build_model(config, tf.distribute.get_strategy())
    model.begin_stage(0)
    for variable in model.discriminator.trainable_variables:
        variable.assign(tf.zeros(variable.shape))
    validation_at(model, config, tmp_path, 999)
    # A thousand of the discriminators' own.
    validation_at(model, config, tmp_path, 1_000, discriminators_from=1)
    assert "near chance" not in caplog.text
    validation_at(model, config, tmp_path, 1_000)
    assert "the discriminator of scale 0 is near chance (0.50" in caplog.text


def test_while_the_generator_trains_alone_nothing_is_said_of_discriminators(
    make_config, tmp_path
):
    config = make_config(data__num_validation_images=2)
    model = build_model(config, tf.distribute.get_strategy())
    model.begin_stage(0, [GENERATOR])
    assert not [n for n in validation_at(model, config, tmp_path, 1) if "pairs" in n]

"""The Context Encoder, Globally-Locally and pix2pixHD, trained by the same step."""

import os

import numpy as np
import pytest
import tensorflow as tf

from tests.earlier_systems import SYSTEMS
from tests.training.weights import changed, values
from tf_btgmi.config import ProcedureConfig
from tf_btgmi.losses.adversarial import discriminator_loss
from tf_btgmi.ops import mask_ops
from tf_btgmi.runs import load_run
from tf_btgmi.training.build import scheduled_callbacks
from tf_btgmi.training.trainer import train

OWN = {
    "globally_locally": {
        "procedure__optimizer": "adadelta",
        "procedure__learning_rate": 1.0,
    },
}


def options(name, **changes):
    own = {**OWN.get(name, {}), "procedure__num_refinement_blocks": 0}
    return {**SYSTEMS[name], **own, **changes}


@pytest.mark.parametrize("name", list(SYSTEMS))
def test_a_step_trains_every_weight_of_both_networks(make_model, batches, name):
    model = make_model(**options(name))
    networks = model.generator, model.discriminator
    weights = [v for network in networks for v in network.trainable_variables]
    before = values(weights)
    found = {n: float(v) for n, v in model.train_step(batches[0]).items()}
    assert all(changed(before, weights))
    assert all(np.isfinite(value) for value in found.values())
    assert found["generator_loss"] == pytest.approx(
        10 * found["reconstruction_loss"] + found["adversarial_loss"], rel=1e-5
    )


def test_verdicts_on_images_and_composites_share_no_statistics(make_model, batches):
    model = make_model(**options("context_encoder"))
    weights = model.discriminator.get_weights()
    image, mask = batches[0]["image"], batches[0]["mask"]
    masked = mask_ops.mask_image(image, mask)
    prediction = model.generator(tf.concat([masked, mask], -1), training=True)
    composite = mask_ops.composite(mask, prediction, image)
    given = model.train_step(batches[0])["discriminator_loss"]
    model.discriminator.set_weights(weights)
    real, fake = (
        model.discriminator.logits(candidate) for candidate in (image, composite)
    )
    patches = model.discriminator.patch_masks(mask)
    expected = discriminator_loss([real], [fake], patches, "bce")
    assert float(given) == pytest.approx(float(expected), rel=1e-5)


def test_features_are_matched_inside_the_new_discriminator(make_model, batches):
    model = make_model(**options("pix2pixhd"))
    model.generator_optimizer.learning_rate.assign(0.0)
    image, mask = batches[0]["image"], batches[0]["mask"]
    masked = mask_ops.mask_image(image, mask)
    prediction = model.generator(tf.concat([masked, mask], -1), training=True)
    composite = mask_ops.composite(mask, prediction, image)
    given = model.train_step(batches[0])["reconstruction_loss"]
    real, fake = (
        model.discriminator.features(tf.concat([masked, candidate], -1))
        for candidate in (image, composite)
    )
    expected = sum(
        np.abs(real[scale][layer] - fake[scale][layer]).mean()
        for scale in range(2)
        for layer in range(4)
    )
    assert float(given) == pytest.approx(expected, rel=1e-4)


@pytest.fixture(scope="module")
def phased(make_config, tmp_path_factory):
    """Globally-Locally: 2 steps of the one network, 1 of the other, 2 of both."""
    config = make_config(
        **options(
            "globally_locally",
            procedure__head_steps=5,
            procedure__generator_only_steps=2,
            procedure__discriminator_only_steps=1,
            procedure__learning_rate_decay_steps=2,
            procedure__discriminator_learning_rate_factor=0.5,
            training__checkpoint_every_steps=1,
            training__keep_checkpoints=5,
        )
    )
    workdir = str(tmp_path_factory.mktemp("runs") / "phased")
    result = train(config, workdir, tf.distribute.OneDeviceStrategy("CPU:0"))
    return workdir, result


def test_each_phase_trains_its_networks_and_reports_their_losses(phased, numbers_of):
    workdir, result = phased
    terms = [
        {
            name
            for name in ("reconstruction", "adversarial", "discriminator")
            if f"{name}_loss" in row
        }
        for row in result.history
    ]
    everything = {"reconstruction", "adversarial", "discriminator"}
    assert terms == [
        {"reconstruction"},
        {"reconstruction"},
        {"discriminator"},
        everything,
        everything,
    ]
    held = [
        numbers_of(os.path.join(workdir, "checkpoints", f"ckpt-{step}"))
        for step in range(1, 6)
    ]

    def moved(network, step):
        names = [name for name in held[0] if name.startswith(f"{network}/")]
        before, after = held[step - 2], held[step - 1]
        return any((before[name] != after[name]).any() for name in names)

    assert [moved("generator", step) for step in (2, 3, 4, 5)] == [1, 0, 1, 1]
    assert [moved("discriminator", step) for step in (2, 3, 4, 5)] == [0, 1, 1, 1]


def test_the_rate_falls_to_0_in_the_last_steps(phased):
    rates = [row["learning_rate"] for row in phased[1].history]
    assert rates == pytest.approx([1, 1, 1, 1, 0.5])


def test_inference_loads_an_earlier_system(phased):
    generator, config = load_run(phased[0])
    assert config.generator.architecture == "globally_locally"
    size = config.data.image_size
    assert generator(tf.zeros([1, size, size, 4])).shape == (1, size, size, 3)


def test_the_discriminator_has_its_own_rate(make_model):
    model = make_model(**options("context_encoder"))
    procedure = {"learning_rate": 2e-3, "discriminator_learning_rate_factor": 0.1}
    for callback in scheduled_callbacks(
        ProcedureConfig(**procedure, num_refinement_blocks=0)
    ):
        callback.set_model(model)
        callback.on_train_batch_begin(0)
    assert float(model.generator_optimizer.learning_rate) == pytest.approx(2e-3)
    assert float(model.discriminator_optimizer.learning_rate) == pytest.approx(2e-4)

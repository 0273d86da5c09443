import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.losses import adversarial
from tf_btgmi.losses.objective import Objective
from tf_btgmi.losses.perceptual import LPIPSDistance, PatchPerceptualLoss

REAL = [tf.constant([1.0, 0.5, 2.0, -1.0], shape=[1, 2, 2, 1])]
FAKE = [tf.constant([0.5, 1.0, -1.0, 3.0], shape=[1, 2, 2, 1])]
HOLE = [tf.constant([1.0, 1.0, 0.0, 0.0], shape=[1, 2, 2, 1])]
BOXES = tf.constant([[[4.0, 6, 28, 30]]])


@pytest.fixture
def pair(rng):
    return tf.constant(rng.uniform(-1, 1, [2, 1, 32, 32, 3]), tf.float32)


def test_the_generators_loss_is_10_times_reconstruction_plus_lambda_adversarial():
    terms = {"reconstruction_loss": 0.25, "pixel_loss": 0.5, "adversarial_loss": 4.0}
    objective = Objective("l1")
    assert objective.generator(terms, 1.0) == pytest.approx(6.5)
    assert objective.generator(terms, 0.01) == pytest.approx(2.54)
    assert Objective("l1", 3.0).generator(terms, 0.5) == pytest.approx(2.75)
    assert Objective("l1", 3.0, 2.0).generator(terms, 0.5) == pytest.approx(3.75)


@pytest.mark.parametrize("kind", ["l1", "l2", "perceptual", "ppl"])
def test_the_reconstruction_term_is_the_one_asked_for_and_unweighted(kind, pair):
    image, composite = pair
    expected = {
        "l1": np.abs(image - composite).mean(),
        "l2": np.square(image - composite).mean(),
        "perceptual": LPIPSDistance()(image, composite)[0],
        "ppl": PatchPerceptualLoss(None, 31, 1.2)(image, composite, BOXES),
    }
    objective = Objective(kind, ppl_patch_size=31, ppl_context_margin=1.2)
    terms = objective.generator_terms(image, composite, BOXES, FAKE, HOLE)
    assert set(terms) == {"reconstruction_loss", "pixel_loss", "adversarial_loss"}
    assert float(terms["pixel_loss"]) == pytest.approx(float(expected["l1"]), rel=1e-5)
    assert float(terms["reconstruction_loss"]) == pytest.approx(
        float(expected[kind]), rel=1e-5
    )
    # 0.5 and 1.0 against 1.
    assert float(terms["adversarial_loss"]) == pytest.approx(0.125)


def test_the_discriminators_loss_knows_no_adversarial_weight():
    # Real: 0, .25, 1, 4. Composite, targets 0 0 / 1 1: .25, 1, 4, 4.
    found = Objective("l1").discriminator(REAL, FAKE, HOLE)
    assert float(found) == pytest.approx(0.5 * (5.25 / 4 + 9.25 / 4))


def test_all_fake_labels_every_patch_of_a_composite_fake(pair):
    objective = Objective("l1", patch_labels="all_fake")
    # Composite, target 0: .25, 1, 1, 9.
    found = objective.discriminator(REAL, FAKE, HOLE)
    assert float(found) == pytest.approx(0.5 * (5.25 / 4 + 11.25 / 4))
    terms = objective.generator_terms(*pair, BOXES, FAKE, HOLE)
    # Target 1: .25, 0, 4, 4.
    assert float(terms["adversarial_loss"]) == pytest.approx(8.25 / 4)


@pytest.mark.parametrize("kind", ["lsgan", "bce", "hinge"])
def test_the_adversarial_kind_reaches_both_losses(kind, pair):
    objective = Objective("l1", adversarial=kind)
    assert float(objective.discriminator(REAL, FAKE, HOLE)) == float(
        adversarial.discriminator_loss(REAL, FAKE, HOLE, kind)
    )
    terms = objective.generator_terms(*pair, BOXES, FAKE, HOLE)
    assert float(terms["adversarial_loss"]) == float(
        adversarial.generator_loss(FAKE, HOLE, kind)
    )


def test_an_empty_mask_gives_numbers(pair):
    objective = Objective("ppl", ppl_patch_size=31)
    nothing = [tf.zeros_like(HOLE[0])]
    image = pair[0]
    terms = objective.generator_terms(image, image, tf.zeros([1, 1, 4]), FAKE, nothing)
    assert {name: float(value) for name, value in terms.items()} == {
        "reconstruction_loss": 0.0,
        "pixel_loss": 0.0,
        "adversarial_loss": 0.0,
    }


@pytest.mark.parametrize(
    "options, message",
    [
        ({"reconstruction": "l3"}, "one of ppl, perceptual, l1, l2; it is 'l3'"),
        ({"adversarial": "wgan"}, "one of lsgan, bce, hinge; it is 'wgan'"),
        ({"patch_labels": "fake"}, "one of hole, all_fake; it is 'fake'"),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(options, message):
    with pytest.raises(ValueError, match=message):
        Objective(**options)

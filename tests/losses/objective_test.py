import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.losses import adversarial
from tf_btgmi.losses.lpips import LPIPSDistance
from tf_btgmi.losses.objective import Objective
from tf_btgmi.losses.perceptual import PatchPerceptualLoss
from tf_btgmi.losses.reconstruction import overlap_l2_loss

REAL = [tf.constant([1.0, 0.5, 2.0, -1.0], shape=[1, 2, 2, 1])]
FAKE = [tf.constant([0.5, 1.0, -1.0, 3.0], shape=[1, 2, 2, 1])]
HOLE = [tf.constant([1.0, 1.0, 0.0, 0.0], shape=[1, 2, 2, 1])]
# One scale of one layer, which is its logits.
FAKE_FEATURES = [FAKE]
BOXES = tf.constant([[[4.0, 6, 28, 30]]])


def examples(image, composite, prediction=None):
    return {
        "image": image,
        "composite": composite,
        "prediction": composite if prediction is None else prediction,
        "mask": tf.pad(tf.ones([1, 8, 8, 1]), [[0, 0], [8, 16], [8, 16], [0, 0]]),
        "hole_boxes": BOXES,
    }


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
        "ppl": PatchPerceptualLoss(LPIPSDistance(), 31, 1.2)(image, composite, BOXES),
    }
    objective = Objective(kind, ppl_patch_size=31, ppl_context_margin=1.2)
    terms = objective.reconstruction_terms(examples(image, composite))
    assert set(terms) == {"reconstruction_loss", "pixel_loss"}
    assert float(terms["pixel_loss"]) == pytest.approx(float(expected["l1"]), rel=1e-5)
    assert float(terms["reconstruction_loss"]) == pytest.approx(
        float(expected[kind]), rel=1e-5
    )


def test_the_pixel_term_is_of_the_hole_where_that_is_asked_for(pair):
    case = examples(*pair)
    found = Objective("l2", pixel_region="hole").reconstruction_terms(case)
    hole = np.abs(pair[0] - pair[1])[:, 8:16, 8:16].mean()
    assert float(found["pixel_loss"]) == pytest.approx(hole, rel=1e-5)


def test_the_adversarial_term_asks_the_hole_to_look_real_and_nothing_else():
    terms = Objective("l1").realism_terms(None, FAKE_FEATURES, HOLE)
    assert set(terms) == {"adversarial_loss"}
    # 0.5 and 1.0 against 1.
    assert float(terms["adversarial_loss"]) == pytest.approx(0.125)


def test_overlap_l2_takes_the_raw_prediction(pair):
    image, prediction = pair
    case = examples(image, image, prediction)
    terms = Objective("overlap_l2").reconstruction_terms(case)
    expected = overlap_l2_loss(image, prediction, case["mask"])
    assert float(terms["reconstruction_loss"]) == float(expected) > 0
    assert float(terms["pixel_loss"]) == 0


def test_matched_features_are_the_reconstruction(pair):
    objective = Objective("feature_matching")
    assert objective.matches_features and not Objective("l1").matches_features
    assert set(objective.reconstruction_terms(examples(*pair))) == {"pixel_loss"}
    real = [[tf.constant([1.0, 3.0]), REAL[0]]]
    fake = [[tf.constant([2.0, 3.0]), FAKE[0]]]
    terms = objective.realism_terms(real, fake, HOLE)
    assert float(terms["reconstruction_loss"]) == pytest.approx(0.5)
    assert float(terms["adversarial_loss"]) == pytest.approx(0.125)


def test_the_generator_alone_has_no_adversarial_term():
    terms = {"reconstruction_loss": 0.25, "pixel_loss": 0.5}
    assert Objective("l1").generator(terms, 1.0) == pytest.approx(2.5)


def test_the_discriminators_loss_knows_no_adversarial_weight():
    # Real: 0, .25, 1, 4. Composite, targets 0 0 / 1 1: .25, 1, 4, 4.
    found = Objective("l1").discriminator(REAL, FAKE, HOLE)
    assert float(found) == pytest.approx(0.5 * (5.25 / 4 + 9.25 / 4))


def test_all_fake_labels_every_patch_of_a_composite_fake():
    objective = Objective("l1", patch_labels="all_fake")
    # Composite, target 0: .25, 1, 1, 9.
    found = objective.discriminator(REAL, FAKE, HOLE)
    assert float(found) == pytest.approx(0.5 * (5.25 / 4 + 11.25 / 4))
    terms = objective.realism_terms(None, FAKE_FEATURES, HOLE)
    # Target 1: .25, 0, 4, 4.
    assert float(terms["adversarial_loss"]) == pytest.approx(8.25 / 4)
    # But a composite without a hole is the image itself.
    both = [tf.concat([HOLE[0], tf.zeros_like(HOLE[0])], 0)]
    found = objective.discriminator(
        [tf.repeat(REAL[0], 2, 0)], [tf.repeat(FAKE[0], 2, 0)], both
    )
    # Target 1: .25, 0, 4, 4.
    assert float(found) == pytest.approx(0.5 * (5.25 / 4 + (11.25 + 8.25) / 8))


def test_the_discriminators_loss_is_of_the_hole_where_that_is_asked_for():
    found = Objective("l1", discriminator_patches="hole").discriminator(
        REAL, FAKE, HOLE
    )
    # Real: 0, .25. Composite: .25, 1.
    assert float(found) == pytest.approx(0.5 * (0.25 / 2 + 1.25 / 2))


@pytest.mark.parametrize("kind", ["lsgan", "bce", "hinge"])
def test_the_adversarial_kind_reaches_both_losses(kind):
    objective = Objective("l1", adversarial=kind)
    assert float(objective.discriminator(REAL, FAKE, HOLE)) == float(
        adversarial.discriminator_loss(REAL, FAKE, HOLE, kind)
    )
    terms = objective.realism_terms(None, FAKE_FEATURES, HOLE)
    assert float(terms["adversarial_loss"]) == float(
        adversarial.generator_loss(FAKE, HOLE, kind)
    )


def test_an_empty_mask_gives_numbers(pair):
    objective = Objective("ppl", ppl_patch_size=31)
    nothing = [tf.zeros_like(HOLE[0])]
    image = pair[0]
    case = {**examples(image, image), "hole_boxes": tf.zeros([1, 1, 4])}
    terms = objective.reconstruction_terms(case)
    terms.update(objective.realism_terms(None, FAKE_FEATURES, nothing))
    assert {name: float(value) for name, value in terms.items()} == {
        "reconstruction_loss": 0.0,
        "pixel_loss": 0.0,
        "adversarial_loss": 0.0,
    }


@pytest.mark.parametrize(
    "options, message",
    [
        ({"reconstruction": "l3"}, "no reconstruction 'l3'"),
        ({"pixel_region": "box"}, "picture or hole; it is 'box'"),
        ({"adversarial": "wgan"}, "one of lsgan, bce, hinge; it is 'wgan'"),
        ({"patch_labels": "fake"}, "hole or all_fake; it is 'fake'"),
        ({"discriminator_patches": "some"}, "all or hole; it is 'some'"),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(options, message, pair):
    objective = Objective(**{"reconstruction": "l1", **options})
    with pytest.raises(ValueError, match=message):
        objective.reconstruction_terms(examples(*pair))
        objective.realism_terms(None, [FAKE_FEATURES[0]], HOLE)
        objective.discriminator(REAL, FAKE, HOLE)

"""Losses of 2x2 logits against numbers worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.losses.adversarial import discriminator_loss, generator_loss

KINDS = ("lsgan", "bce", "hinge")


def grid(*rows):
    """[B, h, w, 1] of one example."""
    return tf.constant(rows, tf.float32)[tf.newaxis, ..., tf.newaxis]


REAL = grid([1.0, 0.5], [2.0, -1.0])
FAKE = grid([0.5, 1.0], [-1.0, 3.0])
# The two patches of the upper row meet the hole.
HOLE = grid([1, 1], [0, 0])


def softplus(x):
    return np.log1p(np.exp(x))


BY_HAND = {
    # Real: 0, .25, 1, 4. Composite: targets 0 0 / 1 1: .25, 1, 4, 4.
    "lsgan": (0.5 * (5.25 / 4 + 9.25 / 4), (0.25 + 0.0) / 2),
    "bce": (
        0.5
        * (
            sum(softplus(-x) for x in (1, 0.5, 2, -1)) / 4
            + (softplus(0.5) + softplus(1) + softplus(1) + softplus(-3)) / 4
        ),
        (softplus(-0.5) + softplus(-1)) / 2,
    ),
    # Real: 0, .5, 0, 2. Composite: 1.5, 2 where fake; 2, 0 where real.
    "hinge": (0.5 * (2.5 / 4 + 5.5 / 4), -(0.5 + 1.0) / 2),
}


@pytest.mark.parametrize("kind", KINDS)
def test_losses_of_one_scale_are_the_numbers_by_hand(kind):
    discriminator, generator = BY_HAND[kind]
    found = discriminator_loss([REAL], [FAKE], [HOLE], kind)
    assert found.shape == ()
    assert found.numpy() == pytest.approx(discriminator, rel=1e-6)
    found = generator_loss([FAKE], [HOLE], kind)
    assert found.shape == ()
    assert found.numpy() == pytest.approx(generator, rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_scales_are_summed(kind):
    twice = [[x, x[:, :1, :1]] for x in (REAL, FAKE, HOLE)]
    apart = discriminator_loss([REAL], [FAKE], [HOLE], kind) + discriminator_loss(
        *[[x[:, :1, :1]] for x in (REAL, FAKE, HOLE)], kind
    )
    assert discriminator_loss(*twice, kind).numpy() == pytest.approx(float(apart))
    apart = generator_loss([FAKE], [HOLE], kind) + generator_loss(
        [FAKE[:, :1, :1]], [HOLE[:, :1, :1]], kind
    )
    assert generator_loss(*twice[1:], kind).numpy() == pytest.approx(float(apart))


@pytest.mark.parametrize("kind", KINDS)
def test_the_generator_is_asked_about_patches_of_the_hole_only(kind):
    other = tf.where(HOLE > 0, FAKE, 77.0)
    found = generator_loss([other], [HOLE], kind)
    assert found.numpy() == generator_loss([FAKE], [HOLE], kind).numpy()


def test_a_small_hole_counts_as_much_as_a_large_one():
    # One patch off by 3 in the first example, four patches off by 1 in the second.
    fake = tf.concat([grid([-2, 9], [9, 9]), grid([0, 0], [2, 2])], 0)
    masks = tf.concat([grid([1, 0], [0, 0]), grid([1, 1], [1, 1])], 0)
    found = generator_loss([fake], [masks], "lsgan")
    assert found.numpy() == pytest.approx((9.0 + 1.0) / 2)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_mask_costs_nothing_and_has_no_gradient(kind):
    fake = tf.Variable(FAKE)
    with tf.GradientTape() as tape:
        loss = generator_loss([fake], [tf.zeros_like(HOLE)], kind)
    assert loss.numpy() == 0.0
    np.testing.assert_array_equal(tape.gradient(loss, fake), np.zeros([1, 2, 2, 1]))


def test_an_empty_mask_leaves_every_patch_of_the_composite_real():
    found = discriminator_loss([REAL], [FAKE], [tf.zeros_like(HOLE)], "lsgan")
    # Composite: .25, 0, 4, 4.
    assert found.numpy() == pytest.approx(0.5 * (5.25 / 4 + 8.25 / 4))


@pytest.mark.parametrize("kind", KINDS)
def test_right_answers_cost_nothing_and_the_generators_gradient_points_to_real(kind):
    large = 30.0 if kind == "bce" else 1.0
    fake = 0.0 if kind == "lsgan" else -large
    judged = tf.where(HOLE > 0, fake, large)
    loss = discriminator_loss([tf.fill([1, 2, 2, 1], large)], [judged], [HOLE], kind)
    assert loss.numpy() == pytest.approx(0.0, abs=1e-6)
    logits = tf.Variable(judged)
    with tf.GradientTape() as tape:
        loss = generator_loss([logits], [HOLE], kind)
    gradient = tape.gradient(loss, logits).numpy()
    np.testing.assert_array_equal(gradient < 0, HOLE.numpy() > 0)
    np.testing.assert_array_equal(gradient == 0, HOLE.numpy() == 0)


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match="one of lsgan, bce, hinge; it is 'wgan'"):
        discriminator_loss([REAL], [FAKE], [HOLE], "wgan")
    with pytest.raises(ValueError, match="it is 'wgan'"):
        generator_loss([FAKE], [HOLE], "wgan")
    with pytest.raises(ValueError, match="all or hole; it is 'some'"):
        discriminator_loss([REAL], [FAKE], [HOLE], patches="some")


@pytest.mark.parametrize("kind", KINDS)
def test_over_hole_patches_real_and_fake_weigh_the_same(kind, rng):
    real, fake = (tf.constant(rng.normal(size=[2, 4, 4, 1]), tf.float32) for _ in "rf")
    mask = np.zeros([2, 4, 4, 1], np.float32)
    mask[0, 1:3, 1:3] = mask[1, 0, 0] = 1
    loss = discriminator_loss([real], [fake], [mask], kind, "hole")
    # An example's hole patches alone, then the mean over both examples.
    everywhere = np.ones([1, 2, 2, 1], np.float32)
    first = discriminator_loss(
        [real[:1, 1:3, 1:3]], [fake[:1, 1:3, 1:3]], [everywhere], kind
    )
    one = everywhere[:, :1, :1]
    second = discriminator_loss([real[1:, :1, :1]], [fake[1:, :1, :1]], [one], kind)
    assert float(loss) == pytest.approx(float(first + second) / 2, rel=1e-5)


@pytest.mark.parametrize("patches", ["all", "hole"])
def test_with_two_composites_an_image_each_counts_the_image_once(patches, rng):
    real = tf.constant(rng.normal(size=[3, 2, 2, 1]), tf.float32)
    fake = tf.constant(rng.normal(size=[6, 2, 2, 1]), tf.float32)
    mask = tf.constant(rng.integers(0, 2, [6, 2, 2, 1]), tf.float32)
    both = discriminator_loss([real], [fake], [mask], "lsgan", patches)
    singly = [
        discriminator_loss(
            [real], [fake[i : i + 3]], [mask[i : i + 3]], "lsgan", patches
        )
        for i in (0, 3)
    ]
    assert float(both) == pytest.approx(float(sum(singly)) / 2, rel=1e-5)

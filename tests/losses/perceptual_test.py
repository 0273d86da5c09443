import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.losses.lpips import LPIPSDistance
from tf_btgmi.losses.perceptual import PatchPerceptualLoss
from tf_btgmi.ops import mask_ops
from tf_btgmi.pictures import mask_arrays


@pytest.fixture(scope="module")
def lpips():
    return LPIPSDistance()


@pytest.fixture
def picture(rng):
    small = tf.constant(rng.uniform(-1, 1, [2, 8, 8, 3]), tf.float32)
    return tf.image.resize(small, [48, 48], "bicubic")


BOXES = tf.constant([[[8.0, 8, 24, 32]], [[20.0, 10, 40, 20]]])


def box_mask(boxes, size):
    mask = np.zeros([len(boxes), size, size, 1], np.float32)
    for example, (y0, x0, y1, x1) in zip(mask, boxes[:, 0]):  # noqa: B905
        example[int(y0) : int(y1), int(x0) : int(x1)] = 1
    return mask


def test_ppl_is_lpips_of_the_hole_box_plus_lpips_of_its_context(lpips, picture, rng):
    ppl = PatchPerceptualLoss(lpips, 32)
    # A hole box of 32 x 32 and a context of 48 x 48, the whole picture.
    boxes = tf.constant([[[8.0, 8, 40, 40]]])
    image = picture[:1]
    candidate = image + tf.constant(rng.normal(0, 0.2, [1, 48, 48, 3]), tf.float32)
    hole = lpips(image[:, 8:40, 8:40], candidate[:, 8:40, 8:40])
    whole = lpips(
        *[tf.image.resize(x, [32, 32], antialias=True) for x in (image, candidate)]
    )
    expected = float(hole[0] + whole[0])
    assert float(ppl(image, candidate, boxes)) == pytest.approx(expected, rel=1e-4)


def test_ppl_moves_its_boxes_by_the_seed_alone(lpips, picture, rng):
    ppl = PatchPerceptualLoss(lpips, 32)
    candidate = picture + tf.constant(rng.normal(0, 0.2, picture.shape), tf.float32)
    seeds = [None, [0, 1], [0, 1], [0, 2]]
    values = [float(ppl(picture, candidate, BOXES, seed=seed)) for seed in seeds]
    assert values[1] == values[2]
    assert len(set(values)) == 3


def test_every_edge_moves_outwards_by_up_to_the_jitter(lpips):
    ppl = PatchPerceptualLoss(lpips, 32, jitter=4.0)
    moves = [ppl._moved(BOXES, [0, step]) - BOXES for step in range(60)]
    # In pixels of the resized patch: [steps, examples, edges].
    sides = np.array([[16, 24, 16, 24], [20, 10, 20, 10]])
    outwards = np.array(moves)[:, :, 0] * [-1, -1, 1, 1] * 32 / sides
    assert -1e-4 <= outwards.min() and outwards.max() <= 4.0 + 1e-4
    assert outwards.max(axis=0).min() > 3.5 and outwards.min(axis=0).max() < 0.5
    # Alike in all examples of a step, apart for every edge.
    np.testing.assert_allclose(outwards[:, 0], outwards[:, 1], atol=1e-4)
    assert np.ptp(outwards[:, 0], axis=1).min() > 0.05


def test_in_bfloat16_pictures_and_boxes_keep_their_digits(lpips, picture):
    candidate = picture + 1e-4
    # Edges that bfloat16 has not.
    boxes = BOXES + 0.3
    expected = float(PatchPerceptualLoss(lpips, 32)(picture, candidate, boxes))
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    found = float(PatchPerceptualLoss(lpips, 32)(picture, candidate, boxes))
    assert found == expected > 0


def period_ratios(power):
    """Largest over smallest mean of the places of one phase, of periods 2 to 8."""
    return [
        max(means) / min(means)
        for period in range(2, 9)
        for means in [[power[phase::period].mean() for phase in range(period)]]
    ]


@pytest.mark.parametrize("side", [256, 192])
def test_ppl_reaches_every_row_and_column_of_a_large_hole_alike(lpips, rng, side):
    ppl = PatchPerceptualLoss(lpips, 128)
    image = tf.constant(rng.uniform(-1, 1, [2, side, side, 3]), tf.float32)
    boxes = tf.constant([[[0.0, 0, side, side]]] * 2)
    power = np.zeros([side, side])
    for step in range(24):
        candidate = tf.Variable(rng.uniform(-1, 1, image.shape).astype(np.float32))
        with tf.GradientTape() as tape:
            loss = ppl(image, candidate, boxes, seed=[0, step])
        gradient = tape.gradient(loss, candidate).numpy()
        power += np.square(gradient).sum(axis=(0, 3))
    # Without the rows and columns at the edge, which fewer patches of AlexNet see.
    inside = power[24:-24, 24:-24]
    for axis in (0, 1):
        assert max(period_ratios(inside.mean(axis))) < 1.3


def test_ppl_of_equal_pictures_is_0(lpips, picture):
    ppl = PatchPerceptualLoss(lpips, 32)
    assert ppl(picture, picture, BOXES).numpy() == 0


def test_ppl_falls_as_the_damage_shrinks(lpips, picture, rng):
    ppl = PatchPerceptualLoss(lpips, 32)
    mask = box_mask(BOXES, 48)
    noise = tf.constant(rng.uniform(-1, 1, [2, 48, 48, 3]), tf.float32)
    losses = []
    for damage in (1.0, 0.8, 0.6, 0.4, 0.2, 0.1, 0.0):
        damaged = (1 - damage) * picture + damage * noise
        candidate = mask_ops.composite(mask, damaged, picture)
        losses.append(float(ppl(picture, candidate, BOXES)))
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] == 0 and losses[0] > 0.2


def test_absent_boxes_do_not_count(lpips, picture):
    ppl = PatchPerceptualLoss(lpips, 32)
    candidate = picture[:, ::-1]
    absent = tf.zeros([2, 2, 4])
    alone = float(ppl(picture, candidate, BOXES))
    with_absent = float(ppl(picture, candidate, tf.concat([BOXES, absent], 1)))
    assert with_absent == pytest.approx(alone, rel=1e-6)
    # Two boxes of an example: the mean of both, not the sum.
    doubled = float(ppl(picture, candidate, tf.concat([BOXES, BOXES], 1)))
    assert doubled == pytest.approx(alone, rel=1e-6)


def test_an_example_without_a_hole_costs_0_and_halves_the_mean(lpips, picture):
    ppl = PatchPerceptualLoss(lpips, 32)
    boxes = tf.concat([BOXES[:1], tf.zeros([1, 1, 4])], 0)
    variable = tf.Variable(picture[:, ::-1])
    with tf.GradientTape() as tape:
        loss = ppl(picture, variable, boxes)
    alone = ppl(picture[:1], variable[:1], BOXES[:1])
    assert float(loss) == pytest.approx(float(alone) / 2, rel=1e-6)
    gradient = tape.gradient(loss, variable).numpy()
    assert np.isfinite(gradient).all()
    assert np.abs(gradient[0]).max() > 0 and np.abs(gradient[1]).max() == 0


def test_what_is_far_from_every_hole_does_not_count(lpips, picture):
    ppl = PatchPerceptualLoss(lpips, 32)
    # The context of the first box ends at row 28 and column 38.
    boxes = BOXES[:1]
    candidate = picture[:1, ::-1]
    far = tf.concat([candidate[:, :30], 0 * candidate[:, 30:]], 1)
    expected = ppl(picture[:1], candidate, boxes).numpy()
    assert ppl(picture[:1], far, boxes).numpy() == expected


def test_a_wider_context_margin_takes_in_more(lpips, picture):
    # Damage outside the hole box, within twice its size.
    candidate = picture.numpy()[:1]
    candidate[:, 2:4] = -candidate[:, 2:4]
    found = [
        float(PatchPerceptualLoss(lpips, 32, margin)(picture[:1], candidate, BOXES[:1]))
        for margin in (1.0, 1.5, 2.0)
    ]
    assert max(found[:2]) < 1e-9
    assert found[2] > 1e-3


def test_a_brush_stroke_costs_what_the_box_of_its_connected_whole_costs(lpips, picture):
    mask = np.zeros([48, 48], np.float32)
    for place in range(10, 34):
        mask[place, 44 - place] = mask[place, 45 - place] = 1
    boxes = mask_arrays.hole_boxes(mask, 2)
    np.testing.assert_array_equal(boxes, [[10, 11, 34, 36], [0, 0, 0, 0]])
    ppl = PatchPerceptualLoss(lpips, 32)
    candidate = mask_ops.composite(mask[None, ..., None], -picture[:1], picture[:1])
    whole = tf.constant([[[10.0, 11, 34, 36]]])
    assert float(ppl(picture[:1], candidate, boxes[None])) == pytest.approx(
        float(ppl(picture[:1], candidate, whole)), rel=1e-6
    )


def test_a_patch_too_small_for_alexnet_is_refused(lpips):
    with pytest.raises(ValueError, match="at least 31 pixels; it is 30"):
        PatchPerceptualLoss(lpips, 30)

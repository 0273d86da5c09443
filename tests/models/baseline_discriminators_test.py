import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.layers.normalization import BatchNormalization
from tf_btgmi.models.baseline_discriminators import (
    GlobalDiscriminator,
    GlobalLocalDiscriminator,
    local_patch,
    num_halvings,
)
from tf_btgmi.models.naming import named_weights
from tf_btgmi.ops import mask_ops

TINY = {
    GlobalDiscriminator: {"image_size": 32, "base_filters": 2},
    GlobalLocalDiscriminator: {"image_size": 32, "base_filters": 2, "num_features": 5},
}


@pytest.fixture(params=list(TINY), ids=lambda kind: kind.__name__)
def network(request):
    network = request.param(**TINY[request.param])
    network.build()
    return network


def shapes(layer, rank):
    found = [tuple(v.shape) for v in layer.trainable_weights]
    return [shape for shape in found if len(shape) == rank]


def hole(y0, x0, y1, x1, size=32):
    mask = np.zeros([1, size, size, 1], np.float32)
    mask[0, y0:y1, x0:x1] = 1
    return tf.constant(mask)


def pictures(rng, mask):
    """Masked image, mask and candidate."""
    shape = [*mask.shape[:3], 3]
    image, candidate = (tf.constant(rng.uniform(-1, 1, shape), "float32") for _ in "ab")
    return mask_ops.mask_image(image, mask), mask, candidate


def test_the_context_encoders_has_the_widths_of_its_authors_code_for_128_pixels():
    network = GlobalDiscriminator()
    network.build()
    assert shapes(network, 4) == [
        (4, 4, a, b) for a, b in ((3, 64), (64, 64), (64, 128), (128, 256), (256, 512))
    ]
    assert shapes(network.verdict, 2) == [(4 * 4 * 512, 1)]


def test_globally_locallys_has_the_layers_of_its_tables_for_256_pixels():
    network = GlobalLocalDiscriminator()
    network.build()
    local = [(3, 64), (64, 128), (128, 256), (256, 512), (512, 512)]
    both = {"global": [*local, (512, 512)], "local": local}
    for name, widths in both.items():
        pyramid = network.parts[f"{name}_pyramid"]
        assert shapes(pyramid, 4) == [(5, 5, a, b) for a, b in widths]
        features = network.parts[f"{name}_features"]
        assert shapes(features, 2) == [(4 * 4 * 512, 1024)]
    assert shapes(network.verdict, 2) == [(2048, 1)]


def test_the_context_encoders_first_layer_is_plain_and_all_leak():
    levels = GlobalDiscriminator(**TINY[GlobalDiscriminator]).pyramid.levels
    assert levels[0].normalize is None
    assert all(isinstance(v.normalize, BatchNormalization) for v in levels[1:])
    assert [level.leak for level in levels] == [0.2] * 3


def test_features_below_0_do_not_reach_globally_locallys_verdict(rng):
    network = GlobalLocalDiscriminator(**TINY[GlobalLocalDiscriminator])
    network.build()
    for layer in (network.global_features, network.local_features):
        layer.bias.assign(tf.fill(layer.bias.shape, -1e3))
    inputs = tf.constant(rng.uniform(0, 1, [2, 32, 32, 4]), tf.float32)
    np.testing.assert_array_equal(network.logits(inputs)[:, 0, 0, 0], [0.0, 0.0])


@pytest.mark.parametrize("size", [32, 48])
def test_there_is_one_float32_logit_a_picture_of_any_size(network, rng, size):
    mask = tf.repeat(hole(4, 4, 12, 12, size), 2, axis=0)
    ((logits,),) = network.features(network.input_of(*pictures(rng, mask)))
    assert logits.shape == (2, 1, 1, 1) and logits.dtype == tf.float32
    assert logits.shape == network.patch_masks(mask)[0].shape


def test_the_candidate_alone_is_looked_at(network, rng):
    masked_image, mask, candidate = pictures(rng, hole(4, 4, 12, 12))
    inputs = network.input_of(masked_image, mask, candidate)
    other = network.input_of(0.0 * masked_image, mask, candidate)
    np.testing.assert_array_equal(inputs, other)
    given, other = (
        network.logits(network.input_of(masked_image, mask, x))
        for x in (candidate, 0.0 * candidate)
    )
    assert (other != given).numpy().any()


def test_a_picture_is_fake_where_it_has_a_hole(network):
    mask = tf.concat([hole(0, 0, 0, 0), hole(31, 31, 32, 32)], axis=0)
    (given,) = network.patch_masks(mask)
    np.testing.assert_array_equal(given[:, 0, 0, 0], [0, 1])


def test_every_weight_has_a_name(network):
    assert len(named_weights(network)) == len(network.weights)


def test_gradients_reach_the_composite_through_both_discriminators(rng):
    network = GlobalLocalDiscriminator(**TINY[GlobalLocalDiscriminator])
    network.build()
    inputs = network.input_of(*pictures(rng, tf.repeat(hole(4, 4, 12, 12), 2, axis=0)))
    reached = {}
    for part in ("global", "local"):
        other = {"global": "local", "local": "global"}[part]
        for variable in getattr(network, f"{other}_features").trainable_weights:
            variable.assign(tf.zeros(variable.shape))
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            logits = network.logits(inputs)
            # Batch normalization leaves no gradient of a plain sum.
            loss = tf.reduce_sum(logits * tf.constant([1.0, -1.0], shape=[2, 1, 1, 1]))
        gradient = tape.gradient(loss, inputs)[..., :3]
        reached[part] = np.abs(gradient).max(axis=(0, 3)) > 0
        network = GlobalLocalDiscriminator(**TINY[GlobalLocalDiscriminator])
        network.build()
    assert reached["global"][20:, 20:].any()
    # The hole's middle is (8, 8); the square of 16 pixels around it starts at 0.
    assert reached["local"][:16, :16].any() and not reached["local"][16:, 16:].any()


@pytest.mark.parametrize(
    "box, start",
    [
        ((12, 14, 20, 18), (8, 8)),
        ((0, 28, 4, 32), (0, 16)),
        ((0, 0, 0, 0), (0, 0)),
    ],
)
def test_the_local_square_is_around_the_holes_middle_and_inside(rng, box, start):
    candidate = tf.constant(rng.uniform(-1, 1, [1, 32, 32, 3]), tf.float32)
    given = local_patch(candidate, hole(*box), 16)
    y, x = start
    expected = candidate[:, y : y + 16, x : x + 16]
    np.testing.assert_allclose(given, expected, atol=1e-6)


def test_a_side_is_halved_until_4_pixels_are_left():
    sides = (256, 128, 64, 48, 16, 4)
    assert [num_halvings(side) for side in sides] == [6, 5, 4, 3, 2, 1]

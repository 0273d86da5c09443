import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.models import discriminator as discriminator_module
from tf_btgmi.models.discriminator import MultiScaleDiscriminator, PatchDiscriminator

SIZES = [(32, 32), (64, 64), (40, 56), (37, 53), (16, 71)]
STRIDES = (2, 2, 2, 1, 1)


def intervals(size, scale):
    """Rows of a picture that each output cell of a scale sees, by arithmetic.

    A convolution's cell i takes places s i - 2 .. s i + 1 of what lies below it, the
    pooling between scales 2 i - 1 .. 2 i + 1; places outside hold nothing.
    """
    chain = [(1, 2, 3)] * scale + [(2, stride, 4) for stride in STRIDES]
    seen = [(row, row) for row in range(size)]
    for padding, stride, kernel in chain:
        above = []
        for start in range(-padding, len(seen) + padding - kernel + 1, stride):
            inside = seen[max(start, 0) : start + kernel]
            above.append((inside[0][0], inside[-1][1]))
        seen = above
    return seen


def expected_patch_mask(mask, scale):
    """1 where the rows and columns that a cell sees hold hole, pixel by pixel."""
    rows, columns = (intervals(size, scale) for size in mask.shape)
    return np.array(
        [
            [mask[y0 : y1 + 1, x0 : x1 + 1].any() for x0, x1 in columns]
            for y0, y1 in rows
        ],
        np.float32,
    )


def some_masks(height, width, rng):
    """Single pixels in corners and inside, a rectangle, and noise."""
    masks = np.zeros([6, height, width], np.float32)
    masks[0, 0, 0] = masks[1, -1, -1] = masks[2, height // 2, width // 3] = 1
    masks[3, height // 3 : height // 2, 2:9] = 1
    masks[4] = rng.random([height, width]) < 0.002
    return masks


def kernel_weights(network):
    return sum(int(np.prod(v.shape)) for v in network.weights if len(v.shape) == 4)


def test_each_patchgan_has_2766848_kernel_weights_and_65_biases():
    discriminator = MultiScaleDiscriminator(normalization="instance")
    discriminator.build()
    assert len(discriminator.patch_discriminators) == 3
    for network in discriminator.patch_discriminators:
        assert kernel_weights(network) == 2_766_848
        assert network.count_params() == 2_766_848 + 64 + 1
    assert kernel_weights(discriminator) == 3 * 2_766_848


def test_logits_of_256_pixels_have_35_19_and_11_cells_a_side():
    discriminator = MultiScaleDiscriminator(4)
    logits = discriminator(tf.zeros([1, 256, 256, 6]))
    assert [tuple(scale.shape) for scale in logits] == [
        (1, 35, 35, 1),
        (1, 19, 19, 1),
        (1, 11, 11, 1),
    ]


def test_a_cell_i_of_the_finest_scale_sees_rows_8i_minus_46_to_8i_plus_23():
    found = intervals(256, 0)
    assert len(found) == 35
    for i, (first, last) in enumerate(found):
        assert (first, last) == (max(8 * i - 46, 0), min(8 * i + 23, 255))


def test_a_centred_hole_of_64_in_256_makes_cells_10_to_25_fake():
    mask = np.zeros([1, 256, 256, 1], np.float32)
    mask[:, 96:160, 96:160] = 1
    finest = MultiScaleDiscriminator(4).patch_masks(mask)[0][0, :, :, 0]
    expected = np.zeros([35, 35])
    expected[10:26, 10:26] = 1
    np.testing.assert_array_equal(finest, expected)


@pytest.mark.parametrize("height, width", SIZES)
def test_patch_masks_are_the_receptive_fields_that_meet_the_hole(height, width, rng):
    masks = some_masks(height, width, rng)
    found = MultiScaleDiscriminator(4).patch_masks(masks[..., np.newaxis])
    for scale in range(3):
        for mask, patches in zip(masks, found[scale]):  # noqa: B905
            expected = expected_patch_mask(mask, scale)
            np.testing.assert_array_equal(patches[..., 0], expected)


@pytest.mark.parametrize("height, width", SIZES[2:4])
def test_exactly_the_logits_of_masked_patches_change_with_what_is_in_the_hole(
    height, width, rng
):
    discriminator = MultiScaleDiscriminator(1, normalization="none")
    discriminator.build()
    for network in discriminator.patch_discriminators:
        for layer in network.convolutions:
            layer.kernel.assign(tf.abs(layer.kernel) + 0.1)
    masks = some_masks(height, width, rng)[..., np.newaxis]
    images = rng.uniform(0.5, 1, [*masks.shape[:3], 6]).astype(np.float32)
    before, after = discriminator(images), discriminator(images + masks)
    for old, new, patches in zip(  # noqa: B905
        before, after, discriminator.patch_masks(masks)
    ):
        np.testing.assert_array_equal(old.numpy() != new.numpy(), patches.numpy() > 0)


def test_patch_masks_have_the_shape_of_the_logits():
    discriminator = MultiScaleDiscriminator(2)
    for height, width in SIZES:
        logits = discriminator(tf.zeros([1, height, width, 6]))
        masks = discriminator.patch_masks(tf.ones([1, height, width, 1]))
        assert [m.shape for m in masks] == [s.shape for s in logits]


def test_without_a_hole_no_patch_is_fake():
    for patches in MultiScaleDiscriminator(2).patch_masks(tf.zeros([2, 32, 32, 1])):
        assert not patches.numpy().any()


def test_coarser_scales_see_means_of_three_without_the_padding():
    image = tf.tile(tf.reshape([0.0, 6.0, 12.0, 3.0], [1, 1, 4, 1]), [1, 4, 1, 6])
    half = discriminator_module._half(image)
    assert half.shape == (1, 2, 2, 6)
    np.testing.assert_allclose(half[0, :, :, 0], [[3, 7], [3, 7]], rtol=1e-6)


def test_features_are_layers_after_their_relu_of_leak_a_fifth(rng):
    network = PatchDiscriminator(2, normalization="none")
    image = rng.normal(size=[1, 32, 32, 6]).astype(np.float32)
    *features, logits = network.features(image)
    hidden = image
    edges = [(0, 0), (2, 2), (2, 2), (0, 0)]
    for layer, found in zip(network.convolutions, features):  # noqa: B905
        hidden = layer(np.pad(hidden, edges)).numpy()
        hidden = np.where(hidden > 0, hidden, 0.2 * hidden)
        np.testing.assert_allclose(found, hidden, rtol=1e-4, atol=1e-9)
    wanted = network.convolutions[-1](np.pad(hidden, edges))
    np.testing.assert_allclose(logits, wanted, rtol=1e-4, atol=1e-9)


def test_scales_do_not_share_weights():
    discriminator = MultiScaleDiscriminator(2)
    discriminator.build()
    first, second, _ = discriminator.patch_discriminators
    assert (first.weights[0].numpy() != second.weights[0].numpy()).all()


def test_a_discriminator_is_rebuilt_from_its_config(tmp_path, rng):
    discriminator = MultiScaleDiscriminator(2, 2)
    image = rng.normal(size=[1, 32, 32, 6]).astype(np.float32)
    expected = discriminator(image)
    again = MultiScaleDiscriminator.from_config(discriminator.get_config())
    again.build()
    path = str(tmp_path / "d.weights.h5")
    discriminator.save_weights(path)
    again.load_weights(path)
    for one, other in zip(again(image), expected):  # noqa: B905
        np.testing.assert_array_equal(one, other)


def test_in_bfloat16_weights_and_logits_stay_float32(rng):
    image = tf.constant(rng.normal(size=[1, 32, 32, 6]), tf.float32)
    full = PatchDiscriminator(4)
    expected = full(image)
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    half = PatchDiscriminator(4)
    half(image)
    half.set_weights(full.get_weights())
    logits = half(image)
    assert logits.dtype == tf.float32
    assert {tf.as_dtype(v.dtype) for v in half.weights} == {tf.float32}
    assert 0 < np.abs(logits - expected).max() < 0.05 * np.abs(expected).max()


@pytest.mark.parametrize("normalization", ["spectral", "batch", "instance", "none"])
def test_a_logit_depends_on_its_batch_only_with_batch_normalization(normalization, rng):
    discriminator = MultiScaleDiscriminator(4, 2, normalization)
    images = tf.constant(rng.uniform(-1, 1, [3, 32, 32, 6]), tf.float32)
    together = discriminator(images)
    alone = discriminator(images[:1])
    equal = [np.allclose(a[:1], b, atol=1e-5) for a, b in zip(together, alone)]  # noqa: B905
    assert discriminator.uses_batch_statistics == (normalization == "batch")
    assert equal == [normalization != "batch"] * 2


def test_an_unknown_normalization_is_refused():
    with pytest.raises(ValueError, match="it is 'layer'"):
        MultiScaleDiscriminator(4, 1, "layer")

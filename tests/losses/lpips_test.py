import os
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_btgmi.losses.lpips import LPIPSDistance, load_judge
from tf_btgmi.models.lpips_trunks import SCALE, SHIFT
from tf_btgmi.ops.image_ops import to_float

# LPIPS v0.1 on AlexNet, computed apart from this project in float64.
ZERO_AND_HALF = 0.200078
BLACK_AND_WHITE = 0.813954
WAVES = 0.134932758
WAVES_BY_LAYER = (0.033380531, 0.038296030, 0.026986057, 0.025139793, 0.011130347)


@pytest.fixture(scope="module")
def lpips():
    return LPIPSDistance()


@pytest.fixture(scope="module")
def waves():
    y, x = np.mgrid[:64, :64].astype(np.float64)
    first = [np.sin(x / 5), np.cos(y / 7), np.sin((x + y) / 9)]
    second = [np.sin(x / 5 + 0.5), np.cos(y / 7), np.sin((x - y) / 9)]
    stacked = [np.stack(channels, -1)[np.newaxis] for channels in (first, second)]
    return [tf.constant(image, tf.float32) for image in stacked]


def flat(value, size=64):
    return tf.fill([1, size, size, 3], float(value))


@pytest.mark.parametrize("shape", [(8, 64), (64, 30)])
def test_pictures_too_small_for_alexnet_are_refused(lpips, shape):
    image = tf.zeros([1, *shape, 3])
    with pytest.raises(ValueError, match="at least 31 pixels on each side; these are"):
        lpips(image, image)
    smallest = tf.zeros([1, 31, 31, 3])
    assert lpips(smallest, smallest).numpy() == 0


def test_lpips_of_even_pictures_is_the_reference(lpips):
    found = lpips(flat(0), flat(0.5)).numpy()
    np.testing.assert_allclose(found, [ZERO_AND_HALF], atol=2e-6)
    found = lpips(flat(-1), flat(1)).numpy()
    np.testing.assert_allclose(found, [BLACK_AND_WHITE], atol=2e-6)


def test_lpips_of_waves_is_the_reference_layer_by_layer(lpips, waves):
    layers = lpips.by_layer(*[lpips.features(image) for image in waves])
    found = [float(layer[0]) for layer in layers]
    np.testing.assert_allclose(found, WAVES_BY_LAYER, atol=1e-6)
    np.testing.assert_allclose(lpips(*waves), [WAVES], atol=2e-6)


def test_lpips_is_symmetric_and_each_example_has_its_own(lpips, waves):
    first = tf.concat([waves[0], waves[1], flat(-1)], 0)
    second = tf.concat([waves[1], waves[1], flat(1)], 0)
    expected = [WAVES, 0.0, BLACK_AND_WHITE]
    np.testing.assert_allclose(lpips(first, second), expected, atol=2e-6)
    np.testing.assert_allclose(lpips(second, first), expected, atol=2e-6)


def test_activations_have_the_channels_and_sides_of_alexnet(lpips):
    found = [tuple(x.shape[1:]) for x in lpips.trunk(flat(0, 64))]
    assert found == [
        (15, 15, 64),
        (7, 7, 192),
        (3, 3, 384),
        (3, 3, 256),
        (3, 3, 256),
    ]
    assert lpips.trunk(flat(0, 31))[-1].shape == (1, 1, 1, 256)


def test_nothing_of_lpips_is_a_variable(lpips):
    assert lpips.weights == []


def test_the_gradient_between_equal_pictures_is_0_and_finite(lpips, waves):
    for image in (waves[0], flat(-1), flat(0)):
        variable = tf.Variable(image)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(lpips(image, variable))
        np.testing.assert_array_equal(
            tape.gradient(loss, variable), np.zeros(image.shape)
        )


def test_the_gradient_is_finite_where_all_channels_are_silent(waves):
    # No activation anywhere: kernels of 0.
    weights = {f"conv{i}/bias": np.zeros(c) for i, c in _CHANNELS.items()}
    sides = {1: (11, 3), 2: (5, 64), 3: (3, 192), 4: (3, 384), 5: (3, 256)}
    for i, (side, channels) in sides.items():
        weights[f"conv{i}/kernel"] = np.zeros([side, side, channels, _CHANNELS[i]])
        weights[f"lin{i}"] = np.ones(_CHANNELS[i])
    weights = {name: value.astype(np.float32) for name, value in weights.items()}
    silent = LPIPSDistance(weights)
    variable = tf.Variable(waves[0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(silent(waves[1], variable))
    assert loss.numpy() == 0
    assert np.isfinite(tape.gradient(loss, variable)).all()


_CHANNELS = {1: 64, 2: 192, 3: 384, 4: 256, 5: 256}


def test_the_gradient_is_that_of_differences(lpips, waves):
    direction = waves[1] - waves[0]
    variable = tf.Variable(waves[0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(lpips(waves[1], variable))
    slope = tf.reduce_sum(tape.gradient(loss, variable) * direction)
    ahead, behind = (
        lpips(waves[1], waves[0] + step * direction)[0] for step in (0.01, -0.01)
    )
    assert float(slope) == pytest.approx(float(ahead - behind) / 0.02, rel=0.01)
    assert float(slope) < -0.01


def test_in_bfloat16_the_distance_is_float32_and_near(waves):
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    found = LPIPSDistance()(*waves)
    assert found.dtype == tf.float32
    np.testing.assert_allclose(found, [WAVES], rtol=0.03)
    assert float(found[0]) != pytest.approx(WAVES, abs=1e-7)


# LPIPS on VGG16.

# Folder with the weights of VGG16 and the pictures of the LPIPS authors' example.
SHARED = pathlib.Path(
    os.environ.get("TF_BTGMI_SHARED", pathlib.Path(__file__).parents[3] / "shared")
)
VGG_WEIGHTS = SHARED / "weights" / "vgg16_lpips_v0.1.npz"


def vgg_features(image, weights):
    """VGG16's five feature maps of an image [H, W, 3], in NumPy and float64."""
    hidden = (image.astype(np.float64) - SHIFT) / SCALE
    number, features = 0, []
    for block, count in enumerate((2, 2, 3, 3, 3)):
        if block:
            rows, columns = (2 * (side // 2) for side in hidden.shape[:2])
            quads = [hidden[i:rows:2, j:columns:2] for i in (0, 1) for j in (0, 1)]
            hidden = np.max(quads, axis=0)
        for _ in range(count):
            number += 1
            kernel = weights[f"conv{number}/kernel"].astype(np.float64)
            padded = np.pad(hidden, ((1, 1), (1, 1), (0, 0)))
            height, width = hidden.shape[:2]
            hidden = sum(
                padded[i : i + height, j : j + width] @ kernel[i, j]
                for i in range(3)
                for j in range(3)
            )
            hidden = np.maximum(hidden + weights[f"conv{number}/bias"], 0)
        features.append(hidden)
    return features


def vgg_distance(first, second, weights):
    total = 0.0
    pairs = zip(vgg_features(first, weights), vgg_features(second, weights))
    for number, (a, b) in enumerate(pairs, start=1):
        a, b = (x / (np.linalg.norm(x, axis=-1, keepdims=True) + 1e-10) for x in (a, b))
        total += np.mean((a - b) ** 2 @ weights[f"lin{number}"].astype(np.float64))
    return total


@pytest.mark.parametrize("height, width", [(16, 16), (37, 50)])
def test_vgg_agrees_with_numpy_on_made_up_weights(vgg_weights_path, height, width, rng):
    first, second = rng.uniform(-1, 1, (2, height, width, 3)).astype(np.float32)
    judge = load_judge(vgg_weights_path)
    found = judge(first[None], second[None]).numpy()
    with np.load(vgg_weights_path) as archive:
        expected = vgg_distance(first, second, dict(archive))
    assert expected > 0.01
    np.testing.assert_allclose(found, [expected], rtol=1e-4)


def test_the_judge_is_float32_whatever_the_policy(vgg_weights_path, waves):
    expected = load_judge(vgg_weights_path)(*waves).numpy()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    judge = load_judge(vgg_weights_path)
    np.testing.assert_array_equal(judge(*waves), expected)
    assert judge.weights == []


def test_weights_that_do_not_fit_are_named(vgg_weights_path, tmp_path):
    with pytest.raises(ValueError, match="There is no file .*none.npz"):
        load_judge(str(tmp_path / "none.npz"))
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(ValueError, match="text.npz does not hold .* of VGG16Features"):
        load_judge(str(tmp_path / "text.npz"))
    with np.load(vgg_weights_path) as archive:
        weights = dict(archive)
    cuts = {"conv3/kernel": "conv3/bias", "conv13/bias": "conv13/bias", "lin5": "lin5"}
    for name, named in cuts.items():
        changed = {**weights, name: weights[name][..., :2]}
        np.savez(tmp_path / "changed.npz", **changed)
        with pytest.raises(ValueError, match=rf"VGG16Features: {named} is \(\d,\)"):
            load_judge(str(tmp_path / "changed.npz"))
    del weights["conv9/kernel"]
    np.savez(tmp_path / "changed.npz", **weights)
    with pytest.raises(ValueError, match="VGG16Features: .*conv9/kernel"):
        load_judge(str(tmp_path / "changed.npz"))


@pytest.mark.skipif(not VGG_WEIGHTS.exists(), reason="needs the weights of VGG16")
def test_vgg_is_the_reference_layer_by_layer(waves):
    # Computed apart from this project in float64, from the same float16 kernels.
    pictures = {
        name: to_float(tf.constant(np.asarray(Image.open(path).convert("RGB"))[None]))
        for name in ("ex_ref", "ex_p0", "ex_p1")
        for path in [SHARED / "reference" / "lpips" / f"{name}.png"]
    }
    ref, p0, p1 = pictures.values()
    expected = [
        (ref, p0, (0.060838, 0.070203, 0.075812, 0.186471, 0.175276)),
        (ref, p1, (0.073910, 0.084017, 0.064279, 0.086218, 0.113229)),
        (flat(0), flat(0.5), (0.062984, 0.008652, 0.003893, 0.012654, 0.023523)),
        (flat(-1), flat(1), (0.112616, 0.062707, 0.040635, 0.107467, 0.130508)),
        (*waves, (0.107240, 0.035181, 0.039303, 0.086996, 0.037078)),
    ]
    judge = load_judge(str(VGG_WEIGHTS))
    for first, second, layers in expected:
        found = judge.by_layer(judge.features(first), judge.features(second))
        np.testing.assert_allclose(np.concatenate(found), layers, atol=2e-6)

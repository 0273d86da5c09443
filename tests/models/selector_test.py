"""The selector network: shapes, names of weights, the trunk, releases."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.models.naming import named_weights
from tf_btgmi.models.selector import Selector
from tf_btgmi.releases import load_selector, save_selector


@pytest.fixture(scope="module")
def selector():
    network = Selector(base_filters=8)
    network.build()
    return network


def windows(count=2, side=64):
    rng = np.random.default_rng(0)
    return tf.constant(rng.uniform(-1, 1, (count, side, side, 8)), tf.float32)


def test_logits_have_the_size_of_the_window(selector):
    logits = selector(windows())
    assert logits.shape == (2, 64, 64, 1) and logits.dtype == tf.float32


def test_every_weight_has_a_name_and_the_trunk_has_none(selector):
    assert len(named_weights(selector)) == len(selector.weights)
    assert not selector.trunk.weights


def test_known_features_of_the_trunk_change_nothing(selector):
    inputs = windows()
    features = selector.trunk_features(inputs)
    np.testing.assert_allclose(
        selector(inputs, trunk_features=features), selector(inputs), atol=1e-5
    )
    # Others would.
    others = [feature[:, ::-1] for feature in features]
    assert np.abs(selector(inputs, trunk_features=others) - selector(inputs)).max() > 0


def test_blocks_have_their_dilations(selector):
    def dilations(name):
        block = selector.parts[name]
        layers = block.convolution_1, block.convolution_2
        return [layer.dilation_rate[0] for layer in layers]

    assert [dilations(f"bottleneck_{i}") for i in (0, 1)] == [[1, 1], [2, 2]]
    assert [dilations(f"block_{i}") for i in (1, 4)] == [[1, 1], [1, 1]]


def test_what_was_pointed_at_changes_the_logits(selector):
    inputs = windows(1).numpy()
    moved = inputs.copy()
    moved[..., 3:] = 0
    assert np.abs(selector(inputs) - selector(moved)).max() > 1e-6


def test_a_release_gives_the_same_logits(selector, tmp_path):
    for weight in selector.weights:
        value = np.asarray(weight)
        weight.assign(value.astype(np.float16).astype(np.float32))
    save_selector(selector, {"steps": 3}, str(tmp_path))
    loaded = load_selector(str(tmp_path))
    np.testing.assert_allclose(loaded(windows()), selector(windows()), atol=1e-5)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    config["selector"]["window_side"] = 128
    path.write_text(json.dumps(config))
    with pytest.raises(ValueError, match="window_side"):
        load_selector(str(tmp_path))
    save_selector(selector, {"steps": 3}, str(tmp_path))
    with open(tmp_path / "weights.npz", "r+b") as file:
        file.seek(200)
        file.write(b"damaged")
    with pytest.raises(ValueError, match="damaged"):
        load_selector(str(tmp_path))

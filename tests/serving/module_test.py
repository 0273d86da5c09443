"""Signatures of a generator with two outputs; those of one are in tests/export."""

import numpy as np
import pytest
import tensorflow as tf

from tests.models.folding_test import make_generator
from tf_btgmi.serving.module import InpaintingModule

S = 16


@pytest.fixture
def generator(rng):
    return make_generator(rng, outputs=("inpainted", "harmonized"))


@pytest.fixture
def functions(generator):
    module = InpaintingModule(generator, S)
    functions = dict(module.functions)
    # Functions hold their module weakly.
    functions["module"] = module
    return functions


def scene(rng):
    image = rng.integers(0, 256, [1, S, S, 3], dtype=np.uint8)
    gap = np.zeros([1, S, S, 1], np.uint8)
    gap[0, 2:8, 2:8] = 255
    foreground = np.zeros_like(gap)
    foreground[0, 6:12, 6:12] = 200
    return image, gap, foreground


def predicted(generator, image, gap, foreground):
    masked = (image / np.float32(127.5) - 1) * (gap < 128)
    masks = [(gap >= 128).astype(np.float32), (foreground >= 128).astype(np.float32)]
    given = generator(np.concatenate([masked, *masks], axis=-1).astype(np.float32))
    return {
        name: ((given[name].numpy() + 1) * 127.5).round().astype(np.uint8)
        for name in given
    }


def assert_levels(found, wanted):
    np.testing.assert_allclose(found.numpy().astype(int), wanted, atol=1)


def test_a_model_of_two_outputs_has_all_signatures(functions):
    assert set(functions) - {"module"} == {
        "serving_default",
        "predict_tensor",
        "predict_window",
        "harmonize",
        "compose",
    }


def test_compose_fills_the_gap_and_recolours_the_rest_of_the_foreground(
    functions, generator, rng
):
    image, gap, foreground = scene(rng)
    found = functions["compose"](image=image, gap=gap, foreground=foreground)
    visible = np.where(gap >= 128, np.uint8(0), foreground)
    given = predicted(generator, image, gap, visible)
    wanted = np.where(visible >= 128, given["harmonized"], image)
    wanted = np.where(gap >= 128, given["inpainted"], wanted)
    assert_levels(found["composite"], wanted)


def test_harmonize_recolours_the_mask_and_nothing_else(functions, generator, rng):
    image, gap, foreground = scene(rng)
    found = functions["harmonize"](image=image, mask=foreground)["composite"]
    given = predicted(generator, image, gap * 0, foreground)["harmonized"]
    assert_levels(found, np.where(foreground >= 128, given, image))
    known = np.broadcast_to(foreground < 128, image.shape)
    np.testing.assert_array_equal(found.numpy()[known], image[known])


def test_a_window_is_predicted_as_a_whole(functions, generator, rng):
    image, gap, foreground = scene(rng)
    foreground = np.where(gap >= 128, np.uint8(0), foreground)
    found = functions["predict_window"](image=image, mask=gap, foreground=foreground)
    wanted = predicted(generator, image, gap, foreground)
    assert set(found) == set(wanted)
    for name, levels in wanted.items():
        assert_levels(found[name], levels)


def test_an_empty_batch_is_refused_in_plain_words(functions):
    nothing = tf.zeros([0], tf.string)
    with pytest.raises(tf.errors.InvalidArgumentError, match="at least one:"):
        functions["serving_default"](image_bytes=nothing, mask_bytes=nothing)


def test_a_model_that_harmonizes_only_does_that_by_default(rng):
    module = InpaintingModule(make_generator(rng, outputs=("harmonized",)), S)
    assert set(module.functions) == {"serving_default", "predict_window", "harmonize"}
    assert module.functions["serving_default"] is module.functions["harmonize"]

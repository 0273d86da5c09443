"""What holds for every picture, mask and config, tried on made-up ones (Hypothesis).

Few examples by default; the slow test at the end tries the same on many.
"""

import json
import re

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tf_btgmi import config as config_lib
from tf_btgmi.config import fields as config_fields
from tf_btgmi.inference.holes import Holes, dilated
from tf_btgmi.inference.predictor import Predictor
from tf_btgmi.ops import mask_ops
from tf_btgmi.pictures import mask_arrays

S = 32
FEW = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(FEW, max_examples=1_000, derandomize=False)
CHAINS = (((4, 2, 1),), ((4, 2, 1), (4, 2, 1), (4, 1, 1)), ((3, 1, 1), (3, 2, 0)))


@st.composite
def masks(draw, max_side=70):
    """bool [H, W]: boxes, specks and lines, at least one hole and one known pixel."""
    height, width = (draw(st.integers(1, max_side)) for _ in range(2))
    if height * width == 1:
        width = 2
    mask = np.zeros((height, width), bool)
    for _ in range(draw(st.integers(1, 4))):
        y, x = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        y1, x1 = draw(st.integers(y, height)), draw(st.integers(x, width))
        mask[y : y1 + 1, x : x1 + 1] = True
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    if draw(st.booleans()):
        mask |= rng.random(mask.shape) < draw(st.sampled_from([0.01, 0.3, 0.9]))
    y, x = rng.integers(height), rng.integers(width)
    if mask.all():
        mask[y, x] = False
    return mask


def network(kind, outputs):
    """A function in the network's place: a flat colour, noise, or its own input."""

    def predict(inputs):
        if kind == "flat":
            found = np.ones(inputs.shape[:3] + (3,), np.float32)
        elif kind == "noise":
            rng = np.random.default_rng(0)
            found = rng.uniform(-1, 1, inputs.shape[:3] + (3,)).astype(np.float32)
        else:
            found = inputs[..., :3].copy()
        return {name: found for name in outputs}

    return predict


def known_pixels_are_kept(mask, mode, kind, seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (*mask.shape, 3), np.uint8)
    before = image.copy()
    outputs = ("inpainted", "harmonized")
    predictor = Predictor(network(kind, outputs), S, outputs=outputs)
    given_mask = mask if seed % 2 else mask.astype(np.uint8) * 255
    changed = mask
    if mode == "remove":
        changed = dilated(mask, 1)
        if changed.all():
            with pytest.raises(ValueError, match="covers the whole picture"):
                predictor.remove(image, given_mask, 1)
            return
        result = predictor.remove(image, given_mask, 1)
    else:
        result = getattr(predictor, mode)(image, given_mask)
    assert result.dtype == np.uint8 and result.shape == image.shape
    np.testing.assert_array_equal(result[~changed], image[~changed])
    np.testing.assert_array_equal(image, before)
    if kind == "flat" and mode != "harmonize" and max(mask.shape) <= S:
        # Nothing is enlarged, so the hole is what the network gave, except where known
        # pixels lie close by on all sides.
        holes = Holes(changed)
        holes.interpolate(image.copy())
        height, width = mask.shape
        predicted = holes.window(0, 0, max(mask.shape))[:height, :width] > 0
        assert (result[predicted] == 255).all()


PICTURES = {
    "mask": masks(),
    "mode": st.sampled_from(["inpaint", "remove", "harmonize"]),
    "kind": st.sampled_from(["flat", "noise", "same"]),
    "seed": st.integers(0, 99),
}


@FEW
@given(**PICTURES)
def test_known_pixels_and_size_are_kept_whatever_the_picture_and_mode(
    mask, mode, kind, seed
):
    known_pixels_are_kept(mask, mode, kind, seed)


def mask_operations_keep_their_identities(mask, seed):
    rng = np.random.default_rng(seed)
    hole = mask[None, ..., None].astype(np.float32)
    pair = rng.uniform(-1, 1, (2, *hole.shape[:3], 3)).astype(np.float32)
    image, prediction = pair
    result = mask_ops.composite(hole, prediction, image).numpy()
    np.testing.assert_array_equal(result, np.where(hole > 0, prediction, image))
    again = mask_ops.composite(hole, prediction, result)
    np.testing.assert_array_equal(again, result)
    np.testing.assert_array_equal(mask_ops.composite(hole, image, image), image)

    boxes = mask_arrays.hole_boxes(mask.astype(np.float32), 3)
    covered = np.zeros_like(mask)
    for y0, x0, y1, x1 in boxes.astype(int):
        covered[y0:y1, x0:x1] = True
    assert not (mask & ~covered).any()
    rows, columns = np.nonzero(mask)
    whole = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
    np.testing.assert_array_equal(mask_ops.hole_box(tf.constant(hole))[0], whole)
    known = boxes[boxes[:, 2] > 0]
    np.testing.assert_array_equal(known[:, :2].min(0), whole[:2])
    np.testing.assert_array_equal(known[:, 2:].max(0), whole[2:])


@FEW
@given(masks(), st.integers(0, 99))
def test_composites_and_boxes_keep_their_identities(mask, seed):
    mask_operations_keep_their_identities(mask, seed)


def dilation_grows(mask, first, second):
    grown = dilated(mask, first)
    assert not (mask & ~grown).any()
    assert not (grown & ~dilated(mask, first + second)).any()
    np.testing.assert_array_equal(dilated(mask, 0), mask)
    # Two discs after each other reach no further than the one of both radii.
    twice = dilated(grown, second)
    assert not (twice & ~dilated(mask, first + second)).any()
    np.testing.assert_array_equal(dilated(mask[::-1], first), grown[::-1])


@FEW
@given(masks(), st.integers(0, 5), st.integers(0, 5))
def test_dilation_grows_and_is_monotone(mask, first, second):
    dilation_grows(mask, first, second)


def patch_masks_are_monotone(mask, chain, seed):
    rng = np.random.default_rng(seed)
    height, width = (max(side, 16) for side in mask.shape)
    hole = np.zeros((1, height, width, 1), np.float32)
    hole[0, : mask.shape[0], : mask.shape[1], 0] = mask
    more = np.maximum(hole, rng.random(hole.shape) < 0.05).astype(np.float32)
    small, large = (mask_ops.patch_mask(m, chain).numpy() for m in (hole, more))
    assert set(np.unique(small)) <= {0.0, 1.0}
    assert (small <= large).all()
    assert small.any()
    union = mask_ops.patch_mask(np.maximum(hole, more[:, ::-1]), chain).numpy()
    other = mask_ops.patch_mask(more[:, ::-1].copy(), chain).numpy()
    np.testing.assert_array_equal(union, np.maximum(small, other))


@FEW
@given(masks(max_side=24), st.sampled_from(CHAINS), st.integers(0, 99))
def test_patch_masks_are_monotone_and_of_a_union_the_union(mask, chain, seed):
    patch_masks_are_monotone(mask, chain, seed)


def value_of(path, default):
    """Values of one field: allowed ones and ones out of range."""
    if config_lib.choices_of(path):
        return st.sampled_from(config_lib.choices_of(path))
    if isinstance(default, bool):
        return st.booleans()
    if isinstance(default, int):
        return st.integers(-1, 2**31)
    if isinstance(default, float):
        return st.floats(-1.0, 1e4, allow_nan=False)
    return st.text(max_size=20)


@st.composite
def trees(draw):
    """The JSON tree of a config with some fields drawn anew."""
    config = config_lib.Config()
    tree = {}
    defaults = {path: value for path, _, value in config_fields.walk(config)}
    for path in draw(st.lists(st.sampled_from(sorted(defaults)), max_size=5)):
        section, _, name = path.rpartition(".")
        value = draw(value_of(path, defaults[path]))
        if section:
            tree.setdefault(section, {})[name] = value
        else:
            tree[name] = value
    return tree


def a_config_is_refused_or_survives(tree, folder):
    try:
        config = config_lib.from_dict(tree)
    except ValueError as error:
        assert "\n" not in str(error)
        assert re.match("(There is no field |At least one of )?config", str(error))
        return
    for name, value in tree.items():
        fields = value.items() if isinstance(value, dict) else []
        for field, wanted in fields:
            assert getattr(getattr(config, name), field) == wanted
    path = str(folder / "config.json")
    config_lib.save(config, path)
    assert config_lib.load(path) == config
    assert config_lib.differences(config, config_lib.load(path)) == {}
    with open(path, encoding="utf-8") as file:
        assert config_lib.from_dict(json.load(file)) == config


@FEW
@given(trees())
def test_a_config_is_refused_in_one_line_or_survives_its_json(tmp_path, tree):
    a_config_is_refused_or_survives(tree, tmp_path)


@pytest.mark.slow
def test_all_of_these_hold_for_a_thousand_examples_each(tmp_path):
    MANY(given(**PICTURES)(known_pixels_are_kept))()
    MANY(given(masks(), st.integers(0, 99))(mask_operations_keep_their_identities))()
    MANY(given(masks(), st.integers(0, 9), st.integers(0, 9))(dilation_grows))()
    chains = st.sampled_from(CHAINS)
    MANY(given(masks(24), chains, st.integers(0, 99))(patch_masks_are_monotone))()
    MANY(given(trees())(lambda tree: a_config_is_refused_or_survives(tree, tmp_path)))()

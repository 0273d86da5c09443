import dataclasses
import functools

import cv2
import numpy as np
import pytest
from PIL import Image

from tf_btgmi.config import MASK_KINDS, MaskConfig
from tf_btgmi.data import mask_shapes
from tf_btgmi.data.masks import NAMED_KINDS, MaskSampler, ObjectShapes, named_mask
from tf_btgmi.data.unreadable import UnreadableError

NO_KIND = MaskConfig(rectangles=0.0)


@pytest.fixture
def shapes(tmp_path):
    """A folder of a disc, a bar and an L, as mask pictures of three modes."""
    rows, columns = np.mgrid[:40, :60]
    disc = (rows - 20) ** 2 + (columns - 30) ** 2 < 100
    bar = (abs(rows - 10) < 3) & (columns > 20)
    corner = ((rows > 30) | (columns < 8)) & (columns < 20)
    Image.fromarray(disc).save(tmp_path / "disc.png")
    Image.fromarray((bar * 255).astype(np.uint8)).save(tmp_path / "bar.png")
    rgb = np.repeat((corner * 255).astype(np.uint8)[..., None], 3, -1)
    Image.fromarray(rgb).save(tmp_path / "corner.png")
    return tmp_path


def sampler_of(kind, shapes, **fields):
    config = dataclasses.replace(
        NO_KIND, **{kind: 1.0}, objects_folder=str(shapes), **fields
    )
    return MaskSampler(config)


@pytest.mark.parametrize("kind", MASK_KINDS)
@pytest.mark.parametrize("size", [(16, 16), (64, 48), (33, 100)])
def test_masks_of_every_kind_are_ones_and_zeros_neither_empty_nor_full(
    kind, size, shapes
):
    sampler = sampler_of(kind, shapes)
    for seed in range(40):
        mask = sampler.sample(*size, seed)
        assert mask.shape == size and mask.dtype == np.uint8
        assert set(np.unique(mask)) == {0, 1}


@pytest.mark.parametrize("kind", MASK_KINDS)
def test_a_seed_gives_the_same_mask_in_another_sampler(kind, shapes):
    first = [sampler_of(kind, shapes).sample(64, 64, (7, i)) for i in range(6)]
    sampler = sampler_of(kind, shapes)
    second = [sampler.sample(64, 64, (7, i)) for i in reversed(range(6))][::-1]
    np.testing.assert_array_equal(first, second)
    if kind != "centre":
        assert len({mask.tobytes() for mask in first}) == 6


@pytest.mark.parametrize("kind", MASK_KINDS)
@pytest.mark.parametrize("limits", [(0.1, 0.2), (0.4, 0.5), (0.9, 0.9), (0.0, 0.0)])
def test_the_limits_of_the_hole_ratio_are_honoured(kind, limits, shapes):
    low, high = limits
    sampler = sampler_of(kind, shapes, min_hole_ratio=low, max_hole_ratio=high)
    ratios = [sampler.sample(64, 64, seed).mean() for seed in range(25)]
    # Where no draw fits, a rectangle of whole pixels comes as near as it can.
    slack = 1 / 64
    assert low - slack <= min(ratios) and max(ratios) <= high + slack
    assert 0 < min(ratios) and max(ratios) < 1


def test_limits_within_reach_are_met_exactly(shapes):
    sampler = sampler_of("rectangles", shapes, min_hole_ratio=0.1, max_hole_ratio=0.2)
    ratios = [sampler.sample(64, 64, seed).mean() for seed in range(200)]
    assert 0.1 <= min(ratios) and max(ratios) <= 0.2


def test_a_rectangle_in_place_of_a_hole_too_small_is_large_enough():
    config = dataclasses.replace(NO_KIND, centre=1.0, centre_side=0.25)
    for side in (64, 100, 128, 256):
        for least in (0.1, 0.3, 0.55):
            limited = dataclasses.replace(config, min_hole_ratio=least)
            ratio = MaskSampler(limited).sample(side, side, 0).mean()
            assert least <= ratio <= least + 1 / side


def test_a_single_pixel_is_left_of_a_limit_of_everything():
    sampler = MaskSampler(MaskConfig(min_hole_ratio=1.0, max_hole_ratio=1.0))
    mask = sampler.sample(8, 8, 0)
    assert 0 < mask.sum() < 64


def test_rectangles_have_the_sides_asked_for():
    config = MaskConfig(max_num_rectangles=1, min_side=0.125, max_side=0.375)
    sampler = MaskSampler(config)
    rows, columns, ends = [], [], []
    for seed in range(300):
        mask = sampler.sample(64, 128, seed)
        y, x = np.nonzero(mask)
        rows.append(np.ptp(y) + 1)
        columns.append(np.ptp(x) + 1)
        ends.append((y.min(), x.min(), y.max(), x.max()))
        assert mask.sum() == rows[-1] * columns[-1]
    assert (min(rows), max(rows)) == (8, 24)
    assert (min(columns), max(columns)) == (16, 48)
    # From edge to edge.
    top, left, bottom, right = np.transpose(ends)
    assert (top.min(), left.min(), bottom.max(), right.max()) == (0, 0, 63, 127)


def test_the_centre_square_is_where_it_should_be():
    config = dataclasses.replace(NO_KIND, centre=1.0, centre_side=0.25)
    expected = np.zeros([256, 256], np.uint8)
    expected[96:160, 96:160] = 1
    np.testing.assert_array_equal(MaskSampler(config).sample(256, 256, 3), expected)


def test_kinds_are_mixed_by_weight():
    # Told apart by their hole ratio: the centre square is exactly 1/16.
    config = MaskConfig(rectangles=1.0, centre=3.0, borders=0.0)
    sampler = MaskSampler(config)
    square = MaskSampler(dataclasses.replace(NO_KIND, centre=1.0)).sample(64, 64, 0)
    centre = sum((sampler.sample(64, 64, seed) == square).all() for seed in range(1000))
    assert 700 <= centre <= 800


def test_limits_do_not_change_the_mixture():
    # Most borders miss these limits, all centre squares meet them.
    config = dataclasses.replace(
        NO_KIND, centre=1.0, borders=1.0, min_hole_ratio=0.05, max_hole_ratio=0.1
    )
    sampler = MaskSampler(config)
    square = MaskSampler(dataclasses.replace(NO_KIND, centre=1.0)).sample(64, 64, 0)
    centre = sum((sampler.sample(64, 64, seed) == square).all() for seed in range(400))
    assert 160 <= centre <= 240


def test_borders_touch_one_to_four_sides(shapes):
    sampler = sampler_of("borders", shapes)
    counts = set()
    for seed in range(100):
        mask = sampler.sample(48, 48, seed)
        edges = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
        counts.add(sum(int(edge.all()) for edge in edges))
    assert counts == {1, 2, 3, 4}


def test_borders_are_shares_of_their_own_side_each():
    left, top, differing = [], [], 0
    for seed in range(200):
        mask = mask_shapes.borders(np.random.default_rng(seed), 50, 200)
        known = np.argwhere(mask == 0)
        (y0, x0), (y1, x1) = known.min(0), known.max(0) + 1
        top += [y0 / 50] if y0 else []
        left += [x0 / 200] if x0 else []
        sides = [
            side for side in (y0 / 50, x0 / 200, 1 - y1 / 50, 1 - x1 / 200) if side
        ]
        differing += len(sides) > 1 and np.ptp(sides) > 0.05
    for shares in (left, top):
        assert 0.07 < min(shares) < 0.12 and 0.4 < max(shares) < 0.51
    assert differing > 50


def test_strokes_that_meet_the_edge_are_mirrored_not_lost():
    masks = [
        mask_shapes.strokes(np.random.default_rng(seed), 64, 64) for seed in range(300)
    ]
    # The shortest steps and the thinnest brush still leave this.
    assert min(map(np.count_nonzero, masks)) > 50


def test_strokes_reach_all_of_a_wide_picture_alike():
    masks = [
        mask_shapes.strokes(np.random.default_rng(seed), 32, 128) for seed in range(300)
    ]
    quarters = np.mean(masks, axis=(0, 1)).reshape(4, 32).mean(1)
    assert quarters.max() < 1.5 * quarters.min()


def test_an_object_keeps_its_shape_and_turns_up_everywhere(tmp_path):
    solid = np.zeros([40, 40], np.uint8)
    solid[10:20, 10:30] = 255
    Image.fromarray(solid).save(tmp_path / "solid.png")
    sampler = sampler_of("objects", tmp_path)
    boxes = []
    for seed in range(200):
        y, x = np.nonzero(sampler.sample(80, 80, seed))
        boxes.append((y.min(), y.max(), x.min(), x.max()))
        assert (np.ptp(x) + 1) / (np.ptp(y) + 1) == pytest.approx(2.0, rel=0.1)
    y0, y1, x0, x1 = np.transpose(boxes)
    # 20 of 40 is the whole 80's half; scales are 1/2 to 1 1/2.
    assert (x1 - x0 + 1).min() in range(20, 23) and (x1 - x0 + 1).max() in range(58, 61)
    assert y0.min() <= 2 and y1.max() >= 77 and x0.min() <= 2 and x1.max() >= 77
    # Down and along by themselves.
    assert abs(np.corrcoef(y0 + y1, x0 + x1)[0, 1]) < 0.2


def test_an_object_is_mirrored_half_the_time_and_scaled_by_the_smaller_factor():
    shape = np.zeros([20, 40], bool)
    # An L that lies: the left of its box is whole.
    shape[4:14, 10:15] = shape[10:14, 10:30] = True
    mirrored, widths = [], []
    for seed in range(200):
        mask = mask_shapes.placed_object(np.random.default_rng(seed), 80, 80, shape)
        y, x = np.nonzero(mask)
        columns = mask[:, x.min() : x.max() + 1].sum(0)
        mirrored.append(columns[-1] > columns[0])
        widths.append(len(columns))
    assert 70 < sum(mirrored) < 130
    # 20 of 40 columns: 1/2 to 3/2 times 40 of 80.
    assert 20 <= min(widths) < 23 and 57 < max(widths) <= 60


def test_any_part_of_an_object_larger_than_the_picture_is_drawn():
    # All of the picture, but for most of its first two rows.
    shape = np.ones([32, 32], bool)
    shape[:2, 4:] = False
    below = [
        mask_shapes.placed_object(np.random.default_rng(seed), 32, 32, shape)[0].all()
        for seed in range(40)
    ]
    assert 0 < sum(below) < 40


def test_mask_pictures_without_an_object_stop_the_run(tmp_path):
    for name in "ab":
        Image.new("L", (8, 8), 127).save(tmp_path / f"{name}.png")
    with pytest.raises(UnreadableError, match="its maximum is 127 of 255"):
        ObjectShapes(str(tmp_path))[0]


def test_a_missing_object_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="There is no folder .*nowhere"):
        sampler_of("objects", tmp_path / "nowhere")


def test_large_object_shapes_are_kept_small(tmp_path):
    large = np.zeros([1500, 600], np.uint8)
    large[300:900, 150:450] = 255
    Image.fromarray(large).save(tmp_path / "large.png")
    shape = ObjectShapes(str(tmp_path))[0]
    assert shape.shape == (500, 200)
    assert shape.mean() == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("kind", NAMED_KINDS)
def test_named_masks_are_functions_of_the_seed(kind, shapes):
    objects = ObjectShapes(str(shapes))
    first = named_mask(kind, 96, 64, 5, objects)
    np.testing.assert_array_equal(first, named_mask(kind, 96, 64, 5, objects))
    low, high = (0.5, 0.7) if kind == "large" else (0.0, 0.6)
    assert first.shape == (96, 64) and low <= first.mean() <= high and first.any()


def test_named_centre_squares_are_the_papers():
    assert named_mask("centre64of256", 256, 256)[96:160, 96:160].all()
    assert named_mask("centre64of256", 256, 256).sum() == 64 * 64
    assert named_mask("centre128of256", 256, 256)[64:192, 64:192].all()
    assert named_mask("centre128of256", 256, 256).sum() == 128 * 128


def test_large_holes_are_rectangles_and_strokes_of_half_to_seven_tenths():
    ratios, straight = [], []
    for seed in range(60):
        mask = named_mask("large", 256, 256, seed)
        ratios.append(mask.mean())
        # Rows whose hole starts where that of the row above does: edges of rectangles.
        starts = mask.argmax(axis=1)[mask.any(axis=1)]
        straight.append((np.diff(starts) == 0).mean())
    assert 0.5 <= min(ratios) < 0.54 and 0.66 < max(ratios) <= 0.7
    # Neither rectangles alone, whose edges are all straight, nor strokes alone.
    assert 0.3 < np.mean(straight) < 0.9


def test_scratches_are_long_and_thin(shapes):
    sampler = sampler_of("scratches", shapes)
    found = [sampler.sample(128, 128, seed) for seed in range(60)]
    assert np.mean([mask.mean() for mask in found]) < 0.06
    # An opening by 7 pixels leaves nothing but crossings.
    square = np.ones((7, 7), np.uint8)
    opened = [cv2.morphologyEx(mask, cv2.MORPH_OPEN, square) for mask in found]
    assert sum(map(np.sum, opened)) < 0.05 * sum(map(np.sum, found))
    # The bounding box of all of a mask's scratches spans most pictures.
    spans = [max(map(np.ptp, np.nonzero(mask))) for mask in found]
    assert np.median(spans) > 96


def test_objects_have_a_margin_of_their_own(shapes):
    plain = sampler_of("objects", shapes)
    wide = sampler_of("objects", shapes, object_margin=0.1)
    grown = []
    for seed in range(20):
        mask, with_margin = (s.sample(64, 64, seed) for s in (plain, wide))
        assert (with_margin >= mask).all()
        # At most 6.4 pixels, rounded, on every side.
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13))
        assert (with_margin <= cv2.dilate(mask, disc)).all()
        grown.append(int(with_margin.sum()) - int(mask.sum()))
    assert min(grown) >= 0 and max(grown) > 100 and len(set(grown)) > 10


def test_new_kinds_leave_the_draws_of_earlier_configs_as_they_are():
    # The order of the weights is that of the thresholds a random number falls between.
    assert MASK_KINDS[:5] == (
        "rectangles",
        "centre",
        "free_form",
        "objects",
        "borders",
    )
    fields = {f.name for f in dataclasses.fields(MaskConfig)}
    assert set(MASK_KINDS) <= fields


def test_strokes_grow_from_thin_to_broad_and_free_form_is_all_of_them(shapes):
    def mean_depth(draw):
        depths = []
        for seed in range(30):
            mask = draw(128, 128, seed)
            # Area over half the outline is a brush's width.
            edge = np.abs(np.diff(mask.astype(int), axis=0)).sum()
            edge += np.abs(np.diff(mask.astype(int), axis=1)).sum()
            depths.append(2 * mask.sum() / edge)
        return np.mean(depths)

    thin, medium, broad = (
        mean_depth(functools.partial(named_mask, kind))
        for kind in ("thin_strokes", "medium_strokes", "broad_strokes")
    )
    assert 1.5 * thin < medium and 1.4 * medium < broad
    free_form = mean_depth(sampler_of("free_form", shapes).sample)
    assert 1.1 * medium < free_form < 0.9 * broad


def test_named_masks_refuse_other_names_and_objects_without_a_folder():
    with pytest.raises(ValueError, match="kind of a mask is one of .*; it is 'fat'"):
        named_mask("fat", 8, 8)
    with pytest.raises(ValueError, match="need a folder"):
        named_mask("objects", 8, 8)

import numpy as np
import pytest

from tf_btgmi.inference import patch_search
from tf_btgmi.inference import retouch as module
from tf_btgmi.inference.predictor import Predictor
from tf_btgmi.inference.retouch import retouch


def tiles(side, rng):
    """A texture that is the same every 8 pixels: [side, side, 3] uint8."""
    tile = rng.integers(0, 256, (8, 8, 3), np.uint8)
    return np.tile(tile, (-(-side // 8), -(-side // 8), 1))[:side, :side]


def square(side, low, high):
    hole = np.zeros((side, side), bool)
    hole[low:high, low:high] = True
    return hole


def blurred(picture, hole):
    """The picture with its hole half as rich in contrast: a network's soft fill."""
    soft = (picture + picture.mean(axis=(0, 1))) / 2
    return np.where(hole[..., None], soft, picture).astype(np.uint8)


def test_a_soft_fill_of_a_thin_hole_gets_the_texture_around_it(rng):
    truth = tiles(64, rng)
    hole = np.zeros((64, 64), bool)
    hole[30:35, 4:60] = True
    filled = blurred(truth, hole)
    before = filled.copy()
    found = retouch(filled, hole)
    assert np.abs(filled[hole].astype(float) - truth[hole]).mean() > 20
    assert np.abs(found[hole].astype(float) - truth[hole]).mean() < 1
    np.testing.assert_array_equal(filled, before)


def test_known_pixels_stay_and_deep_inside_the_texture(rng):
    hole = square(64, 10, 50)
    grey = rng.integers(0, 256, (64, 64, 1), np.uint8)
    filled = blurred(np.repeat(grey, 3, axis=2), hole)
    found = retouch(filled, hole)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[~hole], filled[~hole])
    assert (found[10:12, 10:50] != filled[10:12, 10:50]).any(axis=-1).mean() > 0.9
    # Row 18 is nine pixels from row 9. A change of colours is smooth there.
    change = found[18:42, 18:42].astype(int) - filled[18:42, 18:42]
    for axis in (0, 1):
        assert np.abs(np.diff(change, axis=axis)).max() <= 4


def test_a_fill_too_bright_is_brought_to_the_colour_around_it_all_over():
    hole = square(64, 16, 48)
    sky = np.full((64, 64, 3), (90, 140, 200), np.uint8)
    filled = np.where(hole[..., None], sky + 12, sky).astype(np.uint8)
    assert np.abs(retouch(filled, hole).astype(int) - sky).max() <= 1


def test_shares_are_whole_at_the_edge_and_fade_from_four_pixels_to_eight():
    distance = np.arange(10.0)
    np.testing.assert_allclose(
        module._share(distance), [0, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0, 0]
    )


def test_a_known_pixel_counts_most_and_the_fill_less_the_farther_inside():
    weights = module._pixel_weights(np.array([0.0, 1.0, 2.0, 500.0, 900.0]))
    np.testing.assert_allclose(weights[:3], [1, 0.007, 0.0049], rtol=1e-6)
    assert weights[3] == weights[4] > 0


@pytest.mark.parametrize("side, step", [(7, 2), (5, 2), (3, 1)])
@pytest.mark.parametrize("height, width", [(20, 37), (37, 20), (31, 32)])
def test_patches_together_cover_what_is_redrawn(height, width, side, step):
    retouched = np.zeros((height, width), bool)
    retouched[0, 0] = retouched[-1, -1] = retouched[-1, 5] = retouched[9, 9] = True
    y, x = np.divmod(patch_search._blocks(retouched, side, step), width)
    covered = np.zeros((height, width), bool)
    for top, left in zip(y, x):
        assert top + side <= height and left + side <= width
        covered[top : top + side, left : left + side] = True
    assert covered[retouched].all()


def test_places_have_no_hole_pixel():
    y, x = np.divmod(patch_search._places(square(64, 20, 40), 7), 64)
    # 58 x 58 corners, without the 26 x 26 whose patch meets the hole.
    assert len(y) == 58 * 58 - 26 * 26
    assert not any(square(64, 20, 40)[a : a + 7, b : b + 7].any() for a, b in zip(y, x))


def test_patches_are_the_pixels_from_their_corner_on(rng):
    picture = rng.random((9, 12, 3)).astype(np.float32)
    patches = patch_search._patches(picture, 5)
    assert len(patches) == 4 * 12 + 8
    np.testing.assert_array_equal(
        patches[2 * 12 + 3].reshape(5, 5, 3), picture[2:7, 3:8]
    )


def searched(picture, hole, side=3, step=1):
    """A search in a picture whose hole is as it is; its pixels and all patches."""
    image = picture.astype(np.float32)
    weights = np.ones(hole.size, np.float32)
    known = patch_search.KnownPatches(image, hole, side)
    search = patch_search.PatchSearch(known, hole, step, weights)
    patches = patch_search._patches(image, side)
    return search, image.reshape(-1, 3), patches.reshape(len(patches), -1)


def test_each_group_gives_its_nearest_by_every_second_pixel(rng):
    picture, hole = rng.integers(0, 256, (24, 24, 3), np.uint8), square(24, 10, 13)
    search, _, patches = searched(picture, hole)
    difference = patches[search.blocks][:, None] - patches[search.known.places]
    weights = rng.random((len(search.blocks), 9)).astype(np.float32)
    difference = difference.copy().reshape(*difference.shape[:2], 9, 3)
    difference[:, :, 1::2] = 0
    difference = difference.reshape(*difference.shape[:2], 27)
    distances = (difference**2 * np.repeat(weights, 3, axis=1)[:, None]).sum(axis=2)
    blocks, places = (
        np.stack(np.divmod(corners, 24), axis=1)
        for corners in (search.blocks, search.known.places)
    )
    apart = ((blocks[:, None] - places) ** 2).sum(axis=2)
    distances += 0.5 * weights[:, ::2].sum(axis=1, keepdims=True) * apart
    best = search.known.nearest(search.blocks, patches[search.blocks], weights)
    groups = search.known.thinned
    assert len(best) == len(groups) == 8
    position = np.full(24 * 24, -1)
    position[search.known.places] = np.arange(len(search.known.places))
    for found, group in zip(best, groups):
        own = distances[:, position[group]]
        np.testing.assert_array_equal(found, group[own.argmin(axis=1)])


def test_the_nearest_by_all_pixels_is_chosen_among_the_groups(rng):
    """Blocks are known patches themselves, so that their distance is 0."""
    picture, hole = rng.integers(0, 256, (24, 24, 3), np.uint8), square(24, 10, 13)
    search, source, patches = searched(picture, hole)
    wanted = search.known.thinned[3][: len(search.blocks)]
    source = source.copy()
    source[search.blocks[0] + search.known.offsets] = patches[wanted[0]].reshape(-1, 3)
    assert search.nearest(source)[0] == wanted[0]


def test_examples_take_the_mean_colour_of_the_trusted_pixels_of_their_block(rng):
    picture, hole = rng.integers(0, 200, (24, 24, 3), np.uint8), square(24, 10, 13)
    search, source, patches = searched(picture, hole)
    matches = search.known.places[: len(search.blocks)]
    own = patches[matches[0]].reshape(9, 3)
    current, trusted = source.copy(), np.zeros(24 * 24, bool)
    block = search.blocks[0] + search.known.offsets
    current[block] = own + np.float32([10, 20, 30])
    current[block[4:]] = 255
    np.testing.assert_array_equal(search.examples(current, matches, trusted)[0], own)
    trusted[block[:4]] = True
    np.testing.assert_allclose(
        search.examples(current, matches, trusted)[0] - own,
        np.tile([10, 20, 30], (9, 1)),
        rtol=1e-3,
    )


def test_the_brightness_around_a_thin_hole_goes_on_with_a_texture_from_elsewhere(rng):
    """Every example of the texture is brighter or darker than the hole's own place."""
    texture = tiles(96, rng).astype(float) / 4
    truth = (texture + np.linspace(20, 160, 96)[:, None, None]).astype(np.uint8)
    hole = np.zeros((96, 96), bool)
    hole[46:50, 4:92] = True
    found = retouch(blurred(truth, hole), hole)
    error = found[hole].astype(float) - truth[hole]
    assert abs(error.mean()) < 0.5 and np.abs(error).mean() < 2.5


@pytest.mark.parametrize("height, width", [(20, 37), (37, 20), (31, 32)])
def test_a_smaller_block_inherits_its_part_of_the_larger_ones_match(height, width, rng):
    """Matches that are the blocks themselves are inherited as the blocks themselves."""
    hole = np.zeros((height, width), bool)
    hole[0, 0] = hole[-1, -1] = hole[-1, 5] = hole[9, 9] = True
    picture = rng.random((height, width, 3))
    coarser = searched(picture, hole, side=7, step=2)[0]
    finer = searched(picture, hole, side=5, step=2)[0]
    np.testing.assert_array_equal(
        finer.inherited(coarser, coarser.blocks), finer.blocks
    )


def test_excluded_pixels_are_no_examples():
    """A frame at the picture's edge would match the dark line around the hole."""
    truth = np.full((48, 48, 3), 200, np.uint8)
    hole = square(48, 18, 26)
    edge = ~square(48, 2, 46)
    truth[edge] = 0
    filled = np.where(hole[..., None], 30, truth).astype(np.uint8)
    retouched = retouch(filled, hole, edge)
    np.testing.assert_allclose(retouched[hole], 200, atol=1)


def test_what_was_thinned_out_is_reached_from_beside(rng, monkeypatch):
    picture, hole = tiles(64, rng), square(64, 30, 34)
    monkeypatch.setattr(patch_search, "_MAX_PLACES", 100)
    search, source, patches = searched(picture, hole)
    assert search.known.thinned.size <= 100
    wanted = patches[search.blocks]
    weights = np.ones((len(wanted), 9), np.float32)
    first = search.known.nearest(search.blocks, wanted, weights)[0]

    def distance(corners):
        return ((wanted - patches[corners]) ** 2).sum(axis=1)

    # The texture is there again, 8 pixels on; neighbours lead to it.
    assert (distance(first) > 0).any()
    assert (distance(search.nearest(source)) == 0).mean() > 0.9


def test_a_hole_is_redrawn_in_the_box_alone(rng):
    """As it would be without it, but for what the box's end sees of the fill beside."""
    picture, hole = tiles(64, rng), np.zeros((64, 64), bool)
    hole[30:34, 6:58] = True
    filled = np.where(hole[..., None], 128, picture).astype(np.uint8)
    retouched = retouch(filled, hole, box=(28, 0, 36, 32))
    np.testing.assert_array_equal(retouched[:, 32:], filled[:, 32:])
    np.testing.assert_array_equal(retouched[~hole], filled[~hole])
    whole = retouch(filled, hole)
    assert (retouched[:, :24][hole[:, :24]] != 128).any(axis=1).all()
    same = (retouched[:, :24] == whole[:, :24]).all(axis=2)[hole[:, :24]]
    assert same.mean() > 0.8


def test_the_fill_alone_does_not_choose_a_patch(rng):
    """A flat fill asks for the flat half of the picture, its edge for the texture."""
    truth = tiles(64, rng)
    truth[:, 40:] = 128
    hole = np.zeros((64, 64), bool)
    hole[20:24, 4:30] = True
    filled = np.where(hole[..., None], 128, truth).astype(np.uint8)
    found = retouch(filled, hole)
    assert np.abs(found[hole].astype(float) - truth[hole]).mean() < 1


def test_flat_pictures_stay_flat():
    filled = np.full((40, 40, 3), 77, np.uint8)
    np.testing.assert_array_equal(retouch(filled, square(40, 10, 30)), filled)


@pytest.mark.parametrize(
    "hole", [square(32, 0, 32), square(32, 2, 32), square(6, 2, 4), ~square(32, 8, 15)]
)
def test_with_too_little_known_the_fill_stays(hole, rng):
    filled = rng.integers(0, 256, hole.shape + (3,), np.uint8)
    np.testing.assert_array_equal(retouch(filled, hole), filled)


def test_what_the_predictor_fills_is_retouched_where_asked_for(rng):
    image = tiles(64, rng)
    mask = np.zeros((64, 64), bool)
    mask[30:34, 10:50] = True

    def grey(inputs):
        return np.zeros(inputs.shape[:3] + (3,), np.float32)

    plain = Predictor(grey, 64).inpaint(image, mask)
    np.testing.assert_array_equal(plain[mask], 128)
    found = Predictor(grey, 64, retouched=True).inpaint(image, mask)
    box = (30, 10, 34, 50)
    expected = retouch(plain, mask, ~square(64, 2, 62), box)
    np.testing.assert_array_equal(found, expected)
    assert (found[mask] != 128).any(axis=1).mean() > 0.9


def test_a_fill_that_is_enlarged_is_retouched_before():
    """A grey fill of a wide hole in a brown picture ends brown all over."""
    image = np.full((256, 256, 3), (140, 110, 80), np.uint8)
    mask = square(256, 90, 150)

    def grey(inputs):
        return np.zeros(inputs.shape[:3] + (3,), np.float32)

    plain = Predictor(grey, 64).inpaint(image, mask)
    assert np.abs(plain.astype(int) - image)[110:130, 110:130].min() > 5
    found = Predictor(grey, 64, retouched=True).inpaint(image, mask)
    assert np.abs(found.astype(int) - image).max() <= 2


def test_faint_patterns_deep_inside_what_is_flat_go(rng):
    hole = square(64, 12, 52)
    sky = np.full((64, 64, 3), (90, 140, 200), np.uint8)
    faint = rng.integers(-3, 4, (64, 64, 3))
    filled = np.where(hole[..., None], sky + faint, sky).astype(np.uint8)
    np.testing.assert_allclose(retouch(filled, hole), sky, atol=1)


def test_a_thing_deep_inside_that_known_pixels_do_not_show_stays():
    hole = square(64, 12, 52)
    sky = np.full((64, 64, 3), (90, 140, 200), np.uint8)
    filled = sky.copy()
    filled[28:36, 28:36] = (30, 30, 30)
    np.testing.assert_allclose(retouch(filled, hole)[30:34, 30:34], 30, atol=1)


def test_flat_is_what_has_little_contrast_around_and_something_known(rng):
    hole = square(160, 30, 130)
    sky = np.full((160, 160, 3), 99, np.uint8)
    noise = rng.integers(80, 120, (160, 160, 3), np.uint8)
    flat, rich = module._flatness(sky, hole), module._flatness(noise, hole)
    np.testing.assert_allclose([flat[35, 80], rich[35, 80]], [1, 0], atol=1e-2)
    # The middle is 50 pixels from anything known.
    assert flat[80, 80] < 1e-3

import cv2
import numpy as np
import pytest

from tf_btgmi.config import GuidedConfig
from tf_btgmi.data import guided
from tf_btgmi.data.guided import Changes, foreground_and_gap
from tf_btgmi.data.masks import object_hole


@pytest.fixture
def disc():
    """A foreground of 64 pixels' radius 12, away from the edges."""
    return cv2.circle(np.zeros([64, 64], np.uint8), (30, 34), 12, 1, -1)


def draw(disc, kind, seed, config=None, limit=0.6):
    rng = np.random.default_rng(seed)
    return foreground_and_gap(disc, kind, config or GuidedConfig(), limit, rng)


@pytest.mark.parametrize("kind", guided.WITH_FOREGROUND)
def test_foreground_and_gap_never_overlap_and_cover_the_object(disc, kind):
    for seed in range(20):
        foreground, gap = draw(disc, kind, seed)
        assert foreground.dtype == gap.dtype == np.uint8
        assert set(np.unique(foreground + gap)) <= {0, 1}
        assert ((foreground + gap)[disc > 0] == 1).all()
        assert foreground.any()


def test_a_box_gap_is_all_of_a_box_but_the_object(disc):
    for seed in range(10):
        foreground, gap = draw(disc, guided.BOX, seed)
        np.testing.assert_array_equal(foreground, disc)
        rows, columns = (np.flatnonzero((foreground + gap).any(a)) for a in (1, 0))
        box = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
        assert int((foreground + gap).sum()) == box
        # Larger than the object's own by at most 6 % of 64 pixels.
        assert 22 - 4 <= rows[0] <= 22 and 46 <= rows[-1] <= 46 + 4


def test_a_band_stays_near_the_object(disc):
    distance = cv2.distanceTransform(1 - disc, cv2.DIST_L2, 5)
    widest = deepest = 0.0
    for seed in range(20):
        foreground, gap = draw(disc, guided.BAND, seed)
        assert gap.any()
        widest = max(widest, distance[gap > 0].max())
        # What the gap takes of the object itself is its rim.
        depth = cv2.distanceTransform(disc, cv2.DIST_L2, 5)
        deepest = max(deepest, depth[(gap > 0) & (disc > 0)].max(initial=0.0))
    assert 3.0 < widest <= 0.08 * 64 + 1.5
    assert 0.5 < deepest <= 2.0


def test_an_empty_gap_leaves_the_object_alone(disc):
    foreground, gap = draw(disc, guided.EMPTY, 0)
    np.testing.assert_array_equal(foreground, disc)
    assert not gap.any()


def test_a_box_that_asks_for_too_much_becomes_a_band(disc):
    thin = np.zeros_like(disc)
    np.fill_diagonal(thin, 1)
    thin = cv2.dilate(thin, np.ones([3, 3], np.uint8))
    config = GuidedConfig(max_band=0.02)
    _, gap = draw(thin, guided.BOX, 0, config, limit=0.3)
    assert 0 < gap.mean() <= 0.3


def test_a_foreground_that_fills_its_box_still_gets_a_gap():
    square = np.zeros([64, 64], np.uint8)
    square[20:40, 20:40] = 1
    config = GuidedConfig(max_box_margin=0.0)
    foreground, gap = draw(square, guided.BOX, 1, config)
    assert gap.any() and foreground.any()


def test_kinds_are_drawn_by_their_weights(rng):
    weights = {guided.BOX: 3.0, guided.PLAIN: 1.0, guided.BAND: 0.0}
    drawn = [guided.draw_kind(weights, rng) for _ in range(2000)]
    assert set(drawn) == {guided.BOX, guided.PLAIN}
    assert drawn.count(guided.BOX) == pytest.approx(1500, abs=80)


def test_changes_keep_their_limits_and_are_never_none(rng):
    config = GuidedConfig(statistics=0.5, harder_changes=0.5)
    drawn = np.array([guided.draw_changes(config, rng) for _ in range(2000)])
    found = Changes(*drawn.T)
    given = found.strength > 0
    assert given.mean() == pytest.approx(0.5 + 0.5 * 0.5**4, abs=0.04)
    assert 0.4 <= found.strength[given].min() and found.strength.max() <= 1.0
    for factors, limit in (
        (found.gamma, 1.8),
        (found.contrast, 1.5),
        (found.saturation, 2.0),
    ):
        assert (factors != 1).mean() == pytest.approx(0.5, abs=0.04)
        assert 1 / limit <= factors.min() < 1 < factors.max() <= limit
    assert -0.1 <= found.turns.min() < 0 < found.turns.max() <= 0.1
    assert 0 <= found.gradient.min() and found.gradient.max() <= 0.4
    changed = drawn[:, :-1] != np.array(Changes())[:-1]
    assert changed.any(1).all()
    np.testing.assert_array_equal(found.saturation != 1, found.turns != 0)
    # Every change by itself, given or not and how far.
    amounts = np.array(
        [
            np.log(found.gamma),
            np.log(found.contrast),
            np.log(found.saturation),
            found.turns,
            found.gradient,
            found.direction,
        ]
    )
    for some in (amounts, amounts[[0, 1, 2, 4]] != 0):
        assert np.abs(np.corrcoef(some) - np.eye(len(some))).max() < 0.1


def test_an_object_is_usable_within_its_limits():
    config = GuidedConfig(min_object=0.1, max_object=0.5)
    for share, usable in ((0.05, False), (0.1, True), (0.5, True), (0.6, False)):
        mask = np.zeros([20, 20], np.uint8)
        mask.flat[: int(400 * share)] = 1
        assert guided.is_usable(mask, config) is usable


def test_a_hole_for_removal_has_the_shape_and_its_limits(disc):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        hole = guided.removal_hole(disc > 0, rng, 32, (0.0, 0.2))
        assert hole.shape == (32, 32) and hole.dtype == np.uint8
        assert 0 < hole.mean() <= 0.2


def test_a_hole_for_removal_is_grown_within_its_limits(disc):
    grown = []
    for seed in range(20):
        hole, plain = (
            draw(disc > 0, np.random.default_rng(seed), 128, (0.0, 0.2))
            for draw in (guided.removal_hole, object_hole)
        )
        assert (hole >= plain).all() and hole.mean() <= 0.2
        grown.append(hole.sum() / plain.sum())
    assert max(grown) > 1.1


def test_drawn_shifts_have_their_deviations():
    rng = np.random.default_rng(0)
    drawn = np.array([guided.draw_shift(rng) for _ in range(2_000)])
    np.testing.assert_array_equal(
        drawn[:, :7], np.array(Changes())[:7][None].repeat(2000, 0)
    )
    # Deviates beyond 2 are clipped, which takes 4 % of the deviation.
    np.testing.assert_allclose(drawn[:, 7:10].std(0), [14.4, 9.6, 9.6], rtol=0.06)
    np.testing.assert_allclose(np.log(drawn[:, 10:]).std(0), 0.195, rtol=0.06)
    assert np.abs(np.corrcoef(drawn[:, 7:].T) - np.eye(6)).max() < 0.1


def test_clashing_surroundings_leave_the_foreground_and_each_pixels_value(rng):
    image = rng.integers(0, 256, [16, 16, 3]).astype(np.uint8)
    foreground = np.zeros([16, 16], np.uint8)
    foreground[4:10, 4:10] = 1
    found = guided.with_clashing_surroundings(image, foreground, rng)
    inside = foreground > 0
    np.testing.assert_array_equal(found[inside], image[inside])
    # The value of HSV.
    np.testing.assert_allclose(found.max(2), image.max(2), atol=1)
    turned = found[~inside].astype(int) - image[~inside]
    assert np.abs(turned).mean() > 30
    # The span of a pixel is its saturation times its value.
    spans = np.ptp(image[~inside], axis=1), np.ptp(found[~inside], axis=1)
    wanted = np.minimum(1.3 * spans[0], found[~inside].max(1))
    np.testing.assert_allclose(spans[1], wanted, atol=1.5)

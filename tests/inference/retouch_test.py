import numpy as np
import pytest

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


def test_known_pixels_and_what_is_deep_inside_stay(rng):
    hole = square(64, 10, 50)
    filled = blurred(rng.integers(0, 256, (64, 64, 3), np.uint8), hole)
    found = retouch(filled, hole)
    # The nearest known pixel of row 19 is in row 9, ten pixels away.
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[~hole], filled[~hole])
    np.testing.assert_array_equal(found[19:41, 19:41], filled[19:41, 19:41])
    assert (found[10:12, 10:50] != filled[10:12, 10:50]).any(axis=-1).mean() > 0.9


def test_shares_are_whole_at_the_edge_and_fade_from_five_pixels_to_nine():
    share = module._share(square(41, 8, 40))[24]
    np.testing.assert_allclose(share[7:18], [0, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0, 0])


@pytest.mark.parametrize("height, width", [(20, 37), (37, 20), (31, 32)])
def test_patches_together_cover_what_is_redrawn(height, width, rng):
    redrawn = np.zeros((height, width), bool)
    redrawn[0, 0] = redrawn[-1, -1] = redrawn[-1, 5] = redrawn[9, 9] = True
    y, x = np.divmod(module._blocks(redrawn), width)
    covered = np.zeros((height, width), bool)
    for top, left in zip(y, x):
        assert top + 7 <= height and left + 7 <= width
        covered[top : top + 7, left : left + 7] = True
    assert covered[redrawn].all()


def test_places_have_no_hole_pixel_and_are_at_most_so_many(monkeypatch):
    hole = square(64, 20, 40)
    y, x = np.divmod(module._places(hole), 64)
    # 58 x 58 corners, without the 26 x 26 whose patch meets the hole.
    assert len(y) == 58 * 58 - 26 * 26
    monkeypatch.setattr(module, "_MAX_PLACES", 100)
    y, x = np.divmod(module._places(hole), 64)
    assert 90 < len(y) <= 100
    assert not any(hole[a : a + 7, b : b + 7].any() for a, b in zip(y, x))


def test_flat_pictures_stay_flat():
    filled = np.full((40, 40, 3), 77, np.uint8)
    np.testing.assert_array_equal(retouch(filled, square(40, 10, 30)), filled)


@pytest.mark.parametrize(
    "hole", [square(32, 0, 32), square(32, 2, 32), square(6, 2, 4), ~square(32, 8, 15)]
)
def test_with_too_little_known_the_fill_stays(hole, rng):
    filled = rng.integers(0, 256, hole.shape + (3,), np.uint8)
    np.testing.assert_array_equal(retouch(filled, hole), filled)


def test_what_the_predictor_fills_unscaled_is_retouched_where_asked_for(rng):
    image = tiles(64, rng)
    mask = np.zeros((64, 64), bool)
    mask[30:34, 10:50] = True

    def grey(inputs):
        return np.zeros(inputs.shape[:3] + (3,), np.float32)

    plain = Predictor(grey, 64).inpaint(image, mask)
    np.testing.assert_array_equal(plain[mask], 128)
    found = Predictor(grey, 64, retouched=True).inpaint(image, mask)
    np.testing.assert_array_equal(found, retouch(plain, mask))
    assert (found[mask] != 128).any(axis=1).mean() > 0.9

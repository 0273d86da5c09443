import numpy as np
import pytest

from tf_btgmi.inference import sixteen_bits
from tf_btgmi.inference.predictor import Predictor
from tf_btgmi.pictures.picture import in_depth

LEVEL = 257
Y, X = np.mgrid[:96, :128]
HOLE = (Y >= 30) & (Y < 66) & (X >= 40) & (X < 90)


def gradient(low, high):
    """Values from low to high, by columns, by rows and along the diagonal."""
    across, down = X / X.max(), Y / Y.max()
    shares = np.stack([across, down, (across + down) / 2], -1)
    return (low + shares * (high - low)).round().astype(np.uint16)


def perfect(truth):
    """A fill that knows the truth, in 8 bits."""
    return lambda image, hole: np.where(hole[..., None], truth, image)


@pytest.mark.parametrize("low, high", [(30000, 30764), (1000, 9000), (0, 65535)])
def test_a_gradient_stays_smooth(low, high):
    image = gradient(low, high)
    start, level = sixteen_bits._range(image, HOLE)
    truth = sixteen_bits.rounded(image, start, level)
    holed = np.where(HOLE[..., None], np.uint16(0), image)
    filled = sixteen_bits.fill(holed, HOLE, perfect(truth))
    assert filled.dtype == np.uint16
    np.testing.assert_array_equal(filled[~HOLE], image[~HOLE])
    error = np.abs(filled[HOLE].astype(float) - image[HOLE])
    # Half a level is what rounding takes away.
    assert error.max() <= 0.75 * level + 1
    steps = np.abs(np.diff(filled[40, 40:90, 0].astype(int)))
    assert steps.max() < max(0.6 * level, 2 * (high - low) / 127)
    distinct = len(np.unique(filled[40, 40:90, 0]))
    assert distinct >= 0.8 * len(np.unique(image[40, 40:90, 0]))


def test_detail_of_the_fill_stays_within_half_a_level(rng):
    levels = rng.integers(0, 256, (96, 128, 3), np.uint8)
    known = levels + rng.uniform(-0.5, 0.5, levels.shape).astype(np.float32)
    smooth = sixteen_bits.smoothed(levels, known, HOLE, 50)
    assert np.abs(smooth - levels).max() <= 0.5
    np.testing.assert_array_equal(smooth[~HOLE], known[~HOLE])


def test_pictures_of_a_wide_range_keep_the_levels_of_eight_bits():
    assert sixteen_bits._range(gradient(0, 65535), HOLE) == (0.0, LEVEL)
    levels = np.arange(768, dtype=np.uint16).reshape(16, 16, 3) // 3
    np.testing.assert_array_equal(
        sixteen_bits.rounded(levels * LEVEL, 0.0, LEVEL), levels
    )


def test_the_hole_itself_does_not_count_for_the_range():
    image = gradient(30000, 30764)
    image[HOLE] = 65535
    low, level = sixteen_bits._range(image, HOLE)
    assert low == 30000 and level == pytest.approx(764 / 255)


def test_a_predictor_fills_sixteen_bits():
    image = np.full((60, 60, 3), 41234, np.uint16)
    image[:, :, 1] += np.arange(60, dtype=np.uint16)
    mask = np.zeros((60, 60), bool)
    mask[20:40, 20:40] = True
    image[mask] = 0
    before = image.copy()

    def grey(inputs):
        return np.zeros(inputs.shape[:3] + (3,), np.float32)

    filled = Predictor(grey, 64).inpaint(image, mask, mask_dilation=2)
    np.testing.assert_array_equal(image, before)
    assert filled.dtype == np.uint16
    changed = (filled != image).any(axis=-1)
    assert mask[changed].sum() == mask.sum() and changed.sum() > mask.sum()
    # Grey within the range of the known pixels, not of all that 16 bits hold.
    assert 41234 <= filled[mask].min() and filled[mask].max() <= 41293


def test_sixteen_bits_are_recoloured_as_eight_are():
    predictor = Predictor(lambda x: x[..., :3] * 0.8, 64, outputs=("harmonized",))
    image = np.random.default_rng(0).integers(0, 1 << 16, (96, 128, 3), np.uint16)
    found = [predictor.harmonize(image, HOLE, direct) for direct in (False, True)]
    assert (found[0][HOLE] != found[1][HOLE]).any()
    for direct, result in enumerate(found):
        levels = predictor.harmonize(in_depth(image, np.uint8), HOLE, bool(direct))
        np.testing.assert_array_equal(result[HOLE], levels[HOLE] * np.uint16(LEVEL))


def test_an_object_of_sixteen_bits_is_recoloured():
    image = gradient(0, 65535)
    predictor = Predictor(lambda x: x[..., :3], 64, outputs=("harmonized",))
    result = predictor.harmonize(image, HOLE)
    assert result.dtype == np.uint16
    np.testing.assert_array_equal(result[~HOLE], image[~HOLE])
    error = np.abs(result[HOLE].astype(int) - image[HOLE])
    assert error.mean() < 4 * LEVEL

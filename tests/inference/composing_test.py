"""Removing, harmonizing and composing: what changes, what never does."""

import cv2
import numpy as np
import pytest

from tf_btgmi.inference.boxes import slices
from tf_btgmi.inference.holes import dilated
from tf_btgmi.inference.placement import Pose, place
from tf_btgmi.inference.predictor import Predictor, removal_dilation, removal_mask

S = 32
BOTH = ("inpainted", "harmonized")


class Network:
    """Fills gaps red; doubles the brightness of what it sees; keeps its inputs."""

    def __init__(self):
        self.inputs = []

    def __call__(self, inputs):
        self.inputs.append(inputs.copy())
        red = np.broadcast_to(np.float32([1, -1, -1]), inputs.shape[:3] + (3,))
        return {"inpainted": red, "harmonized": inputs[..., :3] * 2 + 1}


def both(network=None):
    return Predictor(network or Network(), S, outputs=BOTH)


def picture(height, width, seed=0):
    """Patches of colour of some pixels, dark enough to be doubled."""
    values = np.random.default_rng(seed).integers(0, 120, (12, 12, 3), np.uint8)
    return cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR)


def block(height, width, y0, y1, x0, x1):
    mask = np.zeros((height, width), np.uint8)
    mask[y0:y1, x0:x1] = 255
    return mask


def test_a_removed_object_takes_its_edge_along():
    image, mask = picture(200, 300), block(200, 300, 50, 80, 60, 90)
    assert removal_dilation(image.shape) == 3
    grown = dilated(mask, 3)
    result = Predictor(lambda x: np.ones(x.shape[:3] + (3,)), S).remove(image, mask)
    np.testing.assert_array_equal((result != image).any(-1), grown)
    np.testing.assert_array_equal(removal_mask(mask), grown)
    exact = both().remove(image, mask, mask_dilation=0)
    np.testing.assert_array_equal((exact != image).any(-1), mask > 0)


def test_five_channels_are_picture_gap_and_foreground():
    image, network = picture(S, S), Network()
    mask = block(S, S, 8, 20, 8, 20)
    both(network).harmonize(image, mask)
    both(network).inpaint(image, mask)
    harmonizing, filling = (inputs[0] for inputs in network.inputs)
    np.testing.assert_allclose(harmonizing[..., :3], image / 127.5 - 1, atol=1e-6)
    np.testing.assert_array_equal(harmonizing[..., 3], np.zeros((S, S)))
    np.testing.assert_array_equal(harmonizing[..., 4], mask / 255)
    np.testing.assert_array_equal(filling[..., 3], mask / 255)
    np.testing.assert_array_equal(filling[..., 4], np.zeros((S, S)))
    assert (filling[8:20, 8:20, :3] == 0).all()


@pytest.mark.parametrize("size", [(S, S), (100, 140), (20, 25), (300, 40)])
@pytest.mark.parametrize("direct", [False, True])
def test_harmonizing_changes_the_object_alone(size, direct):
    image = picture(*size)
    mask = block(*size, 5, 15, 7, 19)
    # Part of the object's box, not of the object.
    mask[5:9, 7:12] = 0
    before = image.copy()
    result = both().harmonize(image, mask, direct)
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(result[mask == 0], image[mask == 0])
    assert np.abs(result[mask > 0] - 2.0 * image[mask > 0]).mean() < 4


def test_a_large_object_keeps_its_detail():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 120, (400, 400, 3)).astype(np.uint8)
    mask = block(400, 400, 50, 350, 60, 340)
    inner = np.s_[60:340, 70:330]

    def detail(result):
        gradients = (np.diff(x[inner].astype(float), axis=0) for x in (image, result))
        return np.corrcoef(*(g.ravel() for g in gradients))[0, 1]

    carried = both().harmonize(image, mask)
    assert detail(carried) > 0.99
    assert detail(both().harmonize(image, mask, direct=True)) < 0.5


@pytest.mark.parametrize("direct", [False, True])
def test_what_the_network_gives_beside_the_object_means_nothing(direct):
    image = np.full((100, 140, 3), 90, np.uint8)
    mask = block(100, 140, 20, 75, 30, 90)

    def noisy(inputs):
        red = np.float32([1, -1, -1])
        return {
            "inpainted": inputs[..., :3],
            "harmonized": np.where(inputs[..., 4:] > 0, inputs[..., :3] + 0.2, red),
        }

    result = both(noisy).harmonize(image, mask, direct)
    # 0.2 of a range of 2 is 25.5 levels of 255.
    inner = np.s_[22:73, 32:88]
    np.testing.assert_allclose(result[inner], 115.5, atol=1.5)


def guide():
    """A picture with a disc of its own colours in it."""
    image = np.full((50, 60, 3), 250, np.uint8)
    rows, columns = np.mgrid[:50, :60]
    mask = (rows - 25) ** 2 + (columns - 30) ** 2 <= 15**2
    image[mask] = picture(50, 60, seed=1)[mask]
    return image, mask


def test_without_gap_and_recolouring_a_composite_is_a_paste():
    image, (colors, mask) = picture(90, 120), guide()
    # The disc is 31 pixels either way; its first row is 10, its first column 15.
    result = both().compose(image, colors, mask, (45.5, 60.5), gap=0, harmonize=False)
    wanted = image.copy()
    wanted[30:61, 45:76][mask[10:41, 15:46]] = colors[mask]
    np.testing.assert_array_equal(result, wanted)


@pytest.mark.parametrize("gap, width", [(None, 2), (5, 5), (1, 1)])
def test_a_band_is_filled_and_the_rest_stays(gap, width):
    image, (colors, mask) = picture(90, 120), guide()
    result = both().compose(image, colors, mask, (45.5, 60.5), gap=gap, harmonize=False)
    foreground = np.zeros((90, 120), bool)
    foreground[30:61, 45:76] = mask[10:41, 15:46]
    band = dilated(foreground, width) & ~foreground
    assert (result[band] == (255, 0, 0)).all()
    np.testing.assert_array_equal(
        result[~band & ~foreground], image[~band & ~foreground]
    )
    np.testing.assert_array_equal(
        result[30:61, 45:76][mask[10:41, 15:46]], colors[mask]
    )


def test_the_default_band_follows_the_longer_side_of_the_object():
    image, colors = picture(220, 260), picture(20, 200, seed=2)
    mask = np.ones((20, 200), bool)
    result = both().compose(image, colors, mask, (100, 130), harmonize=False)
    foreground = block(220, 260, 90, 110, 30, 230)
    # 2 % of 200 pixels.
    band = dilated(foreground, 4) & (foreground == 0)
    np.testing.assert_array_equal((result == (255, 0, 0)).all(-1), band)


def test_the_soft_edge_of_an_object_mixes_with_what_was_there():
    image, (colors, mask) = picture(90, 120), guide()
    placed = place((90, 120), colors, mask, Pose((45, 60), 1.3))
    result = both().compose(image, colors, mask, (45, 60), 1.3, harmonize=False)
    area, alpha = slices(placed.box), placed.alpha[..., None]
    # Half object or more is foreground; around it is the fill of the gap.
    behind = np.where(alpha >= 0.5, image[area], np.uint8([255, 0, 0]))
    mixed = np.rint(alpha * placed.colors + (1 - alpha) * behind)
    edge = (placed.alpha > 0) & (placed.alpha < 1)
    assert (
        min((edge & some).sum() for some in (placed.foreground, ~placed.foreground))
        > 20
    )
    np.testing.assert_array_equal(result[area][edge], mixed[edge])


def test_the_gap_of_the_paper_is_all_of_the_box():
    image, (colors, mask) = picture(90, 120), guide()
    result = both().compose(
        image, colors, mask, (45.5, 60.5), gap="box", harmonize=False
    )
    gap = np.zeros((90, 120), bool)
    gap[30:61, 45:76] = ~mask[10:41, 15:46]
    assert (result[gap] == (255, 0, 0)).all()
    outside = np.ones((90, 120), bool)
    outside[30:61, 45:76] = False
    np.testing.assert_array_equal(result[outside], image[outside])


def test_the_object_is_recoloured_and_nothing_outside_the_grown_box_changes():
    image, (colors, mask) = picture(90, 120), guide()
    pose = {"position": (45, 60), "scale": 1.3, "rotate": 20, "flip": True}
    result = both().compose(image, colors, mask, gap=4, **pose)
    kept = both().compose(image, colors, mask, gap=4, harmonize=False, **pose)
    changed = np.nonzero((result != image).any(-1))
    assert 45 - 26 <= changed[0].min() and changed[0].max() <= 45 + 26
    assert 60 - 26 <= changed[1].min() and changed[1].max() <= 60 + 26
    middle = np.s_[35:55, 50:70]
    error = np.abs(result[middle] - 2.0 * kept[middle])
    assert error.mean() < 8


def test_the_network_sees_the_object_and_an_empty_gap():
    image, (colors, mask) = picture(90, 120), guide()
    network = Network()
    both(network).compose(image, colors, mask, (45.5, 60.5), gap=3)
    both(network).compose(image, colors, mask, (45.5, 60.5), 2.5, gap=1)
    for inputs in np.concatenate(network.inputs):
        gap, foreground = inputs[..., 3] > 0, inputs[..., 4] > 0
        assert gap.any() and foreground.any()
        assert not (gap & foreground).any()
        assert (inputs[gap][:, :3] == 0).all()
        assert (inputs[foreground][:, :3] < 0).all()


def test_an_object_partly_outside_is_cut_off():
    image, (colors, mask) = picture(90, 120), guide()
    result = both().compose(image, colors, mask, (0, 119), gap=2)
    np.testing.assert_array_equal(result[19:], image[19:])
    np.testing.assert_array_equal(result[:, :100], image[:, :100])
    assert (result[:10, 110:] != image[:10, 110:]).any(-1).all()


def test_composing_needs_no_more_than_the_model_has():
    image, (colors, mask) = picture(90, 120), guide()
    red = np.float32([1, -1, -1])
    seen = []

    def four_channels(inputs):
        seen.append(inputs.shape[-1])
        return np.broadcast_to(red, inputs.shape[:3] + (3,))

    filler = Predictor(four_channels, S)
    with pytest.raises(ValueError, match="does not harmonize.*harmonize=False"):
        filler.compose(image, colors, mask, (45, 60))
    with pytest.raises(ValueError, match="does not harmonize: its output is inpainted"):
        filler.harmonize(image, block(90, 120, 5, 9, 5, 9))
    filled = filler.compose(image, colors, mask, (45, 60), harmonize=False)
    assert (filled == (255, 0, 0)).all(-1).any() and set(seen) == {4}

    recolorer = Predictor(Network(), S, outputs=("harmonized",))
    with pytest.raises(ValueError, match="does not fill holes"):
        recolorer.inpaint(image, block(90, 120, 5, 9, 5, 9))
    with pytest.raises(ValueError, match="does not fill a gap"):
        recolorer.compose(image, colors, mask, (45, 60), gap=3)
    result = recolorer.compose(image, colors, mask, (45.5, 60.5))
    outside = np.ones((90, 120), bool)
    outside[30:61, 45:76] = ~mask[10:41, 15:46]
    np.testing.assert_array_equal(result[outside], image[outside])


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"position": (300, 60)}, "The object is outside the picture"),
        ({"scale": 90}, "The object covers the whole picture"),
        ({"guide_mask": np.zeros((50, 60), bool)}, "The guide's mask is empty"),
        ({"guide_mask": np.zeros((5, 6), bool)}, "The mask is 6x5 pixels, the guide"),
        (
            {"image": picture(9, 9).astype(float)},
            "image must be a NumPy array of uint8",
        ),
        ({"guide": picture(50, 60)[..., 0]}, r"guide must be \[H, W, 3\]"),
        ({"gap": -1}, "gap must be a number of pixels"),
        ({"gap": "all"}, "gap must be a number of pixels"),
    ],
)
def test_what_cannot_be_composed_is_said(changes, words):
    colors, mask = guide()
    arguments = {
        "image": picture(90, 120),
        "guide": colors,
        "guide_mask": mask,
        "position": (45, 60),
        **changes,
    }
    with pytest.raises(ValueError, match=words):
        both().compose(**arguments)


@pytest.mark.parametrize("value, words", [(0, "is empty"), (255, "covers the whole")])
def test_no_object_and_nothing_but_object_are_said(value, words):
    mask = np.full((90, 120), value, np.uint8)
    with pytest.raises(ValueError, match=words):
        both().harmonize(picture(90, 120), mask)


def test_an_object_that_fills_its_box_has_no_gap_of_the_box():
    image, colors = picture(90, 120), picture(20, 20, seed=2)
    mask = np.ones((20, 20), bool)
    result = both().compose(image, colors, mask, (40, 50), gap="box", harmonize=False)
    np.testing.assert_array_equal(result[30:50, 40:60], colors)


def test_a_thin_object_is_seen_however_small_the_window_makes_it():
    image = picture(400, 400)
    mask = block(400, 400, 200, 201, 20, 380)
    network = Network()
    result = both(network).harmonize(image, mask)
    assert network.inputs[0][..., 4].any()
    np.testing.assert_array_equal(result[mask == 0], image[mask == 0])


def test_a_thin_object_is_not_missed_for_its_mirror_image():
    # The window is wider than the picture is high; the object's line falls between two
    # of the network's pixels, and its mirror image does not.
    image = picture(22, 53)
    mask = block(22, 53, 16, 17, 0, 42)
    result = both().harmonize(image, mask)
    assert (result[mask > 0] != image[mask > 0]).any()
    np.testing.assert_array_equal(result[mask == 0], image[mask == 0])


def test_a_thin_object_is_recoloured_though_its_gap_hides_it_from_the_network():
    network = Network()
    colors, mask = picture(200, 200, seed=2), np.zeros((200, 200), bool)
    mask[100, 20:180] = True
    both(network).compose(picture(300, 300), colors, mask, (150, 150), gap=20)
    recoloring, filling = network.inputs[0], network.inputs[1]
    assert recoloring[..., 4].any() and not recoloring[..., 3].any()
    assert filling[..., 3].any()


def test_specks_too_fine_for_the_network_are_said():
    mask = np.zeros((2000, 2000), bool)
    mask[[10, 1990], [10, 1990]] = True
    with pytest.raises(ValueError, match="too thin .* at the 32 pixels"):
        both().harmonize(picture(2000, 2000), mask)


def test_an_output_that_is_missing_is_said():
    predictor = Predictor(lambda x: {"inpainted": x[..., :3]}, S, outputs=BOTH)
    with pytest.raises(ValueError, match="harmonized is missing from its result"):
        predictor.harmonize(picture(40, 40), block(40, 40, 5, 9, 5, 9))
    with pytest.raises(ValueError, match="outputs must be some of"):
        Predictor(Network(), S, outputs=("sharpened",))


def test_a_real_network_of_two_outputs_changes_no_colours_across_a_gap_at_first():
    from tf_btgmi import config as config_lib
    from tf_btgmi.models.build import build_generator

    config = config_lib.Config(task="guided")
    config.data.image_size = S
    config.generator.base_filters = 4
    config.generator.num_head_blocks = 1
    predictor = Predictor.from_generator(build_generator(config), config)
    assert predictor.outputs == BOTH
    image, (colors, mask) = picture(90, 120), guide()
    block_mask = block(90, 120, 20, 60, 30, 70)
    # Without a gap the mismatch along the edge is taken in.
    harmonized = predictor.harmonize(image, block_mask)
    inside = block_mask > 0
    np.testing.assert_array_equal(harmonized[~inside], image[~inside])
    assert (harmonized[inside] != image[inside]).any()
    result = predictor.compose(image, colors, mask, (45.5, 60.5), gap=8)
    pasted = image.copy()
    pasted[30:61, 45:76][mask[10:41, 15:46]] = colors[mask]
    foreground = np.zeros((90, 120), bool)
    foreground[30:61, 45:76] = mask[10:41, 15:46]
    band = dilated(foreground, 8) & ~foreground
    np.testing.assert_array_equal(result[~band], pasted[~band])
    assert (result[band] != pasted[band]).any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_object_and_its_gap_become_opaque(dtype):
    opaque = np.iinfo(dtype).max
    image = picture(90, 120).astype(dtype) * (opaque // 255)
    alpha = np.random.default_rng(1).integers(1, opaque, (90, 120)).astype(dtype)
    colors, mask = picture(60, 60, seed=1), block(60, 60, 20, 40, 15, 45)
    pose = colors, mask, (45, 60)
    result = both().compose(np.dstack([image, alpha]), *pose, gap=3)
    np.testing.assert_array_equal(result[..., :3], both().compose(image, *pose, gap=3))
    covered = dilated(block(90, 120, 35, 55, 45, 75), 3)
    expected = np.where(covered, opaque, alpha)
    np.testing.assert_array_equal(result[..., 3], expected)


@pytest.mark.parametrize("harmonize", [True, False])
def test_an_object_is_put_into_sixteen_bits_as_into_eight(harmonize):
    image = picture(100, 140).astype(np.uint16) * 257 + 100
    guide, mask = picture(60, 60, seed=1), block(60, 60, 20, 40, 15, 45)
    shallow, seen = np.uint8(image // 257), []
    pose = guide, mask, (50, 70), 1.2, 20.0, True, 9, harmonize
    expected = both().compose(shallow, *pose)
    composite = both().compose(image, *pose, lambda *numbers: seen.append(numbers))
    assert composite.dtype == np.uint16
    changed = (expected != shallow).any(axis=-1)
    assert 600 < changed.sum() < 4000
    deep = expected[changed] * np.uint16(257)
    np.testing.assert_array_equal(composite[changed], deep)
    np.testing.assert_array_equal(composite[~changed], image[~changed])
    assert seen[0][0] == 0 and seen[-1][0] == seen[-1][1] > 0

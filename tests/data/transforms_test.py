import numpy as np
import pytest

from tf_btgmi.data import transforms


def gradient(height, width) -> np.ndarray:
    """Red is the row, green the column, so a crop tells where it comes from."""
    rows, columns = np.mgrid[:height, :width].astype(np.uint8)
    return np.stack([rows, columns, np.zeros_like(rows)], -1)


def test_a_seed_gives_the_same_crop_and_another_seed_another():
    image = gradient(90, 120)
    crops = [
        transforms.training_crop(image, 32, seed, 0.5, True, 0.3)
        for seed in ((1, 2), (1, 2), (1, 3))
    ]
    np.testing.assert_array_equal(crops[0], crops[1])
    assert (crops[0] != crops[2]).any()


def test_crops_lie_anywhere_and_their_sides_span_the_range():
    image = gradient(100, 200)
    crops = [transforms.training_crop(image, 50, seed, 0.5) for seed in range(300)]
    top = np.array([crop[0, 0, 0] for crop in crops])
    bottom = np.array([crop[-1, 0, 0] for crop in crops])
    left = np.array([crop[0, 0, 1] for crop in crops])
    right = np.array([crop[0, -1, 1] for crop in crops])
    sides = right.astype(int) - left + 1
    assert top.min() <= 1 and bottom.max() >= 98
    assert left.min() <= 2 and right.max() >= 197
    assert 49 <= sides.min() <= 52 and 96 <= sides.max() <= 100


def test_every_place_of_a_crop_is_drawn():
    for axis, shape in enumerate([(18, 16), (16, 18)]):
        image = gradient(*shape)
        crops = [transforms.training_crop(image, 16, seed) for seed in range(40)]
        assert {crop[0, 0, axis] for crop in crops} == {0, 1, 2}


def test_half_of_the_crops_are_mirrored_if_asked_for():
    image = gradient(16, 16)
    for flip, low, high in ((False, 0, 0), (True, 70, 130)):
        crops = [transforms.training_crop(image, 16, s, flip=flip) for s in range(200)]
        mirrored = sum(crop[0, 0, 1] == 15 for crop in crops)
        assert low <= mirrored <= high
        assert all(crop[0, 0, 1] in (0, 15) for crop in crops)


def test_options_do_not_move_the_crop():
    image = gradient(60, 80)
    plain = transforms.training_crop(image, 20, 5, 0.5)
    mirrored = transforms.training_crop(image, 20, 5, 0.5, flip=True)
    assert any((plain == m).all() for m in (mirrored, mirrored[:, ::-1]))


def test_the_same_part_is_seen_at_any_resolution():
    small = transforms.training_crop(gradient(128, 128), 16, 9, 0.5).astype(int)
    # Twice the size, with the same values at the same places.
    large = np.repeat(np.repeat(gradient(128, 128), 2, 0), 2, 1)
    large = transforms.training_crop(large, 16, 9, 0.5).astype(int)
    assert np.abs(small - large).max() <= 1


def test_shrinking_is_antialiased():
    checkers = np.indices([64, 64]).sum(0) % 2 * 255
    image = np.repeat(checkers[..., None], 3, -1).astype(np.uint8)
    np.testing.assert_array_equal(np.abs(transforms.resize(image, 16) - 127.5), 0.5)


def test_enlarging_is_bicubic():
    edge = np.repeat([50, 50, 200, 200], 4).reshape(4, 4).T[..., None]
    found = transforms.resize(edge.repeat(3, 2).astype(np.uint8), 32)
    # A bicubic edge overshoots on both sides.
    assert found.min() < 45 and found.max() > 205


def test_a_large_picture_is_reduced_to_its_longer_side():
    image = np.zeros([60, 100, 3], np.uint8)
    assert transforms.reduced(image, 50).shape == (30, 50, 3)
    assert transforms.reduced(image.transpose(1, 0, 2), 50).shape == (50, 30, 3)
    assert transforms.reduced(image, 50, min).shape == (50, 83, 3)
    assert transforms.reduced(image, 100) is transforms.reduced(image, 60, min) is image


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (5, 3)])
def test_pictures_smaller_than_the_example_are_enlarged(shape):
    image = np.full([*shape, 3], 77, np.uint8)
    for crop in (
        transforms.training_crop(image, 16, 0, 0.3),
        transforms.centre_crop(image, 16),
    ):
        assert crop.shape == (16, 16, 3) and (crop == 77).all()


def test_the_centre_crop_is_the_largest_square_in_the_middle():
    np.testing.assert_array_equal(
        transforms.centre_crop(gradient(10, 30), 10), gradient(10, 30)[:, 10:20]
    )
    np.testing.assert_array_equal(
        transforms.centre_crop(gradient(31, 10), 10), gradient(31, 10)[10:20]
    )


def test_color_factors_of_one_change_nothing():
    image = np.random.default_rng(0).integers(0, 256, [5, 6, 3]).astype(np.uint8)
    np.testing.assert_array_equal(transforms.jitter_color(image, 1, 1, 1), image)


def test_color_factors_by_hand():
    image = np.array([[[100, 100, 100], [50, 50, 50]]], np.uint8)

    def greys(*factors):
        return transforms.jitter_color(image, *factors)[0, :, 0].tolist()

    assert greys(1.2, 1, 1) == [120, 60]
    assert greys(1, 2, 1) == [125, 25]
    assert greys(1, 1, 0) == [100, 50]
    assert greys(3, 1, 1) == [255, 150]
    red = np.array([[[100, 0, 0]]], np.uint8)
    assert transforms.jitter_color(red, 1, 1, 0).tolist() == [[[30, 30, 30]]]
    assert transforms.jitter_color(red, 1, 1, 0.5).tolist() == [[[65, 15, 15]]]


def test_jitter_stays_within_its_strength():
    image = np.full([8, 8, 3], 100, np.uint8)
    values = [
        int(transforms.training_crop(image, 8, seed, color_jitter=0.2)[0, 0, 0])
        for seed in range(200)
    ]
    assert 80 <= min(values) <= 83 and 117 <= max(values) <= 120

"""Cutting objects out: boxes, clicks, refinement, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from tf_btgmi.assets import samples_dir
from tf_btgmi.inference.cutout import cut_out


@pytest.fixture
def scene():
    """A red disc and a blue square on noisy green, with the truth of each."""
    rng = np.random.default_rng(0)
    image = np.array([60, 150, 70]) + rng.normal(0, 8, (120, 160, 3))
    y, x = np.mgrid[:120, :160]
    disc = (y - 60) ** 2 + (x - 50) ** 2 < 26**2
    square = (abs(y - 60) < 18) & (abs(x - 115) < 18)
    image[disc] = [200, 50, 40] + rng.normal(0, 8, (disc.sum(), 3))
    image[square] = [40, 60, 200] + rng.normal(0, 8, (square.sum(), 3))
    return image.clip(0, 255).astype(np.uint8), disc, square


def overlap(found, truth):
    found = found > 0
    return (found & truth).sum() / (found | truth).sum()


def test_a_box_finds_the_object_in_it(scene):
    image, disc, _ = scene
    found = cut_out(image, box=(25, 15, 95, 85))
    assert found.dtype == np.uint8 and set(np.unique(found)) == {0, 255}
    assert overlap(found, disc) > 0.97


def test_a_click_finds_what_is_under_it_and_nothing_else(scene):
    image, _, square = scene
    assert overlap(cut_out(image, positive=[(60, 115)]), square) > 0.95


def test_further_clicks_add_and_take_away(scene):
    image, disc, square = scene
    first = cut_out(image, positive=[(60, 50)])
    both = cut_out(image, positive=[(60, 50), (60, 115)], mask=first)
    assert overlap(both, disc | square) > 0.95
    # One click takes the disc away; the square was marked and stays.
    again = cut_out(image, positive=[(60, 115)], negative=[(60, 50)], mask=both)
    assert again[60, 50] == 0
    assert overlap(again, square) > 0.9


def test_the_same_call_gives_the_same_mask(scene):
    image = scene[0]
    first = cut_out(image, box=(25, 15, 95, 85))
    np.testing.assert_array_equal(first, cut_out(image, box=(25, 15, 95, 85)))


def test_large_pictures_are_cut_at_their_own_size(scene):
    image, disc, _ = scene
    large = image.repeat(9, axis=0).repeat(9, axis=1)
    found = cut_out(large, box=(225, 135, 855, 765))
    assert found.shape == (1080, 1440)
    assert overlap(found, disc.repeat(9, axis=0).repeat(9, axis=1)) > 0.97


def test_a_box_around_everything_or_beyond_the_picture_works(scene):
    image, disc, square = scene
    assert overlap(cut_out(image, box=(-20, -20, 400, 400)), disc | square) > 0.9


@pytest.mark.parametrize(
    "name, arguments, inside, outside",
    [
        ("train/sheep", {"box": (30, 105, 350, 375)}, (150, 200), (30, 30)),
        ("train/horses", {"positive": [(180, 400)]}, (170, 390), (60, 400)),
        ("test/rocket", {"positive": [(200, 258)]}, (250, 258), (20, 20)),
    ],
)
def test_objects_in_photographs_are_found(name, arguments, inside, outside):
    image = np.array(Image.open(samples_dir() / f"{name}.jpg"))
    found = cut_out(image, **arguments)
    assert found[inside] == 255 and found[outside] == 0
    assert 0.005 < (found > 0).mean() < 0.4


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({}, "Give a box, a point"),
        ({"negative": [(1, 1)]}, "Give a box, a point"),
        ({"box": (5, 5, 5, 9)}, "no pixel"),
        ({"box": (200, 200, 300, 300)}, "no pixel"),
        ({"box": (0, 0, float("nan"), 9)}, "box must be"),
        ({"positive": [(500, 1)]}, "not in the picture"),
        ({"positive": [(float("nan"), 1)]}, "not in the picture"),
        ({"mask": np.zeros((3, 3), bool)}, "same size"),
        ({"mask": np.zeros((120, 160), bool)}, "nothing to start from"),
    ],
)
def test_what_cannot_work_is_refused(scene, arguments, message):
    with pytest.raises(ValueError, match=message):
        cut_out(scene[0], **arguments)


def test_an_object_that_is_not_there_is_not_invented():
    grey = np.full((40, 40, 3), 128, np.uint8)
    with pytest.raises(ValueError, match="No object was found"):
        cut_out(grey, box=(10, 10, 30, 30))

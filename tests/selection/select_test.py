"""Selecting objects: boxes, clicks, corrections, and invalid arguments."""

import numpy as np
import pytest
from PIL import Image

from tf_btgmi.assets import samples_dir
from tf_btgmi.selection import Click, select


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
    found = select(image, box=(25, 15, 95, 85))
    assert found.dtype == np.uint8 and set(np.unique(found)) == {0, 255}
    assert overlap(found, disc) > 0.97


def test_a_click_finds_what_is_under_it_and_nothing_else(scene):
    image, _, square = scene
    assert overlap(select(image, clicks=[Click(60, 115)]), square) > 0.95


def test_a_click_on_an_object_adds_it_and_one_on_the_background_removes_it(scene):
    image, disc, square = scene
    first = select(image, clicks=[Click(60, 50)])
    clicks = [Click(60, 50), Click(60, 115)]
    both = select(image, clicks=clicks, mask=first)
    assert overlap(both, disc | square) > 0.95
    assert (both >= first).all()
    less = select(image, clicks=[*clicks, Click(60, 50, False)], mask=both)
    assert less[60, 50] == 0 and (less <= both).all()
    assert overlap(less, square) > 0.9


@pytest.mark.parametrize("on_object", [True, False])
def test_a_click_that_the_selection_agrees_with_changes_nothing(scene, on_object):
    image, disc, square = scene
    mask = disc * np.uint8(255)
    point = (60, 50) if on_object else (60, 115)
    result = select(image, clicks=[Click(*point, on_object)], mask=mask)
    np.testing.assert_array_equal(result, mask)


def test_a_click_after_a_box_keeps_the_selection_of_the_box(scene):
    image, disc, square = scene
    boxed = select(image, box=(25, 15, 95, 85))
    clicked = select(image, (25, 15, 95, 85), [Click(60, 115)], boxed)
    assert (clicked[boxed > 0] == 255).all()
    assert overlap(clicked, disc | square) > 0.95


def test_a_click_changes_the_connected_region_under_it_only(scene):
    image, disc, square = scene
    far = np.zeros(disc.shape, bool)
    far[2:10, 2:10] = True
    mask = disc | square | far
    result = select(image, clicks=[Click(60, 50, False)], mask=mask)
    assert (result[far] == 255).all() and (result[square] == 255).all()


def test_a_second_box_adds_the_object_in_it(scene):
    image, disc, square = scene
    first = select(image, box=(25, 15, 95, 85))
    both = select(image, box=(35, 90, 85, 140), mask=first)
    assert (both >= first).all() and overlap(both, disc | square) > 0.95


def test_the_same_call_gives_the_same_mask(scene):
    image = scene[0]
    first = select(image, box=(25, 15, 95, 85))
    np.testing.assert_array_equal(first, select(image, box=(25, 15, 95, 85)))


def test_large_pictures_are_cut_at_their_own_size(scene):
    image, disc, _ = scene
    large = image.repeat(9, axis=0).repeat(9, axis=1)
    found = select(large, box=(225, 135, 855, 765))
    assert found.shape == (1080, 1440)
    assert overlap(found, disc.repeat(9, axis=0).repeat(9, axis=1)) > 0.97


def test_a_box_around_everything_or_beyond_the_picture_works(scene):
    image, disc, square = scene
    assert overlap(select(image, box=(-20, -20, 400, 400)), disc | square) > 0.9


@pytest.mark.parametrize(
    "name, arguments, inside, outside",
    [
        ("train/sheep", {"box": (30, 105, 350, 375)}, (150, 200), (30, 30)),
        ("train/horses", {"clicks": [Click(180, 400)]}, (170, 390), (60, 400)),
        ("test/rocket", {"clicks": [Click(200, 258)]}, (250, 258), (20, 20)),
    ],
)
def test_objects_in_photographs_are_found(name, arguments, inside, outside):
    image = np.array(Image.open(samples_dir() / f"{name}.jpg"))
    found = select(image, **arguments)
    assert found[inside] == 255 and found[outside] == 0
    assert 0.005 < (found > 0).mean() < 0.4


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({}, "Give a box, a click"),
        ({"clicks": [(1, 1, False)]}, "Give a box, a click"),
        ({"box": (5, 5, 5, 9)}, "does not meet"),
        ({"box": (200, 200, 300, 300)}, "does not meet"),
        ({"box": (0, 0, float("nan"), 9)}, "box must be"),
        ({"clicks": [(500, 1)]}, "outside the picture"),
        ({"clicks": [(float("nan"), 1)]}, "outside the picture"),
        ({"mask": np.zeros((3, 3), bool)}, "same size"),
        ({"mask": np.zeros((120, 160), bool)}, "Give a box, a click"),
    ],
)
def test_what_cannot_work_is_refused(scene, arguments, message):
    with pytest.raises(ValueError, match=message):
        select(scene[0], **arguments)


def test_an_object_that_is_not_there_is_not_invented():
    grey = np.full((40, 40, 3), 128, np.uint8)
    with pytest.raises(ValueError, match="No object was found"):
        select(grey, box=(10, 10, 30, 30))

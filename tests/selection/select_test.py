"""Selecting objects: boxes, clicks, corrections, and invalid arguments.

Every rule holds whatever finds the object.
"""

import functools

import numpy as np
import pytest
from PIL import Image

from tf_btgmi.assets import samples_dir
from tf_btgmi.selection import Click, grabcut
from tf_btgmi.selection import select as select_by

# Intersection over union on the made-up scene.
LEAST = 0.95


@pytest.fixture(params=["network", "grabcut"])
def method(request):
    """What finds the objects."""
    return request.param


@pytest.fixture
def select(method):
    """`selection.select` by one method."""
    return functools.partial(select_by, method=method)


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


def test_a_box_finds_the_object_in_it(scene, select):
    image, disc, _ = scene
    found = select(image, box=(25, 15, 95, 85))
    assert found.dtype == np.uint8 and set(np.unique(found)) == {0, 255}
    assert overlap(found, disc) > LEAST


@pytest.mark.parametrize("box", [(15, 5, 105, 90), (20, 10, 118, 90)])
def test_a_loose_box_finds_the_object_without_its_surroundings(scene, box):
    image, disc, _ = scene
    assert overlap(select_by(image, box=box), disc) > LEAST


def test_a_click_finds_what_is_under_it_and_nothing_else(scene, select):
    image, _, square = scene
    assert overlap(select(image, clicks=[Click(60, 115)]), square) > LEAST


def test_clicks_add_objects_and_remove_them(scene, select):
    image, disc, square = scene
    first = select(image, clicks=[Click(60, 50)])
    clicks = [Click(60, 50), Click(60, 115)]
    both = select(image, clicks=clicks, mask=first)
    assert overlap(both, disc | square) > LEAST
    assert (both >= first).all()
    less = select(image, clicks=[*clicks, Click(60, 50, False)], mask=both)
    assert less[60, 50] == 0 and (less <= both).all()
    assert overlap(less, square) > LEAST


@pytest.mark.parametrize("on_object", [True, False])
def test_a_click_that_agrees_changes_nothing(scene, select, on_object):
    image, disc, square = scene
    mask = disc * np.uint8(255)
    point = (60, 50) if on_object else (60, 115)
    result = select(image, clicks=[Click(*point, on_object)], mask=mask)
    np.testing.assert_array_equal(result, mask)


def test_a_click_after_a_box_keeps_the_selection_of_the_box(scene, select):
    image, disc, square = scene
    boxed = select(image, box=(25, 15, 95, 85))
    clicked = select(image, (25, 15, 95, 85), [Click(60, 115)], boxed)
    assert (clicked[boxed > 0] == 255).all()
    assert overlap(clicked, disc | square) > LEAST


def test_in_a_box_a_click_adds_nothing_far_from_it(select):
    image = np.array(Image.open(samples_dir() / "train/sheep.jpg"))
    box, click = (30, 105, 350, 375), Click(190, 260)
    half = select(image, box=box) > 0
    half[:, 240:] = False
    added = (select(image, box=box, clicks=[click], mask=half) > 0) & ~half
    y, x = np.argwhere(added).T
    distance = np.hypot(y - click.y, x - click.x).max()
    # Twice its distance from the selection, and a twentieth of that's longer side.
    assert 30 < distance <= 2 * 21 + 0.05 * 300


def test_a_click_changes_the_connected_region_under_it_only(scene, select):
    image, disc, square = scene
    far = np.zeros(disc.shape, bool)
    far[2:10, 2:10] = True
    mask = disc | square | far
    result = select(image, clicks=[Click(60, 50, False)], mask=mask)
    assert (result[far] == 255).all() and (result[square] == 255).all()


def test_a_second_box_adds_the_object_in_it(scene, select):
    image, disc, square = scene
    first = select(image, box=(25, 15, 95, 85))
    both = select(image, box=(35, 90, 85, 140), mask=first)
    assert (both >= first).all() and overlap(both, disc | square) > LEAST


def test_the_same_call_gives_the_same_mask(scene, select):
    image = scene[0]
    first = select(image, box=(25, 15, 95, 85))
    np.testing.assert_array_equal(first, select(image, box=(25, 15, 95, 85)))


def test_large_pictures_are_cut_at_their_own_size(scene, select):
    image, disc, _ = scene
    large = image.repeat(9, axis=0).repeat(9, axis=1)
    found = select(large, box=(225, 135, 855, 765))
    assert found.shape == (1080, 1440)
    assert overlap(found, disc.repeat(9, axis=0).repeat(9, axis=1)) > LEAST


def test_a_box_beyond_the_picture_is_cut_off(scene, select):
    found = select(scene[0], box=(20, -40, 130, 85))
    np.testing.assert_array_equal(found, select(scene[0], box=(20, 0, 120, 85)))
    assert found.any()


def test_grabcut_finds_the_objects_in_a_box_around_everything(scene):
    image, disc, square = scene
    found = select_by(image, box=(-20, -20, 400, 400), method="grabcut")
    assert overlap(found, disc | square) > 0.9


@pytest.mark.parametrize(
    "name, arguments, inside, outside",
    [
        ("train/sheep", {"box": (30, 105, 350, 375)}, (150, 200), (30, 30)),
        ("train/horses", {"clicks": [Click(180, 400)]}, (170, 390), (60, 400)),
        ("test/rocket", {"clicks": [Click(200, 258)]}, (250, 258), (20, 20)),
    ],
)
def test_objects_in_photographs_are_found(select, name, arguments, inside, outside):
    image = np.array(Image.open(samples_dir() / f"{name}.jpg"))
    found = select(image, **arguments)
    assert found[inside] == 255 and found[outside] == 0
    assert 0.005 < (found > 0).mean() < 0.4


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({}, "Give a box, a click"),
        ({"clicks": [(1, 1, False)]}, "Give a box, a click"),
        ({"box": (5, 5, 5, 9)}, r"\(5, 5, 5, 9\) is empty: give .* with y0 < y1"),
        ({"box": (80, 100, 30, 40)}, "is empty"),
        ({"box": (200, 200, 300, 300)}, "lies outside the picture"),
        ({"box": (0, 0, float("nan"), 9)}, "box must be"),
        ({"box": (None, 0, 5, 9)}, "box must be"),
        ({"clicks": (55, 70, True)}, "clicks must be a list of"),
        ({"clicks": [(None, 1)]}, "A click is .y, x, is_object., not"),
        ({"clicks": [(500, 1)]}, "outside the picture"),
        ({"clicks": [(float("nan"), 1)]}, "outside the picture"),
        ({"mask": np.zeros((3, 3), bool)}, "same size"),
        ({"box": (5, 5, 50, 50), "mask": np.zeros((120, 160))}, "mask"),
        ({"box": (5, 5, 50, 50), "mask": [[0, 1]]}, "mask"),
        ({"mask": np.zeros((120, 160), bool)}, "Give a box, a click"),
    ],
)
def test_what_cannot_work_is_refused(scene, select, arguments, message):
    with pytest.raises(ValueError, match=message):
        select(scene[0], **arguments)


def test_grabcut_invents_no_object_that_is_not_there():
    grey = np.full((40, 40, 3), 128, np.uint8)
    with pytest.raises(ValueError, match="No object was found"):
        select_by(grey, box=(10, 10, 30, 30), method="grabcut")


def test_an_unknown_method_is_refused(scene):
    with pytest.raises(ValueError, match="method must be network or grabcut"):
        select_by(scene[0], box=(25, 15, 95, 85), method="magic")


def test_a_box_selects_nothing_far_outside_it(scene, select):
    found = select(scene[0], box=(30, 20, 90, 80))
    found[15:105, 5:95] = 0
    assert not found.any()


@pytest.mark.parametrize("place", [(5, 5), (60, 80), (100, 150)])
def test_a_click_always_changes_its_own_pixel(scene, select, place):
    """Also where nothing speaks for it."""
    image, disc, square = scene
    more = select(image, clicks=[Click(*place)], mask=disc)
    assert more[place] == 255 and (more[disc] == 255).all()
    everything = np.ones(disc.shape, bool)
    everything[:, :2] = False
    less = select(image, clicks=[Click(*place, False)], mask=everything)
    assert less[place] == 0 and not less[:, :2].any()


def test_clicks_beside_the_object_take_away_from_the_box(scene, select):
    image, disc, square = scene
    both = select(image, box=(25, 15, 95, 140))
    clicks = [Click(60, 115, False)]
    less = select(image, box=(25, 15, 95, 140), clicks=clicks)
    assert less[60, 115] == 0 and less[60, 50] == 255
    assert (less > 0).sum() <= (both > 0).sum()


def test_a_click_removes_a_part_of_which_grabcut_leaves_nothing(monkeypatch, scene):
    image, disc, square = scene

    def nothing(*arguments, **options):
        raise ValueError("No object was found there.")

    monkeypatch.setattr(grabcut, "cut_out", nothing)
    less = select_by(image, clicks=[Click(60, 50, False)], mask=disc | square)
    assert not less[disc].any() and less[square].all()


def test_a_selection_in_the_last_rows_of_a_large_picture_is_changed(scene, select):
    """Halved, the picture has an odd row and column left over, again and again."""
    image = scene[0].repeat(14, axis=0).repeat(14, axis=1)
    image = image[: 16 * 104 + 15, : 16 * 139 + 15]
    mask = np.zeros(image.shape[:2], bool)
    mask[-3:, 900:1000] = True
    height = len(mask)
    more = select(image, clicks=[Click(height - 40, 950)], mask=mask)
    assert more[mask].all() and more[height - 40, 950] == 255
    less = select(image, clicks=[Click(height - 1, 950, False)], mask=mask)
    assert less[height - 1, 950] == 0 and not less[~mask].any()


def test_a_click_beside_a_speck_of_a_large_picture_works(scene, select):
    """A selection of one pixel is smaller than a pixel of the working size."""
    large = scene[0].repeat(9, axis=0).repeat(9, axis=1)
    mask = np.zeros(large.shape[:2], bool)
    mask[541, 452] = True
    found = select(large, clicks=[Click(548, 470)], mask=mask)
    assert found[548, 470] == 255 and found[541, 452] == 255

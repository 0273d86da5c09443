"""Masks depend on name and seed alone, or come from the file of that name."""

import os

import numpy as np
import pytest
from PIL import Image

from tf_btgmi.evaluation.hole_masks import DrawnMasks, MaskFiles
from tf_btgmi.evaluation.no_truth import ObjectMasks
from tf_btgmi.evaluation.picture_sets import open_pictures
from tf_btgmi.evaluation.result_files import by_name


def test_a_drawn_mask_is_a_function_of_name_and_seed():
    masks = DrawnMasks("rectangles", 0)
    first = masks.mask("a", 40, 60, 64)
    assert first.dtype == bool and first.shape == (64, 64)
    assert 0 < first.mean() <= 0.6
    np.testing.assert_array_equal(
        first, DrawnMasks("rectangles", 0).mask("a", 1, 2, 64)
    )
    for other in (
        masks.mask("b", 40, 60, 64),
        DrawnMasks("rectangles", 1).mask("a", 40, 60, 64),
    ):
        assert (other != first).any()


def test_a_drawn_mask_is_the_same_on_every_machine():
    """A change here changes the holes of every evaluation: a new metric version."""
    mask = DrawnMasks("rectangles", 0).mask("boat", 0, 0, 128)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    found = (rows[0], rows[-1], columns[0], columns[-1], mask.sum())
    assert tuple(map(int, found)) == (2, 33, 33, 75, 1376)


def test_the_centre_kind_is_a_quarter_of_the_side():
    mask = DrawnMasks("centre64of256", 5).mask("a", 0, 0, 64)
    assert mask[24:40, 24:40].all() and mask.sum() == 16 * 16


def test_objects_need_a_folder_of_shapes(tmp_path):
    with pytest.raises(ValueError, match="folder of object shapes"):
        DrawnMasks("objects", 0).mask("a", 0, 0, 48)
    shape = np.zeros((30, 30), np.uint8)
    shape[5:20, 5:20] = 255
    Image.fromarray(shape).save(tmp_path / "shape.png")
    masks = DrawnMasks("objects", 0, str(tmp_path))
    assert masks.mask("a", 0, 0, 48).any() and masks.identity.startswith("objects of ")
    Image.fromarray(shape.T[::-1]).save(tmp_path / "shape.png")
    assert DrawnMasks("objects", 0, str(tmp_path)).identity != masks.identity


def mask_folder(tmp_path, photos, shapes=None):
    folder = tmp_path / "masks"
    for name, path in by_name(photos).items():
        with Image.open(os.path.join(photos, path)) as picture:
            width, height = picture.size
        mask = np.zeros((shapes or {}).get(name, (height, width)), np.uint8)
        mask[10:20, 15:25] = 255
        os.makedirs(os.path.dirname(folder / f"{name}.png"), exist_ok=True)
        Image.fromarray(mask).save(folder / f"{name}.png")
    return str(folder)


def test_mask_files_are_cut_as_their_pictures_are(tmp_path, photos):
    folder = mask_folder(tmp_path, photos)
    masks = MaskFiles(folder, by_name(photos))
    # 36 x 60: the square's left edge is at 12.
    mask = masks.mask("2", 36, 60, 36)
    assert mask[10:20, 3:13].all() and mask.sum() == 100
    assert masks.mask("1", 40, 40, 80).sum() == pytest.approx(400, abs=44)
    assert masks.mask("more/1", 48, 48, 48).sum() == 100


def test_black_is_hole_where_masks_are_inverted(tmp_path, photos):
    folder = mask_folder(tmp_path, photos)
    masks = MaskFiles(folder, by_name(photos), invert=True)
    mask = masks.mask("2", 36, 60, 36)
    assert not mask[10:20, 3:13].any() and mask.sum() == 36 * 36 - 100
    assert masks.identity != MaskFiles(folder, by_name(photos)).identity


def test_a_mask_of_the_size_of_the_evaluation_is_taken_as_it_is(tmp_path, photos):
    folder = mask_folder(tmp_path, photos, {"2": (32, 32)})
    mask = MaskFiles(folder, by_name(photos)).mask("2", 36, 60, 32)
    assert mask[10:20, 15:25].all() and mask.sum() == 100


def test_a_mask_of_another_size_is_named_with_both_sizes(tmp_path, photos):
    folder = mask_folder(tmp_path, photos, {"2": (33, 32)})
    masks = MaskFiles(folder, by_name(photos))
    with pytest.raises(ValueError, match="2.png is 32x33 .* 60x36.* or 48x48"):
        masks.mask("2", 36, 60, 48)


def test_pictures_without_a_mask_are_counted(tmp_path, photos):
    folder = mask_folder(tmp_path, photos)
    os.remove(os.path.join(folder, "10.png"))
    with pytest.raises(ValueError, match=r"no mask for 1 picture; .* is 10\."):
        MaskFiles(folder, by_name(photos))
    with pytest.raises(ValueError, match="no folder"):
        MaskFiles(str(tmp_path / "none"), by_name(photos))


def test_strokes_count_as_they_do_elsewhere_and_pairs_as_well(tmp_path, photos):
    hole = np.zeros((40, 60), bool)
    hole[10:20, 5:30] = True
    strokes = np.dstack([hole * n for n in (200, 30, 60, 120)]).astype(np.uint8)
    for name in by_name(photos):
        path = tmp_path / "strokes" / f"{name}_mask001.png"
        path.parent.mkdir(exist_ok=True, parents=True)
        Image.fromarray(strokes).save(path)
    masks = MaskFiles(str(tmp_path / "strokes"), by_name(photos))
    np.testing.assert_array_equal(masks.whole("1", 40, 60), hole)


def test_in_one_folder_no_picture_is_its_own_mask(tmp_path):
    picture, mask = Image.new("RGB", (40, 40), "white"), Image.new("L", (40, 40))
    mask.paste(255, (5, 5, 20, 20))
    for name in ("a", "b"):
        picture.save(tmp_path / f"{name}.png")
    mask.save(tmp_path / "a_mask.png")
    place = str(tmp_path)
    pictures = open_pictures(place, mask_folder=place)
    assert pictures.names == ["a", "b"]
    with pytest.raises(ValueError, match="no mask for 1 picture; the first is b"):
        MaskFiles(place, pictures.names, place)
    mask.save(tmp_path / "b_mask.png")
    masks = MaskFiles(place, pictures.names, place)
    assert masks.mask("b", 40, 40, 40).sum() == 225


def test_a_damaged_mask_is_named(tmp_path, photos):
    folder = mask_folder(tmp_path, photos)
    with open(os.path.join(folder, "1.png"), "wb") as file:
        file.write(b"nothing")
    with pytest.raises(ValueError, match=r"1\.png is not a JPEG"):
        MaskFiles(folder, by_name(photos)).mask("1", 40, 40, 40)


def test_the_mask_of_a_real_composite_is_reduced_by_area(tmp_path):
    pixels = np.zeros((48, 48), np.uint8)
    pixels[:24] = 255
    # Three quarters of a cell of 4 pixels, but not its middle.
    pixels[1:24:4, 1::4] = pixels[2:24:4, 1::4] = 0
    pixels[1:24:4, 2::4] = pixels[2:24:4, 2::4] = 0
    (tmp_path / "masks").mkdir()
    Image.fromarray(pixels).save(tmp_path / "masks" / "a.png")
    masks = ObjectMasks(str(tmp_path / "masks"), ["a"])
    example = masks.example("a", np.zeros((48, 48, 3), np.uint8), 12)
    assert example.mask[:6].all() and not example.mask[6:].any()

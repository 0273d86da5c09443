"""Regions of photographs as objects of the tasks with a foreground."""

import cv2
import numpy as np
import pytest

from tf_btgmi.config import Config
from tf_btgmi.data import segmentation
from tf_btgmi.data.object_examples import ObjectExamples
from tf_btgmi.data.object_folder import ObjectFolder
from tf_btgmi.data.tasks import make_task


@pytest.fixture
def quarters(rng):
    """A picture of four noisy colours, and their squares."""
    image = np.zeros([160, 240, 3], np.uint8)
    colors = [(200, 60, 60), (60, 190, 70), (70, 60, 200), (220, 220, 90)]
    squares = []
    for i, color in enumerate(colors):
        square = np.zeros([160, 240], bool)
        square[80 * (i // 2) :, :][:80, 120 * (i % 2) :][:, :120] = True
        squares.append(square)
        image[square] = color
    return np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype("u1"), squares


def test_regions_are_the_parts_of_a_picture_that_differ(quarters):
    image, squares = quarters
    found = segmentation.index_map(image)
    assert found.dtype == np.uint8 and found.shape == (96, 144)
    seen = set()
    for seed in range(40):
        mask = segmentation.random_region(found, image, np.random.default_rng(seed))
        assert mask.shape == image.shape[:2] and mask.dtype == bool
        shares = [(mask & s).sum() / (mask | s).sum() for s in squares]
        if max(shares) > 0.85:
            seen.add(int(np.argmax(shares)))
    assert seen == {0, 1, 2, 3}


def test_a_region_of_less_than_2_percent_joins_its_neighbour(quarters):
    image, _ = quarters
    # 10 x 12 of 160 x 240 pixels, in the middle of the first square.
    image[35:45, 55:67] = (10, 10, 240)
    areas = np.bincount(segmentation.index_map(image).ravel())
    assert areas[areas > 0].min() >= 0.02 * 96 * 144
    image[20:60, 40:80] = (10, 10, 240)
    assert np.unique(segmentation.index_map(image)).size >= 5


def test_a_region_is_drawn_by_the_root_of_its_area_and_has_no_specks():
    labels = np.zeros([40, 40], np.uint8)
    # A tenth of the picture, and specks of it in the rest.
    labels[:4] = 1
    labels[10::8, ::8] = 1
    image = np.zeros([40, 40, 3], np.uint8)
    found = [
        segmentation.random_region(labels, image, np.random.default_rng(seed))
        for seed in range(300)
    ]
    small = [mask for mask in found if mask.mean() < 0.5]
    assert all(not mask[8:].any() for mask in small)
    area = labels.sum()
    share = np.sqrt(area) / (np.sqrt(area) + np.sqrt(1600 - area))
    assert len(small) / 300 == pytest.approx(share, abs=0.06)


def test_a_small_picture_keeps_its_size():
    assert segmentation.index_map(np.zeros([40, 50, 3], np.uint8)).shape == (40, 50)


@pytest.fixture
def objects(tmp_path, quarters):
    """Grey pictures with an object each, and a folder of the colours alone."""
    for name in ("objects/images", "objects/masks", "photographs"):
        (tmp_path / name).mkdir(parents=True)
    mask = np.zeros([160, 160], np.uint8)
    mask[40:120, 40:120] = 255
    for i in range(4):
        grey = np.full([160, 160, 3], 100 + i, np.uint8)
        cv2.imwrite(str(tmp_path / "objects" / "images" / f"{i}.png"), grey)
        cv2.imwrite(str(tmp_path / "objects" / "masks" / f"{i}.png"), mask)
    cv2.imwrite(str(tmp_path / "photographs" / "one.png"), quarters[0])
    return tmp_path


def examples(objects, share, task="harmonization", count=30, **fields):
    config = Config(task=task)
    config.data.image_size = 64
    config.data.source = f"folder:{objects / 'objects'}"
    config.guided.regions = share
    for name, value in fields.items():
        setattr(config.guided, name, value)
    task = make_task(config)
    source = ObjectFolder(str(objects / "objects"))
    return [task.training_example(source, i, (i % 4,), 64) for i in range(count)]


def from_photographs(example):
    return np.ptp(example["image"]) > 50


@pytest.mark.parametrize(
    "share, least, most", [(0.0, 0, 0), (0.5, 8, 22), (1.0, 30, 30)]
)
def test_a_share_of_the_objects_are_regions_of_the_photographs(
    objects, share, least, most
):
    found = examples(objects, share, regions_folder=str(objects / "photographs"))
    of_photographs = [e for e in found if from_photographs(e)]
    assert least <= len(of_photographs) <= most
    for example in of_photographs:
        assert 0.01 <= example["foreground"].mean() <= 0.5


def test_without_a_folder_they_are_regions_of_the_source(objects):
    found = examples(objects, 1.0, max_object=0.9)
    assert not any(map(from_photographs, found))
    # One grey is one region, the whole picture: another one's shape stands in.
    assert all(0 < e["foreground"].mean() < 0.95 for e in found)


def test_examples_with_an_object_of_their_own_stay_as_they_were(objects):
    folder = str(objects / "photographs")
    before = examples(objects, 0.0)
    after = examples(objects, 0.5, regions_folder=folder)
    same = 0
    for one, other in zip(before, after):  # noqa: B905
        if not from_photographs(other):
            same += 1
            assert all((other[name] == value).all() for name, value in one.items())
    assert same > 5


def test_holes_for_removal_are_no_regions():
    config = Config(task="object_removal")
    config.guided.regions = 1.0
    assert ObjectExamples(config).region_generator(0) is None

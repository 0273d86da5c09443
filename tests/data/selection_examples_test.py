"""Examples of the selector: picture, truth and box of one window belong together."""

import numpy as np
import pytest
from PIL import Image

from tf_btgmi.data import selection_examples
from tf_btgmi.data.selection_examples import SelectionExamples
from tf_btgmi.data.unreadable import UnreadableError
from tf_btgmi.pictures.mask_arrays import bounding_box


@pytest.fixture
def make_folder(tmp_path):
    """Makes folders of pictures with one object each, off the middle, of one grey."""

    def make(name, grey, count=6, stride=1):
        rng = np.random.default_rng(0)
        for kind in ("images", "masks"):
            (tmp_path / name / kind).mkdir(parents=True)
        for number in range(count):
            y, x = rng.integers(2, 30, 2)
            mask = np.zeros((60, 80), np.uint8)
            mask[y : y + 20, x : x + 26] = mask[y : y + 26, x : x + 8] = 255
            image = np.full((60, 80, 3), 30, np.uint8)
            image[mask > 0] = grey
            image, mask = image[::stride, ::stride], mask[::stride, ::stride]
            for kind, array in (("images", image), ("masks", mask)):
                Image.fromarray(array).save(tmp_path / name / kind / f"{number}.png")
        return str(tmp_path / name)

    return make


def test_the_truth_and_the_box_are_where_the_object_is_seen(make_folder):
    examples = SelectionExamples([(make_folder("a", 220), 1.0)], held_out=0.0)
    sides = set()
    for number in range(24):
        image, truth, box, clicks, _ = examples.training_example(number)
        values = image.mean(axis=2)
        seen = values > (values.min() + values.max()) / 2
        assert (seen & truth).sum() > 0.9 * (seen | truth).sum()
        # The upright of the object's L: left, or right where it was mirrored.
        columns = truth.sum(0)
        y0, x0, y1, x1 = bounding_box(truth)
        sides.add(columns[x0 + 3] > columns[x1 - 4])
        if box is None:
            assert len(clicks) == 1
            continue
        found = np.zeros_like(truth)
        top, left, bottom, right = np.clip(np.rint(box), 0, 192).astype(int)
        found[top:bottom, left:right] = True
        wanted = np.zeros_like(truth)
        wanted[y0:y1, x0:x1] = True
        assert (found & wanted).sum() > 0.4 * (found | wanted).sum()
    assert sides == {True, False}


def test_objects_that_are_all_too_small_are_refused(make_folder, monkeypatch):
    monkeypatch.setattr(selection_examples, "_MAX_DRAWS", 30, raising=False)
    folder = make_folder("a", 220, stride=4)
    examples = SelectionExamples([(folder, 1.0)], held_out=0.0)
    with pytest.raises(ValueError, match="no object that covers 90 pixels"):
        examples.training_example(0)


def test_a_share_that_holds_out_every_picture_is_refused(make_folder):
    folder = make_folder("a", 220, count=2)
    with pytest.raises(ValueError, match="has 2 pictures, .*would hold out all"):
        SelectionExamples([(folder, 1.0)], held_out=0.8)


def test_held_out_pictures_without_an_object_are_refused(make_folder):
    folder = make_folder("a", 220, count=4)
    examples = SelectionExamples([(folder, 1.0)], held_out=0.5)
    first, second = examples.folders[0].held_out_names
    Image.new("L", (80, 60)).save(f"{folder}/masks/{first}")
    assert len(examples.held_out_objects()) == 1
    Image.new("L", (80, 60)).save(f"{folder}/masks/{second}")
    with pytest.raises(ValueError, match="None of the held-out pictures in .*an obj"):
        examples.held_out_objects()


def damage(path):
    """Cuts a file off after 60 bytes."""
    with open(path, "r+b") as file:
        file.truncate(60)


def test_a_damaged_picture_is_left_out_of_training(make_folder):
    folder = make_folder("a", 220, count=8)

    def examples():
        return SelectionExamples([(folder, 1.0)], held_out=0.25)

    name = examples().folders[0].training_names[0]
    damage(f"{folder}/images/{name}")
    first = examples()
    drawn = [first.training_example(number) for number in range(30)]
    assert first.folders[0].unreadable.names.keys() == {name}
    resumed = examples()
    for number in (9, 3, 20):
        example = resumed.training_example(number)
        np.testing.assert_array_equal(example.image, drawn[number].image)
    assert len(first.held_out_objects()) == 2


def test_damaged_masks_are_left_out_of_validation(make_folder):
    folder = make_folder("a", 220, count=8)
    examples = SelectionExamples([(folder, 1.0)], held_out=0.25)
    first, second = examples.folders[0].held_out_names
    damage(f"{folder}/masks/{first}")
    assert len(examples.held_out_objects()) == 1
    assert examples.folders[0].unreadable.names.keys() == {first}
    damage(f"{folder}/masks/{second}")
    with pytest.raises(UnreadableError, match="2 of the 8 pictures .* Repair"):
        examples.held_out_objects()


def test_validation_without_pictures_is_refused(make_folder):
    # A tenth of four pictures is none.
    examples = SelectionExamples([(make_folder("a", 220, count=4), 1.0)], held_out=0.1)
    with pytest.raises(ValueError, match="None of the 4 pictures .* Raise --held_out"):
        examples.held_out_objects()


def test_examples_depend_on_the_seed_and_folders_on_their_weights(make_folder):
    light, dark = make_folder("light", 220), make_folder("dark", 90)

    def examples(seed, *weights):
        sources = list(zip((light, dark), weights))  # noqa: B905
        drawn = SelectionExamples(sources, held_out=0.0, seed=seed)
        return [drawn.training_example(number) for number in range(40)]

    first, again, other = (examples(seed, 1.0, 3.0) for seed in (0, 0, 1))
    for one, two in zip(first, again):  # noqa: B905
        np.testing.assert_array_equal(one.image, two.image)
    differing = [(a.image != b.image).any() for a, b in zip(first, other)]  # noqa: B905
    assert sum(differing) > 35

    def contrast(example):
        values = example.image.mean(axis=2)
        return values[example.truth].mean() - values[~example.truth].mean()

    # A contrast of 190 or of 60, times 0.7 to 1.3 and gains.
    assert 22 <= sum(contrast(example) < 100 for example in first) <= 38
    assert all(contrast(example) > 100 for example in examples(0, 1.0, 0.0))

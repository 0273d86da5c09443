"""Examples with a foreground: shifted colours, clashing surroundings."""

import numpy as np
import pytest

from tf_btgmi.config import GUIDED_KINDS, Config
from tf_btgmi.data import guided, object_examples
from tf_btgmi.data.guided import Changes
from tf_btgmi.data.masks import MaskSampler
from tf_btgmi.data.object_examples import ObjectExamples
from tf_btgmi.data.object_masks import ObjectPicture
from tf_btgmi.data.recoloring import recolored
from tf_btgmi.data.transforms import training_crop


@pytest.fixture
def examples(rng):
    """Makes 20 examples of harmonization of one picture."""
    image = rng.integers(0, 256, [40, 40, 3]).astype(np.uint8)
    mask = np.zeros([40, 40], bool)
    mask[10:25, 8:30] = True
    own = ObjectPicture(image, mask)

    def make(**fields):
        config = Config(task="harmonization")
        for name, value in fields.items():
            setattr(config.guided, name, value)
        drawing = ObjectExamples(config)
        return [
            drawing.training_example(own, own, i, 32, drawing.generator(i))
            for i in range(20)
        ]

    return make


def test_draws_are_those_of_the_seed_the_number_and_the_fields(rng):
    config = Config(task="guided")
    config.training.seed = 4
    config.data.min_crop = 0.5
    config.data.color_jitter = 0.3
    for kind in GUIDED_KINDS:
        setattr(config.guided, kind, float(kind == guided.PLAIN))
    pictures = rng.integers(0, 256, [2, 40, 48, 3], np.uint8)
    mask = np.zeros([40, 48], bool)
    # Small: not every crop has it.
    mask[:8, :8] = True
    own, other = (ObjectPicture(picture, mask) for picture in pictures)
    drawing = ObjectExamples(config)
    attempts = set()
    for index in range(12):
        generator = drawing.generator(index)
        wanted = np.random.default_rng((4, index, 4))
        assert generator.bit_generator.state == wanted.bit_generator.state
        found = drawing.training_example(own, other, index, 24, generator)
        crops = [
            training_crop(own.image, 24, (4, index, 1, attempt), 0.5, True, 0.3)
            for attempt in range(8)
        ]
        (attempt,) = (
            i for i, crop in enumerate(crops) if (crop == found["image"]).all()
        )
        attempts.add(attempt)
        hole = MaskSampler(config.masks).sample(24, 24, (4, index, 2))
        np.testing.assert_array_equal(found["mask"][..., 0], hole)
    assert len(attempts) > 1


def test_the_foreground_is_cropped_and_mirrored_with_the_picture():
    config = Config(task="harmonization")
    config.data.min_crop = 0.8
    config.data.random_flip = True
    # A white wedge on black, unlike its mirror image.
    mask = np.tri(48, dtype=bool)
    mask[:8] = mask[-8:] = False
    own = ObjectPicture(np.repeat(np.uint8(255) * mask[..., None], 3, axis=-1), mask)
    drawing = ObjectExamples(config)
    for index in range(8):
        found = drawing.training_example(own, own, index, 32, drawing.generator(index))
        white = found["image"][..., :1] >= 128
        np.testing.assert_array_equal(found["foreground"], white)


@pytest.fixture
def two_pictures(rng):
    """A picture whose object has an unsuitable size, and one with a flat object."""
    own, other = np.ones([64, 64], bool), np.zeros([64, 64], bool)
    own[:2] = False
    other[30:36, 8:56] = True
    images = rng.integers(0, 256, [2, 64, 64, 3], np.uint8)
    return [ObjectPicture(image, mask) for image, mask in zip(images, (own, other))]


def test_an_object_of_an_unsuitable_size_is_not_the_foreground(two_pictures):
    config = Config(task="harmonization")
    drawing = ObjectExamples(config)
    limits = config.guided
    for index in range(8):
        generator = drawing.generator(index)
        found = drawing.training_example(*two_pictures, index, 64, generator)
        share = found["foreground"].mean()
        assert limits.min_object <= share <= limits.max_object


def test_a_hole_has_the_shape_of_the_other_pictures_object(two_pictures):
    drawing = ObjectExamples(Config(task="object_removal"))
    for index in range(8):
        generator = drawing.generator(index)
        found = drawing.training_example(*two_pictures, index, 64, generator)
        y0, x0, y1, x1 = found["hole_boxes"][0]
        assert x1 - x0 > 2 * (y1 - y0)


def test_colours_are_those_of_a_crop_of_the_other_picture(rng):
    config = Config(task="harmonization")
    config.data.color_jitter = 0.3
    config.guided.statistics = config.guided.min_strength = 1.0
    config.guided.harder_changes = 0.0
    own, other = (
        ObjectPicture(picture, np.pad(np.ones([20, 20], bool), 12))
        for picture in rng.integers(0, 256, [2, 44, 44, 3], np.uint8)
    )
    drawing = ObjectExamples(config)
    least = config.data.min_crop
    for index in range(4):
        generator = drawing.generator(index)
        found = drawing.training_example(own, other, index, 32, generator)
        seed = (config.training.seed, index, 5)
        second = training_crop(other.image, 32, seed, least, config.data.random_flip)
        wanted = recolored(
            found["image"],
            found["foreground"][..., 0],
            second[::4, ::4],
            Changes(strength=1.0),
        )
        np.testing.assert_array_equal(found["recolored"], wanted)
        assert (found["recolored"] != found["image"]).any()


def is_shift(changes):
    return changes[7:] != Changes()[7:]


def test_a_shift_takes_the_place_of_the_other_changes(examples, monkeypatch):
    made = []

    def record(image, foreground, second, changes):
        made.append(changes)
        return recolored(image, foreground, second, changes)

    monkeypatch.setattr(object_examples, "recolored", record)
    examples()
    assert len(made) == 20 and not any(map(is_shift, made))
    made.clear()
    examples(shifts=1.0)
    assert all(map(is_shift, made))
    assert all(changes[:7] == Changes()[:7] for changes in made)
    made.clear()
    examples(shifts=0.5)
    assert 4 <= sum(map(is_shift, made)) <= 16


def test_a_share_of_the_surroundings_clashes(examples):
    before, half, after = (examples(clashing=share) for share in (0.0, 0.5, 1.0))
    differing = 0
    for one, some, other in zip(before, half, after):  # noqa: B905
        inside = one["foreground"][..., 0] > 0
        np.testing.assert_array_equal(one["foreground"], other["foreground"])
        np.testing.assert_array_equal(one["image"][inside], other["image"][inside])
        assert (one["image"] != other["image"])[~inside].mean() > 0.5
        differing += (some["image"] != one["image"]).any()
    assert 4 <= differing <= 16


def test_gaps_keep_the_largest_hole_ratio(rng):
    config = Config(task="guided")
    config.masks.max_hole_ratio = 0.15
    config.guided.max_box_margin = 0.3
    for kind in GUIDED_KINDS:
        setattr(config.guided, kind, float(kind == guided.BOX))
    mask = np.zeros([40, 40], bool)
    mask[10:25, 8:30] = True
    own = ObjectPicture(rng.integers(0, 256, [40, 40, 3]).astype(np.uint8), mask)
    drawing = ObjectExamples(config)
    ratios = []
    for i in range(20):
        found = drawing.training_example(own, own, i, 32, drawing.generator(i))
        ratios.append(found["mask"].mean())
    assert 0.05 < max(ratios) <= 0.15

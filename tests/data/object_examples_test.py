"""Examples with a foreground: shifted colours, clashing surroundings."""

import numpy as np
import pytest

from tf_btgmi.config import Config
from tf_btgmi.data.guided import Changes
from tf_btgmi.data.object_examples import ObjectExamples
from tf_btgmi.data.object_masks import ObjectPicture


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


def is_shift(example):
    return (example["changes"][7:] != Changes()[7:]).any()


def test_a_shift_takes_the_place_of_the_other_changes(examples):
    assert not any(map(is_shift, examples()))
    for example in examples(shifts=1.0):
        assert is_shift(example)
        assert (example["changes"][:7] == np.float32(Changes()[:7])).all()
    assert 4 <= sum(map(is_shift, examples(shifts=0.5))) <= 16


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

"""Training of the selector: its loss, its rounds, and a run that is resumed."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_btgmi.data.selection_examples import SelectionExamples
from tf_btgmi.releases import load_selector
from tf_btgmi.training import selector_run
from tf_btgmi.training.selector_training import corrected, inputs_of, selection_loss

SETTINGS = {
    "batch_size": 3,
    "base_filters": 8,
    "learning_rate": 1e-3,
    "ema_decay": 0.9,
    "held_out": 0.25,
    "seed": 0,
    "validate_every": 3,
}


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    """A folder of eight pictures, a bright disc in each."""
    folder = tmp_path_factory.mktemp("objects")
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    for kind in ("images", "masks"):
        (folder / kind).mkdir()
    for number in range(8):
        disc = np.hypot(y - rng.integers(24, 40), x - rng.integers(24, 40)) < 14
        image = rng.integers(0, 90, (64, 64, 3), np.uint8)
        image[disc] += 150
        Image.fromarray(image).save(folder / "images" / f"{number}.png")
        mask = disc * np.uint8(255)
        Image.fromarray(mask).save(folder / "masks" / f"{number}.png")
    return str(folder)


def test_the_loss_is_lower_for_a_better_mask():
    truth = np.zeros((1, 8, 8, 1), np.float32)
    truth[:, 2:6, 2:6] = 1
    values = [
        float(selection_loss(tf.constant(truth), tf.constant(scale * (2 * truth - 1))))
        for scale in (-4.0, 0.0, 4.0, 20.0)
    ]
    assert values == sorted(values, reverse=True) and values[-1] < 0.01


def test_examples_depend_on_their_number_alone(objects):
    first, again = (SelectionExamples([(objects, 1.0)], 0.25) for _ in range(2))
    for number in (0, 7):
        one, other = first.training_example(number), again.training_example(number)
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.truth, other.truth)
    assert len(first.held_out_objects()) == 2


def test_a_round_adds_a_click_where_the_mask_is_wrong(objects):
    examples = SelectionExamples([(objects, 1.0)], 0.25)
    batch = [examples.training_example(number) for number in range(4)]
    logits = np.full((4, 192, 192, 1), -1.0)
    after = corrected(batch, logits, np.random.default_rng(0))
    for before, example in zip(batch, after):
        assert not example.mask.any()
        assert len(example.clicks) == len(before.clicks) + 1
        y, x, is_object = example.clicks[-1]
        assert is_object and example.truth[int(y), int(x)]
    inputs, truth = inputs_of(after)
    assert inputs.shape == (4, 192, 192, 8) and truth.shape == (4, 192, 192, 1)


@pytest.mark.timeout(300)
def test_a_run_is_saved_and_goes_on_where_it_stopped(objects, tmp_path):
    workdir = str(tmp_path / "run")
    sources = [(objects, 1.0)]
    selector_run.train(workdir, sources, steps=3, **SETTINGS)
    before = tf.train.latest_checkpoint(f"{workdir}/checkpoints")
    assert before.endswith("-3")
    selector_run.train(workdir, sources, steps=6, **SETTINGS)
    assert tf.train.latest_checkpoint(f"{workdir}/checkpoints").endswith("-6")
    network = load_selector(f"{workdir}/best")
    assert all(np.isfinite(np.asarray(weight)).all() for weight in network.weights)

"""Training of the selector: its loss, its rounds, and a run that is resumed."""

import json
import os
import signal
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_btgmi.data.selection_examples import SelectionExamples
from tf_btgmi.releases import load_selector
from tf_btgmi.training import selector_run
from tf_btgmi.training.selector_training import (
    SelectorTraining,
    corrected,
    inputs_of,
    selection_loss,
)

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
    # Where nothing is known: log 2, and 8 of 16 + 32 - 8 pixels, each with one added.
    assert values[1] == pytest.approx(np.log(2) + 1 - 9 / 41, rel=1e-5)


class Pixelwise(keras.Model):
    """A selector of two weights that are the same for every pixel."""

    def __init__(self):
        super().__init__()
        self.convolution = keras.layers.Conv2D(1, 1)
        self.convolution.build([None, None, None, 1])
        self.built = True
        self.trainings = []

    def call(self, inputs, training=None, trunk_features=None):
        self.trainings.append(training)
        return self.convolution(inputs)


def test_a_step_follows_the_clipped_gradient_and_the_average_follows_the_step():
    selector = Pixelwise()
    model = SelectorTraining(selector, Pixelwise(), 0.99)
    model.compile(keras.optimizers.SGD(1.0))
    model.step.assign(5)
    before = [np.array(weight) for weight in selector.weights]
    inputs = tf.constant([[[[1e3], [-1e3]]]])
    # The object is where the selector now sees none.
    truth = tf.cast(selector.convolution(inputs) < 0, tf.float32)
    model.train_step((inputs, truth, []))
    moves = [np.array(w) - old for w, old in zip(selector.weights, before)]  # noqa: B905
    length = np.sqrt(sum(np.square(move).sum() for move in moves))
    assert length == pytest.approx(5.0, rel=1e-3)
    for old, move, mean in zip(before, moves, model.average.weights):  # noqa: B905
        # The decay at step 5 is 6 / 15.
        np.testing.assert_allclose(mean, old + 0.6 * move, rtol=1e-5)
    assert int(model.step) == 6
    assert set(selector.trainings) == {True}


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
    # More likely than not.
    logits[:, 50:] = 0.25
    after = corrected(10 * batch, 10 * list(logits), np.random.default_rng(0))
    assert all(e.mask[50:].all() and not e.mask[:50].any() for e in after)
    # Half of the boxes are dropped.
    boxes = [e.box is not None for e in 10 * batch]
    kept = [e.box is not None for e in after]
    assert 0.25 * sum(boxes) < sum(kept) < 0.75 * sum(boxes)


def test_every_group_of_a_step_has_the_features_of_its_pictures(objects):
    examples = SelectionExamples([(objects, 1.0)], 0.25)
    counts = []

    def features_of(inputs):
        return [tf.reduce_mean(inputs[..., :3], axis=[1, 2])]

    def train_step(data):
        inputs, truth, features = data
        np.testing.assert_allclose(features[0], features_of(inputs)[0], atol=1e-5)
        counts.append([int(tf.reduce_sum(inputs[i, ..., 4:6]) > 0) for i in range(2)])
        return {"loss": 0.0, "logits": 0.5 - truth}

    model = types.SimpleNamespace(
        step=0, trunk_features=features_of, train_step=train_step
    )
    rounds = selector_run._Rounds(model, selector_run._batches(examples, 2, 0), 0)
    for number in range(5):
        rounds.step()
        assert [len(group) for group, _ in rounds._groups] == [2] * min(number + 1, 3)
    newest = [example.clicks for example in rounds._groups[0][0]]
    oldest = [example.clicks for example in rounds._groups[2][0]]
    assert all(len(o) >= 3 > len(n) for o, n in zip(oldest, newest))  # noqa: B905


def test_clicks_depend_on_the_seed(objects):
    batch = [SelectionExamples([(objects, 1.0)], 0.25).training_example(0)] * 20
    logits = np.full((20, 192, 192, 1), -1.0)
    logits[:, :, ::2] = 1.0
    model = types.SimpleNamespace(
        step=3,
        trunk_features=lambda inputs: [inputs],
        train_step=lambda data: {"loss": 0.0, "logits": tf.constant(logits)},
    )

    def boxes_and_clicks(seed):
        rounds = selector_run._Rounds(model, iter([batch]), seed)
        rounds.step()
        examples = rounds._groups[0][0]
        return [(e.box is None, e.clicks.tolist()) for e in examples]

    assert boxes_and_clicks(0) == boxes_and_clicks(0) != boxes_and_clicks(1)


def test_folders_of_one_name_have_their_own_weights(objects, tmp_path, monkeypatch):
    monkeypatch.setattr(selector_run, "SelectionExamples", _Settled)
    monkeypatch.setattr(selector_run, "settle_settings", _Settled.settle)
    sources = [(f"{tmp_path}/{name}/train", i) for i, name in enumerate("abc", 1)]
    with pytest.raises(InterruptedError):
        selector_run.train(str(tmp_path / "run"), sources, steps=3, **SETTINGS)
    assert _Settled.sources == {"train": 1, "train (2)": 2, "train (3)": 3}


class _Settled:
    """Ends a run at its settings."""

    folders = ()

    def __init__(self, *_):
        pass

    @classmethod
    def settle(cls, settings, *_):
        """Keeps the sources."""
        cls.sources = settings["sources"]
        raise InterruptedError


def test_batches_go_on_at_their_number(objects):
    examples = SelectionExamples([(objects, 1.0)], 0.25)
    batches = selector_run._batches(examples, 2, 3)
    for number in (3, 4):
        for place, example in enumerate(next(batches)):
            wanted = examples.training_example(2 * number + place)
            np.testing.assert_array_equal(example.image, wanted.image)


def test_the_rate_rises_over_50_steps_and_falls_to_0_by_a_cosine():
    model = types.SimpleNamespace(
        step=0, optimizer=types.SimpleNamespace(learning_rate=tf.Variable(0.0))
    )

    def rate(step):
        model.step = step
        selector_run._set_learning_rate(model, 2.0, 1000)
        return float(model.optimizer.learning_rate)

    assert rate(0) == pytest.approx(2.0 / 50, rel=1e-4)
    assert rate(500) == pytest.approx(1.0)
    assert rate(250) == pytest.approx(1.0 + np.sqrt(0.5))
    assert 0.0 < rate(999) < 1e-4


def test_validation_is_the_mean_iou_over_any_number_of_objects():
    objects = []
    for number in range(9):
        truth = np.zeros((100, 100), bool)
        # Narrow bars, the last one lying.
        truth[20:80, 45:55] = True
        truth = truth.T if number == 8 else truth
        objects.append((np.where(truth[..., None], 255, 0).repeat(3, 2), truth))
    objects = [(image.astype(np.uint8), truth) for image, truth in objects]

    def bright(inputs):
        return inputs[..., :1]

    assert selector_run.validate(bright, objects) > 0.97
    assert selector_run.validate(lambda inputs: -bright(inputs), objects) < 0.03


@pytest.mark.timeout(300)
def test_a_run_is_saved_and_goes_on_where_it_stopped(objects, tmp_path, monkeypatch):
    models, validated, numbers = [], [], []
    make, draw = selector_run._model, SelectionExamples.training_example
    values = [0.5, 0.4]

    def validate(selector, _):
        validated.append(selector)
        return values.pop(0)

    monkeypatch.setattr(
        selector_run, "_model", lambda *args: models.append(make(*args)) or models[-1]
    )
    monkeypatch.setattr(selector_run, "validate", validate)
    monkeypatch.setattr(
        SelectionExamples,
        "training_example",
        lambda self, number: numbers.append(number) or draw(self, number),
    )
    workdir = str(tmp_path / "run")
    sources = [(objects, 1.0)]
    selector_run.train(workdir, sources, steps=3, **SETTINGS)
    before = tf.train.latest_checkpoint(f"{workdir}/checkpoints")
    assert before.endswith("-3")
    # One batch is prepared ahead.
    assert numbers == [0, 1, 2, 3]
    numbers.clear()
    for other in ({"batch_size": 6}, {"base_filters": 4}, {"learning_rate": 1e-4}):
        (name,) = other
        with pytest.raises(ValueError, match=f"{name} was {SETTINGS[name]} and is"):
            selector_run.train(workdir, sources, steps=6, **{**SETTINGS, **other})
    with pytest.raises(ValueError, match="sources was .*1.0.* and is .*2.0"):
        selector_run.train(workdir, [(objects, 2.0)], steps=6, **SETTINGS)
    result = selector_run.train(workdir, sources, steps=6, **SETTINGS)
    assert tf.train.latest_checkpoint(f"{workdir}/checkpoints").endswith("-6")
    assert numbers == [3, 4, 5, 6]
    assert validated == [model.average for model in models]
    # The second value is no better than the first.
    assert result == (6, 0.5, None)
    with open(f"{workdir}/best/config.json", encoding="utf-8") as file:
        assert json.load(file)["training"]["step"] == 3
    network = load_selector(f"{workdir}/best")
    for weight, mean in zip(network.weights, models[0].average.weights):  # noqa: B905
        np.testing.assert_allclose(weight, np.array(mean), rtol=2e-3, atol=1e-4)


class Rounds:
    """Takes steps that train nothing."""

    def __init__(self, model, batches, seed):
        self._model = model

    def step(self):
        """Counts the step."""
        self._model.step.assign_add(1)
        return 0.0


@pytest.mark.timeout(300)
def test_a_release_is_replaced_by_a_better_one_alone(objects, tmp_path, monkeypatch):
    values = [0.5, InterruptedError, 0.4]

    def validate(*_):
        value = values.pop(0)
        if value is InterruptedError:
            # Killed after the release, before a checkpoint is due.
            raise value
        return value

    monkeypatch.setattr(selector_run, "validate", validate)
    monkeypatch.setattr(selector_run, "_Rounds", Rounds)
    workdir = str(tmp_path / "run")
    settings = {**SETTINGS, "steps": 2, "validate_every": 1}
    with pytest.raises(InterruptedError):
        selector_run.train(workdir, [(objects, 1.0)], **settings)
    assert selector_run.train(workdir, [(objects, 1.0)], **settings).best == 0.5
    with open(f"{workdir}/best/config.json", encoding="utf-8") as file:
        assert json.load(file)["training"]["step"] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_the_step_and_stops(objects, tmp_path, monkeypatch, number):
    class Signalled(Rounds):
        """Gets the signal in its second step."""

        def step(self):
            loss = super().step()
            if int(self._model.step) == 2:
                os.kill(os.getpid(), number)
            return loss

    monkeypatch.setattr(selector_run, "_Rounds", Signalled)
    workdir = str(tmp_path / "run")
    result = selector_run.train(workdir, [(objects, 1.0)], steps=9, **SETTINGS)
    assert result == (2, 0.0, number)
    assert tf.train.latest_checkpoint(f"{workdir}/checkpoints").endswith("-2")


def test_a_loss_that_is_not_finite_names_the_last_good_checkpoint(
    objects, tmp_path, monkeypatch
):
    class Diverging(Rounds):
        """Has no finite loss after three steps."""

        def step(self):
            super().step()
            return 0.0 if int(self._model.step) <= 3 else float("nan")

    monkeypatch.setattr(selector_run, "_Rounds", Diverging)
    monkeypatch.setattr(selector_run, "validate", lambda *_: 0.5)
    workdir = str(tmp_path / "run")
    with pytest.raises(FloatingPointError, match="step 4 the loss became nan.*ckpt-3"):
        selector_run.train(workdir, [(objects, 1.0)], steps=9, **SETTINGS)


def test_initial_weights_are_those_of_the_seed(objects, tmp_path, monkeypatch):
    kernels, make = [], selector_run._model

    def model(*args):
        weights = make(*args).selector.trainable_variables
        kernels.append(max((np.array(w) for w in weights), key=np.size))
        raise InterruptedError

    monkeypatch.setattr(selector_run, "_model", model)
    for number, seed in enumerate((3, 3, 4)):
        settings = {**SETTINGS, "seed": seed, "steps": 1}
        with pytest.raises(InterruptedError):
            selector_run.train(
                str(tmp_path / f"{number}"), [(objects, 1.0)], **settings
            )
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert (kernels[0] != kernels[2]).any()


def test_a_workdir_that_is_a_file_is_refused(objects, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="file is a file; give a folder"):
        selector_run.train(str(tmp_path / "file"), [(objects, 1.0)], 1, **SETTINGS)

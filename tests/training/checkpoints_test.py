import os
import resource

import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.training.checkpoints import Checkpoints
from tf_btgmi.training.guards import FiniteGuard
from tf_btgmi.workdir import newest_checkpoint


@pytest.fixture
def model(make_model):
    return make_model(losses__reconstruction="l1")


@pytest.fixture
def checkpoints(model, tmp_path):
    return Checkpoints(model, str(tmp_path), 2, tf.distribute.get_strategy())


def everything(model):
    found = []
    for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
        variables = optimizer.variables
        found += variables() if callable(variables) else variables
    networks = (model.generator, model.ema_generator, model.discriminator)
    found += [v for network in networks for v in network.weights]
    return [v.numpy().copy() for v in found + [model.step]]


def test_a_checkpoint_brings_everything_back_to_the_last_digit(
    model, checkpoints, batches
):
    model.train_step(batches[0])
    model.update_average()
    saved = everything(model)
    path = checkpoints.save()
    assert os.path.basename(path) == "ckpt-1"
    model.train_step(batches[1])
    model.update_average()
    moved = everything(model)
    assert sum((a != b).any() for a, b in zip(saved, moved)) > 50  # noqa: B905
    assert checkpoints.restore(path) == 1
    for value, again in zip(saved, everything(model)):  # noqa: B905
        np.testing.assert_array_equal(again, value)


def test_a_checkpoint_holds_every_weight_and_both_moments_of_every_trained_one(
    model, checkpoints, numbers_of
):
    held = numbers_of(checkpoints.save())

    def size(*prefix):
        return sum(v.size for name, v in held.items() if name.startswith(prefix))

    for name in ("generator", "ema_generator", "discriminator"):
        network = getattr(model, name)
        assert size(f"{name}/") == network.count_params()
    for name in ("generator", "discriminator"):
        network = getattr(model, name)
        trained = sum(int(np.prod(v.shape)) for v in network.trainable_variables)
        assert size(f"{name}_optimizer/_variables/") >= 2 * trained
    assert held["step/.ATTRIBUTES/VARIABLE_VALUE"] == 0


def test_the_newest_checkpoints_are_kept_and_the_newest_is_named(
    model, checkpoints, tmp_path
):
    assert checkpoints.newest == ""
    for step in (1, 2, 3):
        model.step.assign(step)
        checkpoints.save()
    names = {p.name.split(".")[0] for p in (tmp_path / "checkpoints").iterdir()}
    assert names == {"checkpoint", "ckpt-2", "ckpt-3"}
    assert checkpoints.newest.endswith("ckpt-3")
    assert newest_checkpoint(str(tmp_path)) == checkpoints.newest
    assert newest_checkpoint(checkpoints.newest) == checkpoints.newest


def test_a_workdir_may_be_moved(model, checkpoints, tmp_path):
    checkpoints.save()
    (tmp_path / "checkpoints").rename(tmp_path / "elsewhere")
    (tmp_path / "new").mkdir()
    (tmp_path / "elsewhere").rename(tmp_path / "new" / "checkpoints")
    found = newest_checkpoint(str(tmp_path / "new"))
    assert found == str(tmp_path / "new" / "checkpoints" / "ckpt-0")


def test_a_place_without_checkpoints_is_named(tmp_path):
    with pytest.raises(ValueError, match="no folder or checkpoint .*nothing. Give"):
        newest_checkpoint(str(tmp_path / "nothing"))
    with pytest.raises(ValueError, match=f"{tmp_path} holds no checkpoint"):
        newest_checkpoint(str(tmp_path))


def test_a_checkpoint_of_the_other_stack_is_told_by_its_optimizers(
    model, checkpoints, tmp_path, monkeypatch
):
    path = checkpoints.save()
    first, second = model.other_state.values()
    swapped = {"generator_optimizer": second, "discriminator_optimizer": first}
    monkeypatch.setattr(type(model), "other_state", swapped)
    again = Checkpoints(model, str(tmp_path), 2, tf.distribute.get_strategy())
    with pytest.raises(ValueError, match="optimizers' states do not, as in a run on"):
        again.restore(path)


@pytest.mark.parametrize("network", ["generator", "discriminator", "ema_generator"])
def test_a_weight_that_is_not_finite_is_never_saved(
    model, checkpoints, tmp_path, network
):
    good = checkpoints.save()
    model.step.assign(7)
    variable = getattr(model, network).trainable_variables[3]
    value = variable.numpy()
    value.flat[0] = np.nan
    variable.assign(value)
    with pytest.raises(FloatingPointError, match="At step 7 .*ckpt-0") as caught:
        checkpoints.save()
    assert "not finite" in str(caught.value)
    assert checkpoints.newest == good
    assert not list((tmp_path / "checkpoints").glob("ckpt-7*"))


def test_a_full_disk_is_named_and_the_older_checkpoint_intact(
    model, checkpoints, batches, tmp_path
):
    model.train_step(batches[0])
    good = checkpoints.save()
    saved = everything(model)
    model.train_step(batches[1])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(
            OSError, match="step 2 could not be written.*intact"
        ) as said:
            checkpoints.save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert f" to {tmp_path / 'checkpoints'}: File too large. The older" in str(
        said.value
    )
    assert checkpoints.newest == good
    assert newest_checkpoint(str(tmp_path)) == good
    assert not list((tmp_path / "checkpoints").glob("*ckpt-2*"))
    assert checkpoints.restore(good) == 1
    for value, again in zip(saved, everything(model)):  # noqa: B905
        np.testing.assert_array_equal(again, value)
    # With room again the next one is written.
    model.step.assign(3)
    assert checkpoints.save().endswith("ckpt-3")


def test_a_checkpoint_of_another_model_is_refused(make_model, checkpoints):
    path = checkpoints.save()
    other = make_model(losses__reconstruction="l1", generator__base_filters=5)
    with pytest.raises(ValueError, match="holds another model"):
        Checkpoints(other, "", 1, tf.distribute.get_strategy()).restore(path)


def test_a_truncated_checkpoint_is_named(checkpoints):
    path = checkpoints.save()
    with open(f"{path}.data-00000-of-00001", "r+b") as file:
        file.truncate(1000)
    with pytest.raises(ValueError, match="ckpt-0"):
        checkpoints.restore(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_with_its_step_term_and_checkpoint(
    model, checkpoints, value
):
    checkpoints.save()
    model.step.assign(5)
    guard = FiniteGuard(checkpoints)
    guard.set_model(model)
    guard.on_train_batch_end(0, {"adversarial_loss": 1.0})
    with pytest.raises(FloatingPointError, match="step 5 the adversarial_loss became"):
        guard.on_train_batch_end(0, {"adversarial_loss": value})
    with pytest.raises(FloatingPointError, match="Last good checkpoint: .*ckpt-0"):
        guard.on_train_batch_end(0, {"adversarial_loss": value})


def test_without_a_good_record_the_newest_files_are_taken_not_none(
    model, checkpoints, tmp_path, caplog
):
    for step in (2, 10):
        model.step.assign(step)
        checkpoints.save()
    record = tmp_path / "checkpoints" / "checkpoint"
    for content in (b"", b"\x00\xff{", b'model_checkpoint_path: "ckpt-9"', None):
        if content is None:
            record.unlink()
        else:
            record.write_bytes(content)
        caplog.clear()
        with caplog.at_level("WARNING", logger="absl"):
            assert checkpoints.newest.endswith("checkpoints/ckpt-10"), content
        assert "does not name its newest checkpoint" in caplog.text
        # As a run does that is started again.
        again = Checkpoints(model, str(tmp_path), 2, tf.distribute.get_strategy())
        assert again.restore(again.newest) == 10
    for path in (tmp_path / "checkpoints").glob("ckpt-10.*"):
        path.unlink()
    assert checkpoints.restore(checkpoints.newest) == 2


def test_what_a_killed_save_left_is_removed_and_nothing_else(
    model, checkpoints, tmp_path
):
    checkpoints.save()
    folder = tmp_path / "checkpoints"
    (folder / "ckpt-7_temp").mkdir()
    (folder / "ckpt-7_temp" / "part-00000-of-00001.index").touch()
    (folder / "checkpoint.tmp0123abc").touch()
    (folder / "ckpt-5.index").touch()
    (folder / "notes_temp").mkdir()
    before = {path.name for path in folder.iterdir()}
    Checkpoints(model, str(tmp_path), 2, tf.distribute.get_strategy())
    gone = before - {path.name for path in folder.iterdir()}
    assert gone == {"ckpt-7_temp", "checkpoint.tmp0123abc"}


def test_a_checkpoint_with_a_flipped_bit_is_refused_or_is_whole(model, checkpoints):
    path = checkpoints.save()
    saved = everything(model)
    rng = np.random.default_rng(0)
    refused = 0
    for file in (f"{path}.index", f"{path}.data-00000-of-00001"):
        with open(file, "rb") as opened:
            whole = opened.read()
        for place in rng.integers(0, 8 * len(whole), 8):
            data = bytearray(whole)
            data[place // 8] ^= 1 << (place % 8)
            with open(file, "wb") as opened:
                opened.write(data)
            try:
                checkpoints.restore(path)
            except ValueError as error:
                assert "ckpt-0" in str(error) and "\n" not in str(error)
                refused += 1
            else:
                for value, again in zip(saved, everything(model)):  # noqa: B905
                    np.testing.assert_array_equal(again, value)
        with open(file, "wb") as opened:
            opened.write(whole)
    assert refused >= 12

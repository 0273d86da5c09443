import time
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import logging

from tf_btgmi.schedules import StagePlan
from tf_btgmi.training.progress import Progress, without_chatter


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still; `clock[0]` is its time in seconds."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def progress_of(total_steps):
    """Progress of a run in batches of 4 that shows every step, and its step."""
    progress = Progress([], StagePlan(total_steps, 1, 0), 0, 4, 1, writer=None)
    # As in a process that writes, without a terminal.
    progress._lines = True
    step = types.SimpleNamespace(numpy=lambda: step.value, value=0)
    progress.set_model(
        types.SimpleNamespace(
            step=step,
            reset_losses=lambda: None,
        )
    )
    return progress, step


def take_step(progress, step, clock, seconds):
    progress.on_train_batch_begin(0)
    clock[0] += seconds
    step.value += 1
    progress.on_train_batch_end(0, {})


def test_less_than_a_minute_is_one_minute_left(caplog, clock):
    progress, step = progress_of(3)
    with caplog.at_level("INFO", logger="absl"):
        take_step(progress, step, clock, 40.0)
        take_step(progress, step, clock, 40.0)
    assert caplog.messages[-1].endswith("0.1 images/s, 1 min left")


def test_an_unknown_rate_is_not_shown(caplog, clock):
    progress, step = progress_of(1)
    with caplog.at_level("INFO", logger="absl"):
        take_step(progress, step, clock, 40.0)
    assert "step 1 of 1" in caplog.messages[-1]
    assert "images/s" not in caplog.messages[-1] and "left" not in caplog.messages[-1]


def test_a_validation_is_not_in_the_rate(clock):
    progress, step = progress_of(9)
    take_step(progress, step, clock, 2.0)
    take_step(progress, step, clock, 2.0)
    clock[0] += 60.0
    take_step(progress, step, clock, 2.0)
    rates = [row.get("images_per_second") for row in progress.history]
    assert rates == [None, 2.0, 2.0]


def test_a_rows_stage_is_that_of_its_last_step(clock):
    # Whatever the number of blocks that run: all of them where not block-wise.
    progress, step = progress_of(3)
    progress._plan = StagePlan(1, 1, 2)
    for _ in range(3):
        take_step(progress, step, clock, 1.0)
    assert [row["stage"] for row in progress.history] == [0, 1, 2]


class _SlowValidation(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        time.sleep(0.2)


def test_a_validation_is_no_slow_callback(caplog):
    model = keras.Sequential([keras.layers.Input([1]), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    ones = np.ones([8, 1], np.float32)
    with without_chatter():
        model.fit(ones, ones, 1, verbose=0, callbacks=[_SlowValidation()])
    assert "is slow" not in caplog.text


def test_the_time_of_writing_a_checkpoint_is_not_listed(tmp_path, caplog):
    with caplog.at_level("INFO", logger="absl"), without_chatter():
        tf.train.Checkpoint(step=tf.Variable(1)).save(str(tmp_path / "ckpt"))
        logging.info("Stage 0")
    assert [record.message for record in caplog.records] == ["Stage 0"]


def test_reductions_over_devices_and_workers_are_not_listed(caplog):
    logger = tf.get_logger()
    with caplog.at_level("INFO", logger="tensorflow"):
        with without_chatter():
            logger.info("Collective all_reduce tensors: %d all_reduces", 1)
            logger.info("Reduce to %s then broadcast to %r.", "/CPU:0", ("/CPU:0",))
            logger.warning("A worker is gone.")
        logger.info("Collective all_reduce tensors: %d all_reduces", 2)
    # The filter ends with its block.
    assert [record.args for record in caplog.records] == [(), (2,)]

import time
import types

import keras
import numpy as np
import tensorflow as tf

from tf_btgmi.training.progress import Progress, without_chatter


def test_less_than_a_minute_is_one_minute_left(caplog):
    progress = Progress([], 3, 0, 4, 1, writer=None)
    # As in a process that writes, without a terminal.
    progress._lines = True
    progress.set_model(
        types.SimpleNamespace(
            step=types.SimpleNamespace(numpy=lambda: 2),
            generator=types.SimpleNamespace(stage=0),
            reset_metrics=lambda: None,
        )
    )
    progress._since = (1, time.monotonic() - 10.0)
    with caplog.at_level("INFO", logger="absl"):
        progress.on_train_batch_end(0, {})
    assert caplog.messages[-1].endswith("0.4 images/s, 1 min left")


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


def test_reductions_over_workers_are_not_listed(caplog):
    logger = tf.get_logger()
    with caplog.at_level("INFO", logger="tensorflow"):
        with without_chatter():
            logger.info("Collective all_reduce tensors: %d all_reduces", 1)
            logger.warning("A worker is gone.")
        logger.info("Collective all_reduce tensors: %d all_reduces", 2)
    # The filter ends with `fit`.
    assert [record.args for record in caplog.records] == [(), (2,)]

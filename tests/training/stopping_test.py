"""Nothing holds up the end of a stopped training."""

import json
import signal

import pytest
import tensorflow as tf

from tf_btgmi.data import pipeline
from tf_btgmi.training import strategy as strategies
from tf_btgmi.training import trainer


def test_no_thread_of_tf_data_sleeps_when_examples_are_no_longer_needed(make_config):
    dataset = pipeline.training_dataset(make_config())
    assert dataset.options().autotune.enabled is False


def test_one_cpu_gets_its_examples_without_copies_ahead(two_replicas):
    options = trainer._input_options(tf.distribute.MirroredStrategy(["CPU:0"]))
    assert options.experimental_fetch_to_device is False
    assert trainer._input_options(two_replicas) is None
    assert trainer._input_options(tf.distribute.OneDeviceStrategy("CPU:0")) is None


def test_a_worker_whose_address_is_taken_says_so_and_restores_interrupts(monkeypatch):
    def taken():
        assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL
        raise tf.errors.UnknownError(None, None, "Could not start gRPC server")

    cluster = {"worker": ["a:1", "b:2"]}
    task = {"type": "worker", "index": 1}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", taken)
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(
            ValueError, match=r"Worker 1 .* port is in use.*\(a:1, b:2\)"
        ):
            strategies.make_strategy("multi_worker")
        assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, previous)

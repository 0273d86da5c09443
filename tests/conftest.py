"""One TensorFlow for all tests: two logical CPUs, quiet, the same seed every time."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import flags

# Before anything makes a tensor: afterwards the devices are fixed.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0],
    [tf.config.LogicalDeviceConfiguration()] * 2,
)


@pytest.fixture(autouse=True)
def same_start():
    """Every test starts with the same seeds and in float32, in whatever order."""
    keras.utils.set_random_seed(0)
    keras.mixed_precision.set_global_policy("float32")
    yield
    keras.mixed_precision.set_global_policy("float32")


@pytest.fixture(scope="session")
def two_replicas():
    """The one strategy of two replicas: on TensorFlow 2.21 two of them in a process
    take the same keys for their collective operations."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture
def rng():
    """Random numbers, the same in every run."""
    return np.random.default_rng(0)


@pytest.fixture(scope="module", autouse=True)
def program_flags(request):
    """Defines the flags of the module's `PROGRAM_MODULE` while its tests run."""
    program = getattr(request.module, "PROGRAM_MODULE", None)
    before = set(flags.FLAGS)
    if program is not None:
        program.define_flags()
    yield
    for name in set(flags.FLAGS) - before:
        delattr(flags.FLAGS, name)

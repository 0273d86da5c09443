"""Models and batches of the smallest runs that have every part of the method."""

import pytest
import tensorflow as tf

from tf_btgmi.data import pipeline
from tf_btgmi.training.build import build_model


@pytest.fixture
def make_model(make_config):
    """Makes compiled models; their training step is run as it stands, untraced."""

    def make(**changes):
        model = build_model(make_config(**changes), tf.distribute.get_strategy())
        model.begin_stage(0)
        return model

    return make


@pytest.fixture(scope="session")
def batches(make_config):
    """Three batches of training."""
    return list(pipeline.training_dataset(make_config(), num_steps=3))


@pytest.fixture(scope="session")
def numbers_of():
    """Everything that a checkpoint holds, by name."""

    def numbers_of(path: str) -> dict:
        reader = tf.train.load_checkpoint(path)
        names = set(reader.get_variable_to_shape_map())
        names = {name for name in names if "OBJECT_GRAPH" not in name}
        return {name: reader.get_tensor(name) for name in sorted(names)}

    return numbers_of

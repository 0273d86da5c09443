"""The smallest runs that have every part of the method."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_btgmi.config import Config
from tf_btgmi.data import pipeline
from tf_btgmi.training.trainer import build_model


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder of nine smooth pictures of 40 pixels."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for number in range(9):
        colors = rng.integers(0, 256, [5, 5, 3], np.uint8)
        image = Image.fromarray(colors).resize((40, 40), Image.BICUBIC)
        image.save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def make_config(pictures):
    """Makes configs of a head of 4 steps and one block of 3."""

    def make(**changes) -> Config:
        config = Config(name="tiny")
        config.data.source = f"folder:{pictures}"
        config.data.num_validation_images = 0
        config.data.image_size = 32
        config.data.global_batch_size = 4
        config.generator.base_filters = 4
        config.generator.max_filters = 8
        config.generator.num_downsamplings = 2
        config.generator.num_head_blocks = 1
        config.discriminator.base_filters = 4
        config.discriminator.num_scales = 2
        config.losses.ppl_patch_size = 31
        config.procedure.head_steps = 4
        config.procedure.num_refinement_blocks = 1
        config.procedure.refinement_steps = 3
        config.procedure.fade_in_steps = 2
        config.training.log_every_steps = 1
        for name, value in changes.items():
            section, field = name.split("__")
            setattr(getattr(config, section), field, value)
        return config

    return make


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

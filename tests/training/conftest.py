"""Models and batches of the smallest runs that have every part of the method."""

import pytest
import tensorflow as tf
from PIL import Image

from tf_btgmi.assets import samples_dir
from tf_btgmi.config import Config
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


@pytest.fixture
def overfitting():
    """Makes configs that train a head and a block on three bundled pictures alone.

    The pictures are cut square and written into a folder, `pictures`.
    """
    names = ("coffee", "machu_picchu", "neuschwanstein")

    def make(name: str, task: str, source, pictures, side: int) -> Config:
        pictures.mkdir()
        for picture in names:
            image = Image.open(samples_dir() / "train" / f"{picture}.jpg")
            shorter = min(image.size)
            image = image.convert("RGB").crop((0, 0, shorter, shorter))
            image.resize((side, side), Image.LANCZOS).save(pictures / f"{picture}.png")
        config = Config(name=name, task=task)
        data, procedure = config.data, config.procedure
        data.source = data.validation_source = f"folder:{source}"
        data.num_validation_images = data.global_batch_size = len(names)
        data.image_size = side
        data.min_crop = 1.0
        data.random_flip = False
        config.generator.num_downsamplings = 2
        config.generator.num_head_blocks = 2
        config.losses.ppl_max_holes = 1
        procedure.head_steps = 300
        procedure.num_refinement_blocks = 1
        procedure.refinement_steps = 60
        procedure.fade_in_steps = 30
        procedure.learning_rate = 1e-3
        config.training.ema_decay = 0.95
        config.training.validate_every_steps = 60
        return config

    return make

"""Both outputs at once on pictures of its own: each learns its part."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_btgmi.assets import samples_dir
from tf_btgmi.config import Config
from tf_btgmi.training.trainer import train

SIDE = 48
NAMES = ("coffee", "machu_picchu", "neuschwanstein")


@pytest.fixture
def config(tmp_path):
    """Three pictures with a disc as their object, recoloured anew every time."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    disc = (rows - 26) ** 2 + (columns - 20) ** 2 < 11**2
    for place in ("images", "masks"):
        (tmp_path / place).mkdir()
    for name in NAMES:
        image = Image.open(samples_dir() / "train" / f"{name}.jpg").convert("RGB")
        side = min(image.size)
        image = image.crop((0, 0, side, side)).resize((SIDE, SIDE), Image.LANCZOS)
        image.save(tmp_path / "images" / f"{name}.png")
        mask = Image.fromarray(disc.astype(np.uint8) * 255)
        mask.save(tmp_path / "masks" / f"{name}.png")
    config = Config(name="guided_overfit", task="guided")
    data, procedure = config.data, config.procedure
    data.source = data.validation_source = f"folder:{tmp_path}"
    data.num_validation_images = data.global_batch_size = len(NAMES)
    data.image_size = SIDE
    data.min_crop = 1.0
    data.random_flip = False
    config.guided.band_gaps = config.guided.empty_gaps = 0.0
    config.guided.object_holes = config.guided.plain_holes = 0.0
    config.generator.base_filters = 12
    config.generator.max_filters = 48
    config.generator.num_downsamplings = 2
    config.generator.num_head_blocks = 2
    config.discriminator.base_filters = 4
    config.losses.ppl_patch_size = 32
    config.losses.ppl_max_holes = 1
    config.losses.pixel_weight = 20.0
    procedure.head_steps = 300
    procedure.num_refinement_blocks = 1
    procedure.refinement_steps = 60
    procedure.fade_in_steps = 30
    procedure.learning_rate = 1e-3
    config.training.ema_decay = 0.95
    config.training.validate_every_steps = 60
    return config


@pytest.mark.slow
def test_both_outputs_learn_their_parts_on_three_pictures(config, tmp_path):
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    result = train(config, str(tmp_path / "run"), strategy)
    first, last = result.validation[0], result.validation[-1]
    assert last["step"] == 360
    # The gap: closer to the truth, and close to it.
    assert last["hole_psnr"] > first["hole_psnr"] + 3.0
    assert last["lpips"] < 0.5 * first["lpips"]
    # The foreground: most of the wrong colour is gone.
    assert last["foreground_mse"] < 0.5 * last["unharmonized_mse"]

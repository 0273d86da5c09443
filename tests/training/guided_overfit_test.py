"""Both outputs at once on pictures of its own: each learns its part."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_btgmi.training.trainer import train

SIDE = 48


@pytest.fixture
def config(overfitting, tmp_path):
    """Three pictures with a disc as their object, recoloured anew every time."""
    images = tmp_path / "images"
    config = overfitting("guided_overfit", "guided", tmp_path, images, SIDE)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    disc = (rows - 26) ** 2 + (columns - 20) ** 2 < 11**2
    (tmp_path / "masks").mkdir()
    for path in images.iterdir():
        mask = Image.fromarray(disc.astype(np.uint8) * 255)
        mask.save(tmp_path / "masks" / path.name)
    config.guided.band_gaps = config.guided.empty_gaps = 0.0
    config.guided.object_holes = config.guided.plain_holes = 0.0
    config.generator.base_filters = 12
    config.generator.max_filters = 48
    config.discriminator.base_filters = 4
    config.losses.ppl_patch_size = 32
    config.losses.pixel_weight = 20.0
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

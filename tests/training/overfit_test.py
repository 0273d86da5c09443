"""The whole method on three pictures of its own, beside what OpenCV can do."""

import cv2
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_btgmi.assets import samples_dir
from tf_btgmi.config import Config
from tf_btgmi.data import pipeline
from tf_btgmi.inference.weights import load_generator
from tf_btgmi.losses.perceptual import LPIPSDistance
from tf_btgmi.ops import image_ops, mask_ops
from tf_btgmi.training.trainer import train

SIDE = 64
NAMES = ("coffee", "machu_picchu", "neuschwanstein")


@pytest.fixture
def config(tmp_path):
    """Always the same three pictures with the same hole in the middle."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in NAMES:
        image = Image.open(samples_dir() / "train" / f"{name}.jpg").convert("RGB")
        side = min(image.size)
        image = image.crop((0, 0, side, side)).resize((SIDE, SIDE), Image.LANCZOS)
        image.save(folder / f"{name}.png")
    config = Config(name="overfit")
    data, procedure = config.data, config.procedure
    data.source = data.validation_source = f"folder:{folder}"
    data.num_validation_images = data.global_batch_size = len(NAMES)
    data.image_size = SIDE
    data.min_crop = 1.0
    data.random_flip = False
    config.masks.rectangles, config.masks.centre = 0.0, 1.0
    config.masks.centre_side = 0.375
    config.generator.base_filters = 16
    config.generator.max_filters = 64
    config.generator.num_downsamplings = 2
    config.generator.num_head_blocks = 2
    config.discriminator.base_filters = 8
    config.losses.ppl_patch_size = 48
    config.losses.ppl_max_holes = 1
    procedure.head_steps = 300
    procedure.num_refinement_blocks = 1
    procedure.refinement_steps = 60
    procedure.fade_in_steps = 30
    procedure.learning_rate = 1e-3
    config.training.ema_decay = 0.95
    config.training.validate_every_steps = 60
    return config


@pytest.mark.slow
def test_trained_on_three_pictures_it_beats_telea_on_them_in_lpips(config, tmp_path):
    workdir = str(tmp_path / "run")
    result = train(config, workdir, tf.distribute.OneDeviceStrategy("CPU:0"))
    assert result.finished
    (batch,) = pipeline.validation_dataset(config, len(NAMES))
    image, mask = batch["image"], batch["mask"]
    holes = mask.numpy().astype(np.uint8)[..., 0]
    assert holes.sum() == 3 * 24 * 24
    masked = image_ops.to_uint8(mask_ops.mask_image(image, mask)).numpy()
    telea = [
        cv2.inpaint(picture, hole, 3, cv2.INPAINT_TELEA)
        for picture, hole in zip(masked, holes)  # noqa: B905
    ]
    generator, _ = load_generator(workdir)
    inputs = tf.concat([mask_ops.mask_image(image, mask), mask], -1)
    composite = mask_ops.composite(mask, generator(inputs), image)
    composite = image_ops.to_float(image_ops.to_uint8(composite))
    lpips = LPIPSDistance()
    ours = lpips(image, composite).numpy()
    theirs = lpips(image, image_ops.to_float(np.stack(telea))).numpy()
    print("LPIPS", ours, theirs, result.validation)
    assert (ours < 0.5 * theirs).all()
    # What validation said at the end is what the saved model does.
    assert result.validation[-1]["lpips"] == pytest.approx(ours.mean(), abs=2e-3)

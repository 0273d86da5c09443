"""The whole method on three pictures of its own, beside what OpenCV can do."""

import cv2
import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.data import pipeline
from tf_btgmi.losses.lpips import LPIPSDistance
from tf_btgmi.ops import image_ops, mask_ops
from tf_btgmi.runs import load_run
from tf_btgmi.training.trainer import train


@pytest.fixture
def config(overfitting, tmp_path):
    """Always the same three pictures with the same hole in the middle."""
    folder = tmp_path / "pictures"
    config = overfitting("overfit", "inpainting", folder, folder, 64)
    config.masks.rectangles, config.masks.centre = 0.0, 1.0
    config.masks.centre_side = 0.375
    config.generator.base_filters = 16
    config.generator.max_filters = 64
    config.discriminator.base_filters = 8
    config.losses.ppl_patch_size = 48
    return config


@pytest.mark.slow
def test_trained_on_three_pictures_it_beats_telea_on_them_in_lpips(config, tmp_path):
    workdir = str(tmp_path / "run")
    result = train(config, workdir, tf.distribute.OneDeviceStrategy("CPU:0"))
    assert result.finished
    (batch,) = pipeline.validation_dataset(config, 3)
    image, mask = batch["image"], batch["mask"]
    holes = mask.numpy().astype(np.uint8)[..., 0]
    assert holes.sum() == 3 * 24 * 24
    masked = image_ops.to_uint8(mask_ops.mask_image(image, mask)).numpy()
    telea = [
        cv2.inpaint(picture, hole, 3, cv2.INPAINT_TELEA)
        for picture, hole in zip(masked, holes)  # noqa: B905
    ]
    generator, _ = load_run(workdir)
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

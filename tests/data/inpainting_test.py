"""Examples of holes: what each draw depends on, so that resumed runs draw the same."""

import numpy as np
import pytest

from tf_btgmi.config import Config
from tf_btgmi.data import inpainting, transforms
from tf_btgmi.data.masks import MaskSampler
from tf_btgmi.pictures import mask_arrays


@pytest.mark.parametrize("seed, index", [(0, 0), (0, 9), (5, 9)])
def test_crop_and_hole_are_those_of_the_seed_the_number_and_the_fields(
    rng, seed, index
):
    picture = rng.integers(0, 256, [40, 60, 3], np.uint8)
    config = Config()
    config.training.seed = seed
    config.data.min_crop = 0.5
    config.data.random_flip = True
    config.data.color_jitter = 0.3
    config.losses.ppl_max_holes = 3
    sampler = MaskSampler(config.masks)
    found = inpainting.training_example(picture, index, 24, config, sampler)
    image = transforms.training_crop(picture, 24, (seed, index, 1), 0.5, True, 0.3)
    mask = sampler.sample(24, 24, (seed, index, 2))
    np.testing.assert_array_equal(found["image"], image)
    np.testing.assert_array_equal(found["mask"][..., 0], mask)
    boxes = mask_arrays.hole_boxes(mask, 3)
    np.testing.assert_array_equal(found["hole_boxes"], boxes)

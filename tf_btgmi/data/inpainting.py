"""Examples of the task `inpainting` as uint8: a picture, a hole and its boxes.

Imports no TensorFlow, so that trainings in other frameworks draw the same examples.
"""

import numpy as np

from tf_btgmi.config import Config
from tf_btgmi.data import transforms
from tf_btgmi.data.masks import MaskSampler
from tf_btgmi.data.transforms import Seed
from tf_btgmi.pictures.mask_arrays import hole_boxes

# Uses of a seed; each draws different numbers.
CROP, MASK, VALIDATION_MASK = 1, 2, 3


def training_example(
    picture: np.ndarray, index: int, size: int, config: Config, sampler: MaskSampler
) -> dict[str, np.ndarray]:
    """Example `index` of a training: a random crop of a picture with a random hole.

    Args:
        picture: [height, width, 3] uint8.
        index: number of the example.
        size: side of the crop in pixels.
        config: the experiment.
        sampler: sampler of `config.masks`.

    Returns:
        As `example`.
    """
    data, seed = config.data, config.training.seed
    image = transforms.training_crop(
        picture,
        size,
        (seed, index, CROP),
        data.min_crop,
        data.random_flip,
        data.color_jitter,
    )
    return example(image, (seed, index, MASK), config, sampler)


def example(
    image: np.ndarray, seed: Seed, config: Config, sampler: MaskSampler
) -> dict[str, np.ndarray]:
    """Draws the hole of an image from a seed.

    Returns:
        `image` [H, W, 3] uint8, `mask` [H, W, 1] uint8 in {0, 1} and `hole_boxes`
        [K, 4] float32.
    """
    mask = sampler.sample(*image.shape[:2], seed)
    return {
        "image": image,
        "mask": mask[..., None],
        "hole_boxes": hole_boxes(mask, config.losses.ppl_max_holes),
    }

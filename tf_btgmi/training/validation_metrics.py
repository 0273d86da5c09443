"""Validation metrics of each output, means over the pictures with its region."""

from typing import Sequence

import tensorflow as tf

from tf_btgmi.metrics.image_metrics import foreground_mse, hole_l1, hole_psnr
from tf_btgmi.ops import mask_ops
from tf_btgmi.outputs import HARMONIZED, INPAINTED
from tf_btgmi.training.regions import NAMES, masked_image

_NAMES = {
    INPAINTED: ("lpips", "hole_l1", "hole_psnr"),
    # The foreground's error before harmonization, to compare with.
    HARMONIZED: ("harmonized_lpips", "foreground_mse", "unharmonized_mse"),
}


def names(output_names: Sequence[str]) -> tuple[str, ...]:
    """Names of the metrics of a network with these outputs."""
    return tuple(name for output in output_names for name in _NAMES[output])


def of_batch(batch: dict, predictions: dict, lpips) -> tuple[dict, dict]:
    """Metrics of each output's composite with the truth.

    Args:
        batch: a batch of examples.
        predictions: pictures by output name.
        lpips: distance of two batches of pictures, [B].

    Returns:
        Metrics and their weights, both [B] by name; a weight is 0 where the example has
        no hole or no foreground.
    """
    image = batch["image"]
    values, weights = {}, {}
    for output, prediction in predictions.items():
        mask = batch[NAMES[output][0]]
        composite = mask_ops.composite(mask, prediction, image)
        distance = lpips(image, composite)
        if output == INPAINTED:
            measured = [
                distance,
                hole_l1(image, composite, mask),
                hole_psnr(image, composite, mask),
            ]
        else:
            measured = [
                distance,
                foreground_mse(image, composite, mask),
                foreground_mse(image, masked_image(batch), mask),
            ]
        present = tf.reduce_max(mask, axis=[1, 2, 3])
        for name, value in zip(_NAMES[output], measured):
            values[name], weights[name] = value, present
    return values, weights

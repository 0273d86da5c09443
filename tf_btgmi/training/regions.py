"""The region of a picture that belongs to each output of the network (Sec. 3.4).

`inpainted` fills the hole, `harmonized` recolours the foreground. Both have the same
losses, each with its own mask and boxes, so that with two outputs a picture counts as
two examples: `masks`, `boxes` and `composites` are concatenated over outputs,
`repeated` repeats everything else, and `examples` combines them.
"""

from typing import Sequence

import tensorflow as tf

from tf_btgmi.models.generator import HARMONIZED, INPAINTED
from tf_btgmi.ops import mask_ops

# Keys of a batch for the mask and the boxes of each output.
NAMES = {
    INPAINTED: ("mask", "hole_boxes"),
    HARMONIZED: ("foreground", "foreground_boxes"),
}


def masked_image(batch: dict) -> tf.Tensor:
    """The network's input image: 0 in the hole, the foreground in its given colours."""
    if "masked_image" in batch:
        return batch["masked_image"]
    return mask_ops.mask_image(batch["image"], batch["mask"])


def generator_inputs(batch: dict, output_names: Sequence[str]) -> tf.Tensor:
    """Masked image, mask and, for a `harmonized` output, foreground.

    Returns:
        [B, H, W, 4 or 5].
    """
    channels = [masked_image(batch), batch["mask"]]
    if HARMONIZED in output_names:
        channels.append(batch["foreground"])
    return tf.concat(channels, axis=-1)


def by_name(predictions, output_names: Sequence[str]) -> dict:
    """A generator's result as a dict, even if it is a single picture."""
    if isinstance(predictions, dict):
        return predictions
    return {output_names[0]: predictions}


def masks(batch: dict, output_names: Sequence[str]) -> tf.Tensor:
    """The outputs' masks: [num_outputs * B, H, W, 1]."""
    return tf.concat([batch[NAMES[name][0]] for name in output_names], axis=0)


def boxes(batch: dict, output_names: Sequence[str]) -> tf.Tensor:
    """The outputs' boxes [num_outputs * B, K, 4]; around the whole mask if absent."""
    found = []
    for name in output_names:
        mask, box = NAMES[name]
        if box in batch:
            found.append(batch[box])
        else:
            found.append(mask_ops.hole_box(batch[mask])[:, tf.newaxis])
    return tf.concat(found, axis=0)


def composites(batch: dict, predictions: dict) -> tf.Tensor:
    """Composites of each output with the truth: [num_outputs * B, H, W, 3].

    The loss of an output is therefore independent of the other output.
    """
    return tf.concat(
        [
            mask_ops.composite(batch[NAMES[name][0]], prediction, batch["image"])
            for name, prediction in predictions.items()
        ],
        axis=0,
    )


def examples(batch: dict, predictions: dict) -> dict:
    """The examples of all losses, concatenated over outputs.

    Returns:
        `image`, `masked_image`, `mask`, `hole_boxes`, `prediction` and `composite`,
        each [num_outputs * B, ...].
    """
    names = tuple(predictions)
    return {
        "image": repeated(batch["image"], names),
        "masked_image": repeated(masked_image(batch), names),
        "mask": masks(batch, names),
        "hole_boxes": boxes(batch, names),
        "prediction": tf.concat(list(predictions.values()), axis=0),
        "composite": composites(batch, predictions),
    }


def result(batch: dict, predictions: dict) -> tf.Tensor:
    """The final result: all outputs composited over the input picture."""
    picture = masked_image(batch)
    for name, prediction in predictions.items():
        picture = mask_ops.composite(batch[NAMES[name][0]], prediction, picture)
    return picture


def repeated(tensor: tf.Tensor, output_names: Sequence[str]) -> tf.Tensor:
    """A tensor [B, ...] once for every output: [num_outputs * B, ...]."""
    return tf.concat([tensor] * len(output_names), axis=0)

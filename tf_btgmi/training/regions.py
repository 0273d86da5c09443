"""Which part of a picture each output of the network is for (Sec. 3.4).

`inpainted` fills the hole, `harmonized` recolours the foreground. Both are judged
alike, each by its own mask and boxes, so that with two outputs a picture counts as two
examples: `masks`, `boxes` and `composites` are stacked output after output, `repeated`
brings everything else to the same length, and `examples` puts them together.
"""

from typing import Sequence

import tensorflow as tf

from tf_btgmi.models.generator import HARMONIZED, INPAINTED
from tf_btgmi.ops import mask_ops

# The batch's names of an output's mask and of its boxes.
NAMES = {
    INPAINTED: ("mask", "hole_boxes"),
    HARMONIZED: ("foreground", "foreground_boxes"),
}


def masked_image(batch: dict) -> tf.Tensor:
    """What the network sees: its hole at 0, a foreground in the colours it came in."""
    if "masked_image" in batch:
        return batch["masked_image"]
    return mask_ops.mask_image(batch["image"], batch["mask"])


def generator_inputs(batch: dict, output_names: Sequence[str]) -> tf.Tensor:
    """Masked image, mask and, where there is such an output, foreground.

    Returns:
        [B, H, W, 4 or 5].
    """
    channels = [masked_image(batch), batch["mask"]]
    if HARMONIZED in output_names:
        channels.append(batch["foreground"])
    return tf.concat(channels, axis=-1)


def by_name(predictions, output_names: Sequence[str]) -> dict:
    """A generator's result as a dict, also where it is a single picture."""
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
    """Each output in its own mask and the truth around it: [num_outputs * B, H, W, 3].

    So an output answers for its own part only, whatever the other one does.
    """
    return tf.concat(
        [
            mask_ops.composite(batch[NAMES[name][0]], prediction, batch["image"])
            for name, prediction in predictions.items()
        ],
        axis=0,
    )


def examples(batch: dict, predictions: dict) -> dict:
    """What is judged, output after output.

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
    """What a user gets: all outputs at once over the picture that came in."""
    picture = masked_image(batch)
    for name, prediction in predictions.items():
        picture = mask_ops.composite(batch[NAMES[name][0]], prediction, picture)
    return picture


def repeated(tensor: tf.Tensor, output_names: Sequence[str]) -> tf.Tensor:
    """A tensor [B, ...] once for every output: [num_outputs * B, ...]."""
    return tf.concat([tensor] * len(output_names), axis=0)

"""The region of a picture that belongs to each output of the network (Sec. 3.4).

`inpainted` fills the hole, `harmonized` recolours the foreground. Both have the same
losses, each with its own mask and boxes, so that with two outputs a picture counts as
two examples: `examples` concatenates masks, boxes and composites over outputs and
repeats everything else.
"""

from typing import Sequence

import tensorflow as tf

from tf_btgmi.ops import mask_ops
from tf_btgmi.outputs import HARMONIZED, INPAINTED

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


def examples(batch: dict, predictions: dict) -> dict:
    """The examples of all losses, concatenated over outputs.

    A composite is one of its output alone with the truth, so that the loss of an output
    is independent of the other output.

    Returns:
        `image`, `masked_image`, `mask`, `hole_boxes`, `prediction` and `composite`,
        each [num_outputs * B, ...].
    """
    image = batch["image"]
    masks = [batch[NAMES[name][0]] for name in predictions]
    composites = [
        mask_ops.composite(mask, prediction, image)
        for mask, prediction in zip(masks, predictions.values())
    ]
    return {
        "image": repeated(image, predictions),
        "masked_image": repeated(masked_image(batch), predictions),
        "mask": tf.concat(masks, axis=0),
        "hole_boxes": tf.concat([_boxes(batch, name) for name in predictions], axis=0),
        "prediction": tf.concat(list(predictions.values()), axis=0),
        "composite": tf.concat(composites, axis=0),
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


def _boxes(batch: dict, name: str) -> tf.Tensor:
    """An output's boxes, [B, K, 4]; around the whole mask if absent."""
    mask, boxes = NAMES[name]
    if boxes in batch:
        return batch[boxes]
    return mask_ops.hole_box(batch[mask])[:, tf.newaxis]

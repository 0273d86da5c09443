"""Mismatched colours for the foregrounds of a batch, in TensorFlow."""

import tensorflow as tf

from tf_btgmi.data.guided import Changes
from tf_btgmi.ops import color_ops, mask_ops


def recolor(
    image: tf.Tensor, foreground: tf.Tensor, second: tf.Tensor, changes: tf.Tensor
) -> tf.Tensor:
    """Changes the colours of the foreground: [B, H, W, 3] in [-1, 1].

    Args:
        image: [B, H, W, 3] in [-1, 1].
        foreground: [B, H, W, 1], 1 = foreground.
        second: [B, h, w, 3] in [-1, 1], source of the colour statistics.
        changes: [B, 13], the fields of `Changes`.
    """
    change = Changes(*tf.unstack(changes, axis=-1))
    shift = [change.lightness, change.green_red, change.blue_yellow]
    spread = [
        change.lightness_spread,
        change.green_red_spread,
        change.blue_yellow_spread,
    ]
    wrong = color_ops.transfer_statistics(
        image,
        foreground,
        second,
        change.strength,
        shift=tf.stack(shift, axis=-1),
        spread=tf.stack(spread, axis=-1),
    )
    wrong = color_ops.adjust_gamma(wrong, change.gamma)
    wrong = color_ops.adjust_contrast(wrong, foreground, change.contrast)
    wrong = color_ops.adjust_hue(wrong, change.turns, change.saturation)
    wrong = color_ops.light_gradient(wrong, change.gradient, change.direction)
    return mask_ops.composite(foreground, wrong, image)

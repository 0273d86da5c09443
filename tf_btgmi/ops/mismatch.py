"""Colour mismatch of an object and its surroundings along its edge, spread inwards.

Poisson blending (Pérez et al. 2003) adds to a pasted object the harmonic function whose
boundary values are the differences to its surroundings along its edge. Here a pyramid
approximates that function (push-pull, Gortler et al. 1996): differences along the edge
are averaged to ever coarser scales, and each scale fills the gaps of the finer ones.

Only pixels that touch are compared. Across a gap object and surroundings show different
things, and on training pictures their difference was not informative.
"""

import tensorflow as tf

# Halvings of the resolution; beyond them the mean over all cells is taken.
_NUM_LEVELS = 5


def boundary_mismatch(
    image: tf.Tensor, foreground: tf.Tensor, hole: tf.Tensor
) -> tf.Tensor:
    """Colours of the surroundings minus those of the object, from its edge inwards.

    Args:
        image: [B, H, W, 3], with the object in it.
        foreground: [B, H, W, 1], 1 = object.
        hole: [B, H, W, 1], 1 = pixels that are not known.

    Returns:
        [B, H, W, 3] float32 in image units; zero outside the foreground, and everywhere
        if it touches no known pixel.
    """
    image, foreground, hole = (
        tf.cast(tensor, tf.float32) for tensor in (image, foreground, hole)
    )
    known = (1.0 - foreground) * (1.0 - hole)
    levels = []
    weighted, weight = _across(image, foreground, known)
    for _ in range(_NUM_LEVELS):
        levels.append((weighted, weight))
        weighted, weight = 4.0 * _halved(weighted), 4.0 * _halved(weight)
        share = 1.0 / tf.maximum(weight, 1.0)
        weighted, weight = share * weighted, share * weight
    total = tf.reduce_sum(weighted, axis=[1, 2], keepdims=True)
    drawn = tf.math.divide_no_nan(
        total, tf.reduce_sum(weight, axis=[1, 2], keepdims=True)
    )
    drawn = weighted + (1.0 - weight) * drawn
    for weighted, weight in reversed(levels):
        drawn = tf.image.resize(drawn, tf.shape(weight)[1:3], "bilinear")
        drawn = weighted + (1.0 - weight) * drawn
    return drawn * foreground


def _across(image, foreground, known):
    """The difference across the edge in a window of 3x3, weighted; its weight."""
    sides = tf.concat([image * foreground, foreground, image * known, known], axis=-1)
    near = tf.nn.avg_pool2d(sides, 3, 1, "SAME")
    inside, num_inside, outside, num_outside = tf.split(near, [3, 1, 3, 1], axis=-1)
    # 1 where the edge halves the window.
    weight = 4.0 * num_inside * num_outside
    difference = tf.math.divide_no_nan(outside, num_outside) - tf.math.divide_no_nan(
        inside, num_inside
    )
    return weight * difference, weight


def _halved(values):
    return tf.nn.avg_pool2d(values, 2, 2, "SAME")

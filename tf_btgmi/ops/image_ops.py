"""Pixel values and sizes: uint8 and [-1, 1], padding, resizing of boxes."""

import tensorflow as tf


def to_float(image: tf.Tensor) -> tf.Tensor:
    """Maps uint8 grey levels 0..255 to float32 in [-1, 1]; any shape."""
    return tf.cast(image, tf.float32) / 127.5 - 1.0


def to_uint8(image: tf.Tensor) -> tf.Tensor:
    """Maps [-1, 1] to the nearest uint8 grey level, clipping what lies outside.

    `to_uint8(to_float(x)) == x` for every uint8 `x`; any shape.
    """
    levels = tf.round((tf.cast(image, tf.float32) + 1.0) * 127.5)
    return tf.cast(tf.clip_by_value(levels, 0.0, 255.0), tf.uint8)


def pad_to_multiple(image: tf.Tensor, multiple: int):
    """Grows height and width to the next multiple, mirroring the bottom and right.

    Args:
        image: [B, H, W, C], any type.
        multiple: divisor of the result's sides, in pixels.

    Returns:
        The padded image and the pair (H, W) that `crop_to` takes to undo it.
    """
    height, width = tf.shape(image)[1], tf.shape(image)[2]
    rows = tf.range(height + (-height) % multiple)
    columns = tf.range(width + (-width) % multiple)
    padded = tf.gather(image, mirrored_index(rows, height), axis=1)
    padded = tf.gather(padded, mirrored_index(columns, width), axis=2)
    return padded, (height, width)


def crop_to(image: tf.Tensor, height, width) -> tf.Tensor:
    """Cuts [B, H, W, C] down to its top left `height` x `width` pixels."""
    return image[:, :height, :width, :]


def resize_boxes(image: tf.Tensor, boxes: tf.Tensor, side: int) -> tf.Tensor:
    """Cuts boxes out of images and resizes them, bilinear and antialiased.

    The same as `tf.image.resize(box, [side, side], antialias=True)` of each box, but
    as matrix products: XLA compiles them, boxes may have fractional edges, and the
    gradient is not a scatter, so it is the same in every run on a GPU.

    Args:
        image: [B, H, W, C].
        boxes: [B, K, 4], (top, left, bottom, right) in pixels. A pixel belongs to a
            box that holds its centre. Beyond the image the result is 0.
        side: height and width of the results in pixels.

    Returns:
        [B, K, side, side, C] float32.
    """
    height, width = tf.shape(image)[1], tf.shape(image)[2]
    boxes = tf.cast(boxes, tf.float32)[:, :, tf.newaxis]
    rows = _interpolation(boxes[..., 0], boxes[..., 2], height, side)
    columns = _interpolation(boxes[..., 1], boxes[..., 3], width, side)
    planes = tf.transpose(tf.cast(image, tf.float32), [0, 3, 1, 2])[:, tf.newaxis]
    planes = tf.matmul(rows, tf.matmul(planes, columns, transpose_b=True))
    return tf.transpose(planes, [0, 1, 3, 4, 2])


def _interpolation(start, end, length, side: int):
    """Matrix of an antialiased bilinear resize of an interval: [..., side, length].

    The triangle filter is as wide as a result pixel where the interval is reduced, as
    a source pixel where it is enlarged. Rows sum to 1; pixels outside of the interval
    have no weight. A row that meets no pixel is 0.

    Args:
        start: of the interval, in pixels, [...].
        end: of the interval, in pixels, [...].
        length: of the line that is resampled, in pixels.
        side: number of result pixels.
    """
    start, end = start[..., tf.newaxis], end[..., tf.newaxis]
    step = (end - start) / side
    places = (start + (tf.range(float(side)) + 0.5) * step)[..., tf.newaxis]
    centres = tf.range(tf.cast(length, tf.float32)) + 0.5
    reach = tf.maximum(step, 1.0)[..., tf.newaxis]
    weights = tf.nn.relu(1.0 - tf.abs(places - centres) / reach)
    inside = (centres >= start[..., tf.newaxis]) & (centres <= end[..., tf.newaxis])
    weights *= tf.cast(inside, tf.float32)
    return tf.math.divide_no_nan(weights, tf.reduce_sum(weights, -1, keepdims=True))


def mirrored_index(index: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Indices on a line of `size` pixels, mirrored endlessly at its edges.

    The edge is not repeated. A line of one pixel has nothing but itself to mirror.

    Args:
        index: [N] integers, negative ones too.
        size: a whole number above 0 of the same type.
    """
    period = tf.maximum(2 * (size - 1), 1)
    index = index % period
    return tf.minimum(index, period - index) * tf.cast(size > 1, index.dtype)

"""Pixel values and sizes: uint8 against [-1, 1], sides that a network takes, boxes."""

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
        multiple: what the sides of the result are multiples of, in pixels.

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
    """Cuts boxes out of pictures and resizes them, bilinearly.

    The corner pixels of a result are those of its box. `tf.image.crop_and_resize` does
    the same, but XLA cannot compile it, and its gradient on GPUs is another in each
    run; here they are matrix products.

    Args:
        image: [B, H, W, C].
        boxes: [B, K, 4], (top, left, bottom, right) in pixels, within the picture.
        side: height and width of the results in pixels, at least 2.

    Returns:
        [B, K, side, side, C] float32.
    """
    height, width = tf.shape(image)[1], tf.shape(image)[2]
    boxes = tf.cast(boxes, tf.float32)[:, :, tf.newaxis]
    rows = _interpolation(boxes[..., 0], boxes[..., 2] - 1.0, height, side)
    columns = _interpolation(boxes[..., 1], boxes[..., 3] - 1.0, width, side)
    planes = tf.transpose(tf.cast(image, tf.float32), [0, 3, 1, 2])[:, tf.newaxis]
    planes = tf.matmul(rows, tf.matmul(planes, columns, transpose_b=True))
    return tf.transpose(planes, [0, 1, 3, 4, 2])


def _interpolation(first, last, length, side: int):
    """[..., side, length]: what each pixel gives to `side` even places on a line.

    The places go from pixel `first` to pixel `last`, [...] both.
    """
    steps = (last - first)[..., tf.newaxis] * tf.range(float(side)) / (side - 1)
    places = first[..., tf.newaxis] + steps
    pixels = tf.range(tf.cast(length, tf.float32))
    return tf.nn.relu(1.0 - tf.abs(places[..., tf.newaxis] - pixels))


def mirrored_index(index: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Places on a line of `size` pixels that is mirrored without end at its edges.

    The edge is not repeated. A line of one pixel has nothing but itself to mirror.

    Args:
        index: [N] integers, negative ones too.
        size: a whole number above 0 of the same type.
    """
    period = tf.maximum(2 * (size - 1), 1)
    index = index % period
    return tf.minimum(index, period - index) * tf.cast(size > 1, index.dtype)

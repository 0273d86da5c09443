"""Cuts the window around a hole and pastes its fill, inside the graph.

As `inference/crops.py` for a hole that is filled at once: `S` is the model's image size
and `l` the longer side of the box of all holes. The window has the side `max(S, 2 l)`,
at most the picture's longer side; it is centred on the box, moved into the picture,
mirrored where the picture is smaller, and scaled down to `S` by the area of known
pixels.

The graph has no connected components, so separate holes and long strokes share one
window, and no `detail.py`, so enlarged fills stay soft.

Pictures are [H, W, 3] uint8, holes [H, W] bool.
"""

from typing import NamedTuple

import tensorflow as tf

from tf_btgmi.ops import mask_ops
from tf_btgmi.ops.image_ops import mirrored_index

_CONTEXT_FACTOR = 2
# Parameter of the bicubic kernel, as in OpenCV.
_CUBIC_SHARPNESS = -0.75


class Window(NamedTuple):
    """A square of a picture around its hole, in pixels; every field is int32.

    Attributes:
        y: row of its first pixel, a scalar; negative where the picture is smaller.
        x: its column.
        side: its side.
        hole_box: (y0, x0, y1, x1) of the hole in the picture, [4], end-exclusive.
    """

    y: tf.Tensor
    x: tf.Tensor
    side: tf.Tensor
    hole_box: tf.Tensor


def window_of(hole: tf.Tensor, image_size: int) -> Window:
    """The window of a non-empty hole."""
    height, width = tf.unstack(tf.shape(hole))
    box = mask_ops.bounding_box(hole[tf.newaxis])[0]
    length = tf.reduce_max(box[2:] - box[:2])
    side = tf.minimum(_CONTEXT_FACTOR * length, tf.maximum(height, width))
    side = tf.maximum(side, image_size)
    starts = [
        tf.where(
            size <= side,
            -((side - size) // 2),
            tf.clip_by_value((low + high - side) // 2, 0, tf.maximum(size - side, 0)),
        )
        for low, high, size in ((box[0], box[2], height), (box[1], box[3], width))
    ]
    return Window(*starts, side, box)


def cut(
    image: tf.Tensor, hole: tf.Tensor, window: Window, image_size: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """The window at the network's size.

    Returns:
        Picture [S, S, 3] uint8 and hole [S, S] bool.
    """
    image, hole = _square(image, window), _square(hole, window)

    def scaled():
        known = tf.cast(~hole, tf.float32)[..., None]
        total = _reduced(tf.cast(image, tf.float32) * known, image_size)
        share = _reduced(255.0 * known, image_size) / 255.0
        mean = tf.minimum(total / tf.maximum(share, 0.25), 255.0)
        return tf.cast(tf.round(mean), tf.uint8), share[..., 0] < 0.5

    image, hole = tf.cond(window.side > image_size, scaled, lambda: (image, hole))
    return (
        tf.ensure_shape(image, [image_size, image_size, 3]),
        tf.ensure_shape(hole, [image_size, image_size]),
    )


def paste(
    image: tf.Tensor, hole: tf.Tensor, window: Window, filled: tf.Tensor
) -> tf.Tensor:
    """Fills the hole of a picture; known pixels are those of `image`.

    Args:
        image: [H, W, 3] uint8.
        hole: [H, W] bool, not empty.
        window: the window.
        filled: [S, S, 3] uint8, the whole window at the network's size.
    """
    y0, x0, y1, x1 = tf.unstack(window.hole_box)
    rows = tf.range(y0, y1) - window.y
    columns = tf.range(x0, x1) - window.x
    patch = tf.cond(
        window.side > filled.shape[0],
        lambda: _enlarged(filled, window.side, rows, columns),
        lambda: tf.gather(tf.gather(filled, rows), columns, axis=1),
    )
    height, width = tf.unstack(tf.shape(hole))
    edges = [[y0, height - y1], [x0, width - x1], [0, 0]]
    return tf.where(hole[..., None], tf.pad(patch, edges), image)


def _square(array: tf.Tensor, window: Window) -> tf.Tensor:
    """Cuts the window out of [H, W, ...], mirrored at the edges."""
    height, width = tf.unstack(tf.shape(array)[:2])
    inside = tf.range(window.side)
    rows = mirrored_index(window.y + inside, height)
    columns = mirrored_index(window.x + inside, width)
    return tf.gather(tf.gather(array, rows), columns, axis=1)


def _reduced(array: tf.Tensor, size: int) -> tf.Tensor:
    """Reduces [N, N, C] float32 by area to [size, size, C], rounded."""
    return tf.round(tf.image.resize(array[None], [size, size], "area")[0])


def _enlarged(picture, side, rows, columns) -> tf.Tensor:
    """Rows and columns of the bicubic enlargement of a picture to `side`."""
    result = tf.cast(picture, tf.float32)
    for axis, places in ((1, columns), (0, rows)):
        size = picture.shape[axis]
        scale = size / tf.cast(side, tf.float32)
        position = (tf.cast(places, tf.float32) + 0.5) * scale - 0.5
        first = tf.floor(position)
        shape = [1, -1, 1] if axis else [-1, 1, 1]
        total = 0.0
        for tap in range(-1, 3):
            weight = _cubic(tf.abs(position - first - tap))
            index = tf.clip_by_value(tf.cast(first, tf.int32) + tap, 0, size - 1)
            total += tf.gather(result, index, axis=axis) * tf.reshape(weight, shape)
        result = total
    return tf.cast(tf.clip_by_value(tf.round(result), 0.0, 255.0), tf.uint8)


def _cubic(distance: tf.Tensor) -> tf.Tensor:
    """Keys 1981, for distances up to 2."""
    a, d = _CUBIC_SHARPNESS, distance
    near = ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0
    far = ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a
    return tf.where(d <= 1.0, near, far)

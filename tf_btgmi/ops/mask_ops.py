"""Operations on masks: masking, compositing, boxes of holes, patches that meet them.

Masks are [B, H, W, 1] with 1 = hole. Boxes are float32 pixel coordinates
(y0, x0, y1, x1) whose end is exclusive; a box of zeros stands for no hole.
"""

from typing import Sequence

import tensorflow as tf


def mask_image(image: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """The image with its hole set to 0, mid-grey: [B, H, W, 3] in [-1, 1]."""
    return image * (1.0 - tf.cast(mask, image.dtype))


def composite(mask: tf.Tensor, prediction: tf.Tensor, image: tf.Tensor) -> tf.Tensor:
    """The result: `prediction` in the hole and `image` everywhere else (Sec. 3.1).

    Args:
        mask: [B, H, W, 1], 1 = hole.
        prediction: [B, H, W, 3], in [-1, 1].
        image: [B, H, W, 3], in [-1, 1].
    """
    mask = tf.cast(mask, prediction.dtype)
    return mask * prediction + (1.0 - mask) * tf.cast(image, prediction.dtype)


def hole_box(mask: tf.Tensor) -> tf.Tensor:
    """The bounding box of each example's hole: [B, 4]."""
    return tf.cast(bounding_box(mask[..., 0] > 0.5), tf.float32)


def bounding_box(hole: tf.Tensor) -> tf.Tensor:
    """The bounding box of each hole, [B, 4] int32, from bool [B, H, W]."""
    y0, y1 = _extent(tf.reduce_any(hole, axis=2))
    x0, x1 = _extent(tf.reduce_any(hole, axis=1))
    return tf.stack([y0, x0, y1, x1], axis=-1)


def context_box(boxes: tf.Tensor, margin: float, height, width) -> tf.Tensor:
    """Boxes grown about their centres by `margin`, clipped to the image.

    Args:
        boxes: [..., 4].
        margin: side of the result over the side of the box.
        height: of the image, in pixels.
        width: of the image, in pixels.
    """
    start, end = boxes[..., :2], boxes[..., 2:]
    grow = (end - start) * (margin - 1.0) / 2.0
    limit = tf.cast(tf.stack([height, width]), boxes.dtype)
    start = tf.maximum(start - grow, 0.0)
    end = tf.minimum(end + grow, limit)
    return tf.concat([start, end], axis=-1)


def patch_mask(mask: tf.Tensor, windows: Sequence[tuple[int, int, int]]) -> tf.Tensor:
    """Cells of a convolution chain's output whose receptive field meets the hole.

    A chain of max-pools with the kernels, strides and paddings of the convolutions
    gives the true overlap with each cell's receptive field; resizing the mask would
    miss patches.

    Args:
        mask: [B, H, W, 1], 1 = hole.
        windows: (kernel, stride, padding) of each layer, from the input on.

    Returns:
        [B, h, w, 1] of the mask's type: 1 where the receptive field meets the hole.
    """
    for kernel, stride, padding in windows:
        edges = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
        mask = tf.nn.max_pool2d(tf.pad(mask, edges), kernel, stride, "VALID")
    return mask


def _extent(line: tf.Tensor):
    # First and one past the last true place of each row of [B, N].
    size = tf.shape(line)[1]
    some = tf.cast(tf.reduce_any(line, axis=1), tf.int32)
    # On booleans: for integers TensorFlow has a CPU kernel only.
    first = tf.argmax(line, axis=1, output_type=tf.int32)
    last = size - tf.argmax(line[:, ::-1], axis=1, output_type=tf.int32)
    return first * some, last * some

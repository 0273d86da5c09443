"""The patch perceptual loss, PPL (Sec. 3.2): LPIPS on AlexNet, over boxes of the hole.

Images are [B, H, W, 3] in [-1, 1].
"""

from typing import Optional

import keras
import tensorflow as tf

from tf_btgmi.losses.lpips import LPIPSDistance
from tf_btgmi.models.lpips_trunks import AlexNetFeatures
from tf_btgmi.ops import image_ops
from tf_btgmi.ops.mask_ops import context_box

_MIN_SIDE = AlexNetFeatures.MIN_SIDE


class PatchPerceptualLoss(keras.layers.Layer):
    """LPIPS of the hole's box plus LPIPS of that box with its surroundings.

    Both patches are resized to the same side, bilinearly. An example's loss is the
    mean over its holes of the sum of both; the loss is the mean over the batch.

    Args:
        lpips: the distance; of the layer's own precision where None.
        patch_size: side of the resized patches in pixels, at least 31.
        context_margin: side of the context box over that of the hole box.

    Raises:
        ValueError: `patch_size` is too small for AlexNet.
    """

    def __init__(
        self,
        lpips: Optional[LPIPSDistance] = None,
        patch_size: int = 128,
        context_margin: float = 1.5,
        **kwargs,
    ):
        super().__init__(trainable=False, autocast=False, **kwargs)
        if patch_size < _MIN_SIDE:
            raise ValueError(
                f"patch_size must be at least {_MIN_SIDE} pixels; it is {patch_size}."
            )
        self.patch_size = patch_size
        self.context_margin = context_margin
        self.lpips = LPIPSDistance() if lpips is None else lpips
        self.built = True

    def call(self, image, candidate, hole_boxes):
        """Returns a scalar.

        Args:
            image: [B, H, W, 3], in [-1, 1].
            candidate: [B, H, W, 3], in [-1, 1]: the composite.
            hole_boxes: [B, K, 4] as `mask_ops.hole_boxes` gives them.
        """
        height, width = tf.shape(image)[1], tf.shape(image)[2]
        hole_boxes = tf.cast(hole_boxes, tf.float32)
        around = context_box(hole_boxes, self.context_margin, height, width)
        boxes = tf.concat([hole_boxes, around], axis=1)
        wanted = self.lpips.features(self._patches(image, boxes))
        wanted = [tf.stop_gradient(feature) for feature in wanted]
        given = self.lpips.features(self._patches(candidate, boxes))
        distances = tf.add_n(self.lpips.by_layer(wanted, given))
        distances = tf.reshape(distances, [tf.shape(boxes)[0], 2, -1])
        present = tf.cast(hole_boxes[..., 2] > hole_boxes[..., 0], tf.float32)
        a_hole = tf.reduce_sum(distances, axis=1) * present
        num_holes = tf.reduce_sum(present, axis=1)
        return tf.reduce_mean(
            tf.math.divide_no_nan(tf.reduce_sum(a_hole, axis=1), num_holes)
        )

    def _patches(self, image, boxes):
        patches = image_ops.resize_boxes(image, boxes, self.patch_size)
        return tf.reshape(patches, [-1, *patches.shape[2:]])

"""The patch perceptual loss, PPL (Sec. 3.2): LPIPS on AlexNet, over boxes of the hole.

Images are [B, H, W, 3] in [-1, 1].
"""

import keras
import tensorflow as tf

from tf_btgmi.losses.lpips import LPIPSDistance
from tf_btgmi.models.lpips_trunks import AlexNetFeatures
from tf_btgmi.ops import image_ops
from tf_btgmi.ops.mask_ops import context_box

_MIN_SIDE = AlexNetFeatures.MIN_SIDE


class PatchPerceptualLoss(keras.layers.Layer):
    """LPIPS of the hole's box plus LPIPS of that box with its surroundings.

    Both patches are resized to the same side, bilinear and antialiased. An example's
    loss is the mean over its holes of the sum of both; the loss is the mean over the
    batch.

    AlexNet's first convolution has stride 4, so patches that always start at the same
    pixel would let it print a lattice of that period into the fill. With a seed, the
    edges of all boxes of a step are therefore moved outwards by 0 to `jitter` pixels of
    the resized patch, each by its own amount.

    Args:
        lpips: the distance.
        patch_size: side of the resized patches in pixels, at least 31.
        context_margin: side of the context box over that of the hole box.
        jitter: largest move of an edge, in pixels of the resized patch.

    Raises:
        ValueError: `patch_size` is too small for AlexNet.

    Example:
        >>> image = tf.random.uniform([1, 64, 64, 3], -1.0, 1.0)
        >>> boxes = tf.constant([[[16.0, 16.0, 48.0, 48.0]]])
        >>> loss = PatchPerceptualLoss(LPIPSDistance(), patch_size=32)
        >>> float(loss(image, image, boxes))
        0.0
    """

    def __init__(
        self,
        lpips: LPIPSDistance,
        patch_size: int = 128,
        context_margin: float = 1.5,
        jitter: float = 8.0,
        **kwargs,
    ):
        super().__init__(trainable=False, autocast=False, **kwargs)
        if patch_size < _MIN_SIDE:
            raise ValueError(
                f"patch_size must be at least {_MIN_SIDE} pixels; it is {patch_size}."
            )
        self.patch_size = patch_size
        self.context_margin = context_margin
        self.jitter = jitter
        self.lpips = lpips
        self.built = True

    def call(self, image, candidate, hole_boxes, seed=None):
        """Returns a scalar.

        Args:
            image: [B, H, W, 3], in [-1, 1].
            candidate: [B, H, W, 3], in [-1, 1]: the composite.
            hole_boxes: [B, K, 4] as `mask_arrays.hole_boxes` gives them.
            seed: [2] integers for the jitter of the boxes; None leaves it out.
        """
        height, width = tf.shape(image)[1], tf.shape(image)[2]
        hole_boxes = tf.cast(hole_boxes, tf.float32)
        around = context_box(hole_boxes, self.context_margin, height, width)
        boxes = tf.concat([hole_boxes, around], axis=1)
        if seed is not None:
            boxes = self._moved(boxes, seed)
        targets = self.lpips.features(self._patches(image, boxes))
        targets = [tf.stop_gradient(feature) for feature in targets]
        predictions = self.lpips.features(self._patches(candidate, boxes))
        distances = tf.add_n(self.lpips.by_layer(targets, predictions))
        distances = tf.reshape(distances, [tf.shape(boxes)[0], 2, -1])
        present = tf.cast(hole_boxes[..., 2] > hole_boxes[..., 0], tf.float32)
        per_hole = tf.reduce_sum(distances, axis=1) * present
        num_holes = tf.reduce_sum(present, axis=1)
        return tf.reduce_mean(
            tf.math.divide_no_nan(tf.reduce_sum(per_hole, axis=1), num_holes)
        )

    def _moved(self, boxes, seed):
        # One draw per step for the whole batch: the same on any number of replicas.
        # Boxes may leave the image; both patches are 0 there.
        shares = tf.random.stateless_uniform([4], seed) * self.jitter / self.patch_size
        start, end = boxes[..., :2], boxes[..., 2:]
        sides = end - start
        return tf.concat([start - shares[:2] * sides, end + shares[2:] * sides], -1)

    def _patches(self, image, boxes):
        patches = image_ops.resize_boxes(image, boxes, self.patch_size)
        return tf.reshape(patches, [-1, *patches.shape[2:]])

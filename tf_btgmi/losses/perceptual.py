"""The patch perceptual loss, PPL (Sec. 3.2), and the LPIPS distance it is made of.

Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual
Metric", version 0.1 on AlexNet. Images are [B, H, W, 3] in [-1, 1].
"""

from typing import List, Mapping, Optional

import keras
import numpy as np
import tensorflow as tf

from tf_btgmi.models.alexnet import (
    MIN_SIDE,
    NUM_LAYERS,
    AlexNetFeatures,
    load_perceptual_weights,
)
from tf_btgmi.ops import image_ops
from tf_btgmi.ops.mask_ops import context_box

# Added to a norm before dividing by it, as LPIPS does.
_EPSILON = 1e-10


class LPIPSDistance(keras.layers.Layer):
    """LPIPS v0.1 (AlexNet): two images [B, H, W, 3] in [-1, 1] to distances [B].

    Args:
        weights: what `load_perceptual_weights` returns; read by it where None.
    """

    def __init__(self, weights: Optional[Mapping[str, np.ndarray]] = None, **kwargs):
        super().__init__(trainable=False, autocast=False, **kwargs)
        weights = load_perceptual_weights() if weights is None else weights
        self.alexnet = AlexNetFeatures(weights, dtype=self.compute_dtype)
        # w (a - b)^2 is (sqrt(w) a - sqrt(w) b)^2.
        self._roots = [np.sqrt(weights[f"lin{i + 1}"]) for i in range(NUM_LAYERS)]
        self.built = True

    def call(self, first, second):
        """The distance of each pair: [B], at least 0."""
        return tf.add_n(self.by_layer(self.features(first), self.features(second)))

    def features(self, image: tf.Tensor) -> List[tf.Tensor]:
        """Weighted unit-length activations of the five layers, float32."""
        weighted = []
        for activation, root in zip(self.alexnet(image), self._roots):
            activation = tf.cast(activation, tf.float32)
            square = tf.reduce_sum(tf.square(activation), axis=-1, keepdims=True)
            # The root has no gradient at 0, where every channel is silent. The bound
            # gives it gradient 0 and moves no norm that float32 can tell from 0.
            norm = tf.sqrt(tf.maximum(square, _EPSILON**2))
            weighted.append(activation / (norm + _EPSILON) * root)
        return weighted

    def by_layer(self, first: List[tf.Tensor], second: List[tf.Tensor]):
        """Each layer's share of the distance: five tensors [B]."""
        return [
            tf.reduce_mean(tf.reduce_sum(tf.square(a - b), axis=-1), axis=[1, 2])
            for a, b in zip(first, second)
        ]


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
        if patch_size < MIN_SIDE:
            raise ValueError(
                f"patch_size must be at least {MIN_SIDE} pixels; it is {patch_size}."
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

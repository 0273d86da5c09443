"""LPIPS v0.1, the distance of two images in the features of a classifier.

Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual
Metric". On AlexNet it is what the patch perceptual loss trains on; on VGG16 it is a
metric that nothing trains on. Images are [B, H, W, 3] in [-1, 1].
"""

from typing import Mapping, Optional

import keras
import numpy as np
import tensorflow as tf

from tf_btgmi.models.lpips_trunks import (
    NUM_LAYERS,
    AlexNetFeatures,
    VGG16Features,
    load_lpips_weights,
)

# Added to a norm before dividing by it, as LPIPS does.
_EPSILON = 1e-10


class LPIPSDistance(keras.layers.Layer):
    """LPIPS v0.1: two images [B, H, W, 3] in [-1, 1] to distances [B].

    Args:
        weights: the result of `load_lpips_weights` for `trunk`, which is the default.
        trunk: class of the network whose features are compared, `AlexNetFeatures` or
            `VGG16Features`.

    Example:
        >>> image = tf.random.uniform([2, 64, 64, 3], -1.0, 1.0)
        >>> LPIPSDistance()(image, image).numpy()
        array([0., 0.], dtype=float32)
    """

    def __init__(
        self,
        weights: Optional[Mapping[str, np.ndarray]] = None,
        trunk: type = AlexNetFeatures,
        **kwargs,
    ):
        super().__init__(trainable=False, autocast=False, **kwargs)
        weights = load_lpips_weights(trunk=trunk) if weights is None else weights
        self.trunk = trunk(weights, dtype=self.compute_dtype)
        # w (a - b)^2 is (sqrt(w) a - sqrt(w) b)^2.
        self._roots = [np.sqrt(weights[f"lin{i + 1}"]) for i in range(NUM_LAYERS)]
        self.built = True

    def call(self, first, second):
        """The distance of each pair: [B], at least 0."""
        return tf.add_n(self.by_layer(self.features(first), self.features(second)))

    def features(self, image: tf.Tensor) -> list[tf.Tensor]:
        """Weighted unit-length activations of the five layers, float32."""
        weighted = []
        for activation, root in zip(self.trunk(image), self._roots):
            activation = tf.cast(activation, tf.float32)
            square = tf.reduce_sum(tf.square(activation), axis=-1, keepdims=True)
            # The root has no gradient at 0, where every channel is silent. The bound
            # gives it gradient 0 and moves no norm that float32 can tell from 0.
            norm = tf.sqrt(tf.maximum(square, _EPSILON**2))
            weighted.append(activation / (norm + _EPSILON) * root)
        return weighted

    def by_layer(self, first: list[tf.Tensor], second: list[tf.Tensor]):
        """The contribution of each layer to the distance: five tensors [B]."""
        return [
            tf.reduce_mean(tf.reduce_sum(tf.square(a - b), axis=-1), axis=[1, 2])
            for a, b in zip(first, second)
        ]


def load_judge(path: str) -> LPIPSDistance:
    """LPIPS on VGG16 in float32: the judge, a metric that no loss may use.

    Args:
        path: an `.npz` file with VGG16's convolutions and LPIPS's weights; none comes
            with the package.

    Raises:
        ValueError: no such file, or not these weights.
    """
    weights = load_lpips_weights(path, VGG16Features)
    return LPIPSDistance(weights, VGG16Features, dtype="float32")

"""EfficientNet-Lite0 without its head, as a feature extractor with fixed weights.

Tan and Le, 2019; its Lite form has ReLU6 and no squeeze-and-excitation. The weights
learned ImageNet's classes; batch normalization is folded into the convolutions.
Weights are constants, not variables: nothing trains them, and checkpoints do not carry
them.
"""

import os
from typing import Iterator, Mapping, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tf_btgmi.assets import efficientnet_weights_path
from tf_btgmi.models.fixed_weights import read_weights

# (stride of the first block, widening, channels, blocks) of each stage.
_STAGES = (
    (1, 1, 16, 1),
    (2, 6, 24, 2),
    (2, 6, 40, 2),
    (2, 6, 80, 3),
    (1, 6, 112, 3),
    (2, 6, 192, 4),
)
_STEM_CHANNELS = 32
# Stages whose output is a feature map: the last ones at 1/4, 1/8, 1/16 and 1/32.
_FEATURE_STAGES = (1, 2, 4, 5)


class _Block(NamedTuple):
    """An inverted residual block: its name, its shape, what is done with its output."""

    name: str
    stride: int
    channels: tuple[int, int, int]
    is_feature: bool


class EfficientNetLite0(keras.layers.Layer):
    """Images [B, H, W, 3] in [-1, 1] to maps of 24, 40, 112 and 192 channels.

    Args:
        weights: as `load_efficientnet_weights` returns.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], **kwargs):
        super().__init__(trainable=False, autocast=False, **kwargs)
        self._constants = dict(weights)
        self.built = True

    def call(self, image) -> list[tf.Tensor]:
        """Feature maps at 1/4, 1/8, 1/16 and 1/32, in float32."""
        hidden = self._convolved(tf.cast(image, tf.float32), "stem", 2)
        hidden = tf.nn.relu6(hidden)
        features = []
        for block in _blocks():
            hidden = self._block(hidden, block)
            if block.is_feature:
                features.append(hidden)
        return features

    def _block(self, inputs, block: _Block):
        before, middle, after = block.channels
        hidden = inputs
        if middle != before:
            hidden = tf.nn.relu6(self._convolved(hidden, f"{block.name}/expand"))
        strides = [1, block.stride, block.stride, 1]
        kernel, bias = self._weights(f"{block.name}/depthwise")
        hidden = tf.nn.depthwise_conv2d(hidden, kernel, strides, "SAME")
        hidden = tf.nn.relu6(tf.nn.bias_add(hidden, bias))
        hidden = self._convolved(hidden, f"{block.name}/project")
        return inputs + hidden if block.stride == 1 and before == after else hidden

    def _convolved(self, inputs, name: str, stride: int = 1):
        kernel, bias = self._weights(name)
        return tf.nn.bias_add(tf.nn.conv2d(inputs, kernel, stride, "SAME"), bias)

    def _weights(self, name: str):
        names = f"{name}/kernel", f"{name}/bias"
        return [tf.constant(self._constants[n], tf.float32) for n in names]


def _blocks() -> Iterator[_Block]:
    before = _STEM_CHANNELS
    number = 0
    for stage, (stride, widening, after, count) in enumerate(_STAGES):
        for repeat in range(count):
            is_last = repeat == count - 1
            yield _Block(
                f"block_{number}",
                1 if repeat else stride,
                (before, before * widening, after),
                is_last and stage in _FEATURE_STAGES,
            )
            before = after
            number += 1


def load_efficientnet_weights() -> Mapping[str, np.ndarray]:
    """The weights that come with the package, float32."""
    path = os.fspath(efficientnet_weights_path())
    return read_weights(path, "the weights of EfficientNet-Lite0")

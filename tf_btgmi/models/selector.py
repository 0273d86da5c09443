"""The selector: from a picture window with a box or clicks to the object's mask.

A U-Net on cells of 2x2 pixels. Its coarse levels also see the feature maps of
EfficientNet-Lite0, learned from far more photographs than have masks; these are not
trained.

Input [B, side, side, 8], channels as `data.selection_windows.network_input` puts them;
output the logits of the object, float32 [B, side, side, 1]. The side is a multiple of
32; programs take windows of `WINDOW_SIDE`.
"""

import keras
import tensorflow as tf

from tf_btgmi.data.selection_windows import WINDOW_SIDE
from tf_btgmi.layers.configuration import ConfigFromArguments
from tf_btgmi.layers.convolution import (
    NormalizedConvolution,
    Resampling,
    convolution,
)
from tf_btgmi.layers.residual import DilatedResidualBlock
from tf_btgmi.models.efficientnet_trunk import (
    EfficientNetLite0,
    load_efficientnet_weights,
)

INPUT_CHANNELS = 8
_MAX_FILTERS = 128
# Levels at 1/2 to 1/32 of the window; all but the first see a map of the trunk.
_NUM_LEVELS = 5
_BOTTLENECK_DILATIONS = (1, 2)


@keras.saving.register_keras_serializable("tf_btgmi")
class Selector(ConfigFromArguments, keras.Model):
    """Encoder, residual blocks and decoder with skip connections.

    Args:
        base_filters: filters at half of the window's size.

    Example:
        >>> selector = Selector(base_filters=8)
        >>> selector(tf.zeros([1, 128, 128, 8])).shape
        TensorShape([1, 128, 128, 1])
    """

    def __init__(self, base_filters=16, **kwargs):
        super().__init__(**kwargs)
        self.base_filters = base_filters
        self.trunk = EfficientNetLite0(load_efficientnet_weights())
        filters = [min(base_filters << i, _MAX_FILTERS) for i in range(_NUM_LEVELS)]
        parts = {"stem": _convolution(filters[0], 3)}
        for level, count in enumerate(filters):
            if level:
                down = Resampling(count, "down")
                parts[f"down_{level}"] = NormalizedConvolution(down)
                parts[f"trunk_{level}"] = _convolution(count, 1)
                parts[f"merge_{level}"] = _convolution(count, 1)
                parts[f"block_{level}"] = DilatedResidualBlock(count, 1)
        for position, dilation in enumerate(_BOTTLENECK_DILATIONS):
            parts[f"bottleneck_{position}"] = DilatedResidualBlock(
                filters[-1], dilation, "both"
            )
        for level in reversed(range(_NUM_LEVELS - 1)):
            parts[f"up_{level}"] = convolution(filters[level], 1)
            parts[f"decoder_{level}"] = _convolution(filters[level], 3)
        parts["logits"] = convolution(4, 3, use_bias=True)
        self.parts = parts

    @property
    def input_channels(self) -> int:
        """Channels of the input."""
        return INPUT_CHANNELS

    def build(self, input_shape=None):
        """Builds all layers; the input shape is fixed."""
        if self.built:
            return
        self.built = True
        self(tf.zeros([1, WINDOW_SIDE, WINDOW_SIDE, INPUT_CHANNELS]))

    def trunk_features(self, inputs):
        """The feature maps of the trunk, finest first.

        Args:
            inputs: the network's input, of which only the picture is used.
        """
        return self.trunk(inputs[..., :3])

    def call(self, inputs, training=None, trunk_features=None):
        """Logits of the object.

        Args:
            inputs: float32 [B, side, side, 8].
            training: whether batch statistics are used and updated.
            trunk_features: result of `trunk_features`, if already computed.
        """
        if trunk_features is None:
            trunk_features = self.trunk_features(inputs)
        parts = self.parts
        hidden = parts["stem"](tf.nn.space_to_depth(inputs, 2), training=training)
        skips = []
        for level, features in enumerate(trunk_features, start=1):
            skips.append(hidden)
            hidden = parts[f"down_{level}"](hidden, training=training)
            features = parts[f"trunk_{level}"](features, training=training)
            both = tf.concat([hidden, _resized_like(features, hidden)], axis=-1)
            hidden = parts[f"merge_{level}"](both, training=training)
            hidden = parts[f"block_{level}"](hidden, training=training)
        for position in range(len(_BOTTLENECK_DILATIONS)):
            hidden = parts[f"bottleneck_{position}"](hidden, training=training)
        for level in reversed(range(_NUM_LEVELS - 1)):
            skip = skips.pop()
            hidden = skip + _resized_like(parts[f"up_{level}"](hidden), skip)
            hidden = parts[f"decoder_{level}"](hidden, training=training)
        return tf.nn.depth_to_space(tf.cast(parts["logits"](hidden), tf.float32), 2)


def _convolution(filters, kernel_size):
    return NormalizedConvolution(convolution(filters, kernel_size))


def _resized_like(features, other):
    resized = tf.image.resize(features, tf.shape(other)[1:3])
    return tf.cast(resized, other.dtype)

"""AlexNet and VGG16 as feature extractors, with the weights behind LPIPS v0.1.

AlexNet is that of Krizhevsky 2014, "One weird trick", VGG16 that of Simonyan and
Zisserman 2015, both as in torchvision. Weights are constants, not variables: nothing
trains them, and checkpoints do not carry them.
"""

import functools
import os
from typing import Mapping, NamedTuple, Optional

import keras
import numpy as np
import tensorflow as tf

from tf_btgmi.assets import perceptual_weights_path
from tf_btgmi.models.fixed_weights import read_weights

# Normalization of an image in [-1, 1]: (image - SHIFT) / SCALE (LPIPS v0.1).
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
# Feature maps that LPIPS compares; each trunk has as many.
NUM_LAYERS = 5


class Convolution(NamedTuple):
    """A convolution with its ReLU.

    Attributes:
        pool: side of the max-pooling of stride 2 before it; 0 for none.
        stride: of the convolution.
        padding: zeros on every side; None for half of the kernel.
        is_feature: whether its activations are an output of the trunk.
    """

    pool: int = 0
    stride: int = 1
    padding: Optional[int] = None
    is_feature: bool = True


class FeatureTrunk(keras.layers.Layer):
    """Base class: images [B, H, W, 3] in [-1, 1] to five activation maps.

    The weights determine kernel sizes and numbers of channels.

    Args:
        weights: as `load_lpips_weights` returns.
    """

    CONVOLUTIONS = ()
    # The smallest side whose last feature map is not empty.
    MIN_SIDE = 0

    def __init__(self, weights: Mapping[str, np.ndarray], **kwargs):
        super().__init__(trainable=False, autocast=False, **kwargs)
        numbers = range(1, len(self.CONVOLUTIONS) + 1)
        self._kernels = [weights[f"conv{i}/kernel"] for i in numbers]
        self._biases = [weights[f"conv{i}/bias"] for i in numbers]
        self.built = True

    def call(self, image) -> list[tf.Tensor]:
        """The five feature maps, [B, h, w, C], finest first.

        Raises:
            ValueError: a side below `MIN_SIDE`, where the size is known.
        """
        sides = [side for side in image.shape[1:3] if side is not None]
        if sides and min(sides) < self.MIN_SIDE:
            raise ValueError(
                f"Pictures must be at least {self.MIN_SIDE} pixels on each side; these "
                f"are {image.shape[1]}x{image.shape[2]}."
            )
        dtype = self.compute_dtype
        hidden = (tf.cast(image, tf.float32) - SHIFT) / SCALE
        hidden = tf.cast(hidden, dtype)
        features = []
        for layer, kernel, bias in zip(self.CONVOLUTIONS, self._kernels, self._biases):
            if layer.pool:
                hidden = tf.nn.max_pool2d(hidden, layer.pool, 2, "VALID")
            padding = "SAME"
            if layer.padding is not None:
                # Padding apart from the convolution: with padding of its own the
                # gradient of one with a stride has no fast kernel on a CPU.
                padding, edge = "VALID", [layer.padding] * 2
                hidden = tf.pad(hidden, [[0, 0], edge, edge, [0, 0]])
            kernel = tf.constant(kernel, dtype)
            hidden = tf.nn.conv2d(hidden, kernel, layer.stride, padding)
            hidden = tf.nn.relu(tf.nn.bias_add(hidden, tf.constant(bias, dtype)))
            if layer.is_feature:
                features.append(hidden)
        return features


class AlexNetFeatures(FeatureTrunk):
    """Activations after relu1 .. relu5: 64, 192, 384, 256 and 256 channels."""

    CONVOLUTIONS = (
        Convolution(stride=4, padding=2),
        Convolution(pool=3),
        Convolution(pool=3),
        Convolution(),
        Convolution(),
    )
    MIN_SIDE = 31


class VGG16Features(FeatureTrunk):
    """Activations after each block: 64, 128, 256, 512 and 512 channels."""

    CONVOLUTIONS = tuple(
        Convolution(
            pool=2 if block and not position else 0,
            is_feature=position == num_convolutions - 1,
        )
        for block, num_convolutions in enumerate((2, 2, 3, 3, 3))
        for position in range(num_convolutions)
    )
    MIN_SIDE = 16


def load_lpips_weights(
    path: Optional[str] = None, trunk: type = AlexNetFeatures
) -> Mapping[str, np.ndarray]:
    """Reads `convN/kernel` (HWIO), `convN/bias` and `lin1..5` as float32.

    Args:
        path: an `.npz` file; AlexNet's, which comes with the package, by default.
        trunk: class of the network that the weights are for.

    Raises:
        ValueError: no such file, or not the weights of this network.
    """
    return read_weights(
        os.fspath(path or perceptual_weights_path()),
        f"the LPIPS weights of {trunk.__name__}",
        functools.partial(_check_shapes, trunk=trunk),
    )


def _check_shapes(weights: Mapping[str, np.ndarray], trunk: type) -> None:
    channels, features = 3, []
    for number, layer in enumerate(trunk.CONVOLUTIONS, start=1):
        name = f"conv{number}/kernel"
        shape = weights[name].shape
        if len(shape) != 4 or shape[2] != channels:
            raise ValueError(f"{name} is {shape}; it must be [H, W, {channels}, C].")
        channels = shape[3]
        features += [channels] * layer.is_feature
        _check_vector(weights, f"conv{number}/bias", channels)
    for number, channels in enumerate(features, start=1):
        _check_vector(weights, f"lin{number}", channels)


def _check_vector(weights: Mapping[str, np.ndarray], name: str, length: int) -> None:
    if weights[name].shape != (length,):
        raise ValueError(f"{name} is {weights[name].shape}; it must be [{length}].")

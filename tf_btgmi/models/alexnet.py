"""AlexNet's convolutions with the weights that LPIPS v0.1 was measured on (Sec. 3.2).

Krizhevsky 2014, "One weird trick", as in torchvision. The weights are constants, not
variables: nothing here is trained, and no checkpoint should carry them.
"""

from typing import List, Mapping, Optional

import keras
import numpy as np
import tensorflow as tf

from tf_btgmi.assets import perceptual_weights_path

# Subtracted from an image in [-1, 1], and what divides the rest (LPIPS v0.1).
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
NUM_LAYERS = 5
# Whether conv1 .. conv5 come after a pooling. All but conv1 keep the size.
_POOLED = (False, True, True, False, False)
_STEM_STRIDE = 4
_STEM_PADDING = 2
# conv1 and two poolings leave at least one pixel from here on.
MIN_SIDE = 31


def load_perceptual_weights(path: Optional[str] = None) -> Mapping[str, np.ndarray]:
    """Reads `conv1..5/kernel`, `conv1..5/bias` and `lin1..5`, float32.

    Args:
        path: an `.npz` file; the one that comes with the package by default.
    """
    with np.load(path or perceptual_weights_path(), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


class AlexNetFeatures(keras.layers.Layer):
    """[B, H, W, 3] in [-1, 1] to the activations after relu1 .. relu5.

    These have 64, 192, 384, 256 and 256 channels. H and W are at least 31 pixels.

    Args:
        weights: what `load_perceptual_weights` returns; read by it where None.
    """

    def __init__(self, weights: Optional[Mapping[str, np.ndarray]] = None, **kwargs):
        super().__init__(trainable=False, autocast=False, **kwargs)
        weights = load_perceptual_weights() if weights is None else weights
        self._kernels = [weights[f"conv{i + 1}/kernel"] for i in range(NUM_LAYERS)]
        self._biases = [weights[f"conv{i + 1}/bias"] for i in range(NUM_LAYERS)]
        self.built = True

    def call(self, image) -> List[tf.Tensor]:
        """Activations of the five layers, [B, h, w, C], of [B, H, W, 3] in [-1, 1]."""
        dtype = self.compute_dtype
        hidden = (tf.cast(image, tf.float32) - SHIFT) / SCALE
        hidden = tf.cast(hidden, dtype)
        activations = []
        # Padding apart from the convolution: with padding of its own its gradient has
        # no fast kernel on a CPU.
        edge = [_STEM_PADDING, _STEM_PADDING]
        hidden = tf.pad(hidden, [[0, 0], edge, edge, [0, 0]])
        for position, pooled in enumerate(_POOLED):
            if pooled:
                hidden = tf.nn.max_pool2d(hidden, 3, 2, "VALID")
            stride, padding = (1, "SAME") if position else (_STEM_STRIDE, "VALID")
            kernel = tf.constant(self._kernels[position], dtype)
            hidden = tf.nn.conv2d(hidden, kernel, stride, padding)
            hidden = tf.nn.bias_add(hidden, tf.constant(self._biases[position], dtype))
            hidden = tf.nn.relu(hidden)
            activations.append(hidden)
        return activations

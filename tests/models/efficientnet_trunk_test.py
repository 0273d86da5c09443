"""EfficientNet-Lite0: its maps against PyTorch's."""

import numpy as np
import tensorflow as tf

from tf_btgmi.models.efficientnet_trunk import (
    EfficientNetLite0,
    load_efficientnet_weights,
)

# Of `waves`: shape, standard deviation, and the ends of the first and the last cell, by
# PyTorch from the weights as published, with batch normalization apart.
PYTORCH = [
    ((16, 16, 24), 10.982, (3.119, 13.803, -4.442), (5.277, 3.593, 10.511)),
    ((8, 8, 40), 10.191, (-16.942, 2.006, 15.833), (9.592, -6.551, -0.832)),
    ((4, 4, 112), 5.940, (-3.599, 3.643, 13.652), (0.301, 6.873, 8.395)),
    ((2, 2, 192), 7.493, (6.039, 0.504, -10.909), (-7.565, -12.278, 4.247)),
]


def waves():
    y, x = np.mgrid[:64, :64] / 64
    image = np.sin(9 * x + 2 * y), np.cos(7 * y - 3 * x), np.sin(20 * x * y)
    return tf.constant(np.stack(image, axis=-1)[None], tf.float32)


def test_maps_are_those_of_pytorch():
    """But for the rounding of kernels to float16."""
    maps = EfficientNetLite0(load_efficientnet_weights())(waves())
    for found, (shape, deviation, first, last) in zip(maps, PYTORCH):
        found = found.numpy()[0]
        assert found.shape == shape
        np.testing.assert_allclose(found.std(), deviation, rtol=2e-3)
        np.testing.assert_allclose(found[0, 0, :3], first, atol=0.15)
        np.testing.assert_allclose(found[-1, -1, -3:], last, atol=0.15)
    assert len(maps) == len(PYTORCH)

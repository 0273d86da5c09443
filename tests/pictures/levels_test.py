"""Grey levels of arrays, against the same operations of graphs."""

import numpy as np

from tf_btgmi.ops import image_ops
from tf_btgmi.pictures import levels

EVERY_LEVEL = np.arange(256, dtype=np.uint8)


def test_every_level_returns_from_the_network_s_range():
    values = levels.to_float(EVERY_LEVEL)
    assert values.dtype == np.float32
    assert values[0] == -1.0 and values[-1] == 1.0
    np.testing.assert_allclose(np.diff(values), 2 / 255, atol=2e-7)
    np.testing.assert_array_equal(levels.to_uint8(values), EVERY_LEVEL)


def test_arrays_and_graphs_convert_alike():
    values = np.linspace(-1.2, 1.2, 4801, dtype=np.float32)
    for name, inputs in (("to_uint8", values), ("to_float", EVERY_LEVEL)):
        array = getattr(levels, name)(inputs)
        tensor = getattr(image_ops, name)(inputs).numpy()
        assert tensor.dtype == array.dtype
        np.testing.assert_array_equal(tensor, array)


def test_values_beyond_the_levels_are_clipped_not_wrapped():
    np.testing.assert_array_equal(
        levels.rounded(np.array([-3.0, 0.4, 0.6, 300.0])), [0, 0, 1, 255]
    )

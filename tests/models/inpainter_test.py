import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.models.generator import Generator
from tf_btgmi.models.inpainter import inpainter


def tiny(outputs):
    generator = Generator(
        4, 8, 2, num_head_blocks=1, num_refinement_blocks=2, stage=1, outputs=outputs
    )
    generator.build()
    return generator


def test_it_fills_holes_as_the_whole_network_does_without_a_foreground(rng):
    generator = tiny(("inpainted", "harmonized"))
    for variable in generator.averaged_variables:
        value = rng.normal(0.0, 0.1, variable.shape)
        variable.assign(value if "kernel" in variable.name else value + 0.5)
    generator.fade_in_alpha.assign(0.25)
    smaller = inpainter(generator)
    inputs = tf.constant(rng.uniform(-1, 1, [2, 16, 16, 4]), tf.float32)
    wanted = generator(tf.pad(inputs, [[0, 0], [0, 0], [0, 0], [0, 1]]))["inpainted"]
    # Not black or white everywhere.
    assert np.ptp(wanted) > 0.1 and np.abs(wanted).max() < 0.999
    np.testing.assert_allclose(smaller(inputs), wanted, atol=1e-6)
    assert smaller.stage == 1 and smaller.input_channels == 4


def test_a_network_that_only_inpaints_is_its_own_inpainter():
    generator = tiny(("inpainted",))
    assert inpainter(generator) is generator


def test_one_that_only_harmonizes_is_refused():
    with pytest.raises(ValueError, match="outputs are harmonized; it does not fill"):
        inpainter(tiny(("harmonized",)))

"""That what PyTorch is timed on is the same method; skipped where it is missing."""

import importlib.util

import numpy as np
import pytest
import tensorflow as tf

from benchmarks import compare_pytorch

HAVE_TORCH = importlib.util.find_spec("torch") is not None
needs_torch = pytest.mark.skipif(
    not HAVE_TORCH, reason="PyTorch is missing (requirements-benchmarks.txt)"
)


@pytest.mark.skipif(HAVE_TORCH, reason="PyTorch is installed")
def test_a_missing_pytorch_is_told_with_what_to_do():
    with pytest.raises(ValueError, match="pip install -r requirements-benchmarks.txt"):
        compare_pytorch.need_pytorch()


@needs_torch
@pytest.mark.slow
def test_predictions_and_first_losses_are_those_of_tensorflow(lively_workdir):
    from benchmarks import both_frameworks

    batch = both_frameworks.make_batch(64, 2)
    both = both_frameworks.Both(lively_workdir, "float32", 64, batch)
    # `check` refuses more than 1e-4 and 1 %.
    assert both.check().startswith("predictions differ by at most")


@needs_torch
@pytest.mark.slow
def test_other_weights_are_found_out(lively_workdir):
    from benchmarks import both_frameworks

    batch = both_frameworks.make_batch(64, 2)
    both = both_frameworks.Both(lively_workdir, "float32", 64, batch)
    both.weights["stem.trainable_0_kernel"] *= np.float32(1.5)
    with pytest.raises(ValueError, match="TensorFlow and PyTorch differ: predictions"):
        both.check()


@needs_torch
@pytest.mark.parametrize("box", [(0, 0, 8, 8), (2, 1, 7, 6)])
def test_patches_are_cut_and_resized_alike(box, rng):
    import torch

    from benchmarks import both_frameworks, pytorch_step

    image = rng.normal(size=[1, 8, 8, 3]).astype(np.float32)
    y0, x0, y1, x1 = box
    places = np.array([[y0, x0, y1 - 1, x1 - 1]], np.float32) / 7
    wanted = tf.image.crop_and_resize(image, places, [0], [5, 5]).numpy()
    boxes = torch.tensor([box], dtype=torch.float32)
    found = pytorch_step.patches(both_frameworks.to_torch(image), boxes, 5)
    np.testing.assert_allclose(found.permute(0, 2, 3, 1).numpy(), wanted, atol=1e-5)

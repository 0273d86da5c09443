"""Batch normalization folded into the convolution before it, for inference.

Outside training it is `gamma (x - mean) / sqrt(variance + epsilon) + beta`: a scale
that the kernel can take and an offset. The same goes for the weight of the newest
refinement block, `h + alpha F(h)` (Sec. 3.3): the last convolution of `F` takes it.
"""

import keras
import numpy as np

from tf_btgmi.layers.convolution import NormalizedConvolution
from tf_btgmi.layers.residual import DilatedResidualBlock
from tf_btgmi.models.generator import Generator
from tf_btgmi.models.precision import under_policy


def fold(generator: Generator) -> Generator:
    """Returns a generator with equal predictions, up to rounding, and no normalization.

    It has the generator's precision policy.

    Inactive refinement blocks are dropped. The generator itself is returned where
    folding would change more than rounding: with instance normalization, whose
    statistics depend on the picture, with interpolated resampling, which pools between
    convolution and normalization, and for the generators of earlier systems.

    Args:
        generator: a built generator; its weights are float32 under any precision
            policy.
    """
    if not isinstance(generator, Generator):
        return generator
    if generator.normalization != "batch" or generator.resampling != "strided":
        return generator
    changes = {"normalization": "folded", "num_refinement_blocks": generator.stage}
    with under_policy(generator.dtype_policy):
        folded = type(generator).from_config({**generator.get_config(), **changes})
        folded.build()
    parts = generator.parts
    alpha = float(generator.fade_in_alpha.numpy())
    newest = f"refinement_block_{generator.stage - 1}"
    for name, target in folded.parts.items():
        source = parts[name]
        if not isinstance(target, (NormalizedConvolution, DilatedResidualBlock)):
            target.set_weights(source.get_weights())
            continue
        pairs = list(zip(_pairs(source), _pairs(target)))
        for pair, folded_pair in pairs:
            last = pair is pairs[-1][0]
            factor = alpha if name == newest and last else 1.0
            _fold_pair(pair, folded_pair, factor)
    folded.fade_in_alpha.assign(1.0)
    return folded


def _pairs(layer) -> list[tuple[keras.layers.Layer, keras.layers.Layer]]:
    """A layer's convolutions, each with the normalization that follows it."""
    if isinstance(layer, NormalizedConvolution):
        convolution = layer.inner
        while hasattr(convolution, "inner"):
            convolution = convolution.inner
        return [(convolution, layer.normalize)]
    return [
        (layer.convolution_1, layer.normalization_1),
        (layer.convolution_2, layer.normalization_2),
    ]


def _fold_pair(source, target, factor: float) -> None:
    convolution, normalization = source
    weights = ("gamma", "beta", "moving_mean", "moving_variance")
    gamma, beta, mean, variance = (
        np.asarray(getattr(normalization, name), np.float64) for name in weights
    )
    scale = factor * gamma / np.sqrt(variance + normalization.epsilon)
    kernel = np.asarray(convolution.kernel, np.float64)
    # [h, w, in, out], but [h, w, out, in] of a transposed convolution.
    transposed = isinstance(convolution, keras.layers.Conv2DTranspose)
    kernel = kernel * (scale[:, None] if transposed else scale)
    target[0].kernel.assign(kernel.astype(np.float32))
    target[1].offset.assign((factor * beta - mean * scale).astype(np.float32))

"""Wider networks that start with the function of narrower ones: Net2WiderNet.

Chen et al. 2016, "Net2Net: Accelerating Learning via Knowledge Transfer", Sec. 3. New
channels are copies of old ones; the weights that read a copied channel are divided
among the copies, so that the output stays the same. The shares are random, one for each
weight: with equal ones the copies would stay equal through all of training, and with
one per channel their gradients would be multiples of each other, which Adam follows by
nearly equal steps.
"""

import numpy as np

# Minimum of the smaller of a weight's two shares.
_LEAST_SHARE = 0.3


def widened(
    weights: dict[str, np.ndarray],
    shapes: dict[str, tuple],
    transposed: tuple = (),
) -> dict[str, np.ndarray]:
    """Weights of a wider network with the same output.

    Args:
        weights: of the narrower network, by name: kernels [h, w, in, out] and vectors
            of one value per channel.
        shapes: of the wider network's weights, by the same names.
        transposed: parts of names whose kernels are [h, w, out, in].

    Returns:
        Arrays of these shapes; equal to `weights` where the shapes are equal.

    Raises:
        ValueError: a layer is narrower than before, or more than twice as wide.
    """
    rng = np.random.default_rng(0)
    sources = {}

    def source(old, new):
        # The same for every layer of these widths, so that sums of layers still fit.
        if not old <= new <= 2 * old:
            raise ValueError(f"{old} channels cannot be widened to {new}.")
        if (old, new) not in sources:
            copies = rng.permutation(old)[: new - old]
            sources[old, new] = np.concatenate([np.arange(old), copies])
        return sources[old, new]

    result = {}
    for name, value in weights.items():
        shape = tuple(shapes[name])
        if value.ndim == 4:
            swap = any(part in name for part in transposed)
            old, new = value.shape[2:], shape[2:]
            if swap:
                value, old, new = value.swapaxes(2, 3), old[::-1], new[::-1]
            inputs = source(old[0], new[0])
            value = value[:, :, inputs][..., source(old[1], new[1])]
            value = value * _shares(inputs, new[1], rng)
            value = value.swapaxes(2, 3) if swap else value
        elif value.ndim == 1:
            value = value[source(len(value), shape[0])]
        result[name] = value
    return result


def _shares(inputs, num_outputs, rng):
    """Factors [in, out]: for each output, those of one source sum to 1."""
    shares = np.ones((len(inputs), num_outputs), np.float32)
    num = inputs.max() + 1
    for copy in range(num, len(inputs)):
        share = rng.uniform(_LEAST_SHARE, 1 - _LEAST_SHARE, num_outputs)
        shares[copy], shares[inputs[copy]] = share, 1 - share
    return shares

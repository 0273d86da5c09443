"""The guided model of two outputs in PyTorch, without an import of TensorFlow.

What `models.generator`, `ops.mismatch` and `training.initialization` have for a second
output: a network whose pictures come one output after the other, [2 B, 3, H, W], first
`inpainted`, then `harmonized`, as `training.regions` stacks them. Its examples are in
`pytorch_guided_data`.
"""

import copy
import math
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks import pytorch_weights
from benchmarks.pytorch_model import Generator

# Masked image, hole, foreground, mismatch.
_CHANNELS = 8
_MAP_CHANNELS = 15
_FIRST_TRUST = 0.5
_NUM_LEVELS = 5
_HARMONIZED = "harmonized_"


class Guide(NamedTuple):
    """Additional tensors of a guided batch.

    Attributes:
        masked_image: [B, 3, H, W], the hole at 0, the foreground in wrong colours.
        foreground: [B, 1, H, W].
        boxes: [B, K, 4], of the foregrounds.
    """

    masked_image: torch.Tensor
    foreground: torch.Tensor
    boxes: torch.Tensor


class GuidedGenerator(Generator):
    """The generator with a second back end that gives affine maps of colours.

    Attributes:
        shares: `change_share` and `mismatch_share` of the config; (1, 0) for training.

    Args:
        fields: of `config.generator`, with `harmonized_change`.
        num_refinement_blocks: see `Generator`.

    Raises:
        ValueError: another kind of generator.
    """

    def __init__(self, fields, num_refinement_blocks):
        if not fields.harmonized_change:
            raise ValueError("PyTorch's guided generator needs harmonized_change.")
        super().__init__(fields, num_refinement_blocks, channels=_CHANNELS)
        # Their weights are initialized or assigned like all others.
        self.harmonized_ups = copy.deepcopy(self.ups)
        self.harmonized_up_normalizations = copy.deepcopy(self.up_normalizations)
        channels = self.to_image.in_channels
        self.harmonized_to_image = nn.Conv2d(channels, _MAP_CHANNELS, 7)
        self.shares = (fields.change_share, fields.mismatch_share)

    def forward(self, inputs):
        image, hole, foreground = inputs.float().split([3, 1, 1], 1)
        mismatch = boundary_mismatch(image, foreground, hole)
        hidden = self.trunk(torch.cat([inputs, mismatch], 1))
        coefficients = self.back_end(
            hidden,
            self.harmonized_ups,
            self.harmonized_up_normalizations,
            self.harmonized_to_image,
        )
        inpainted = self.back_end(
            hidden, self.ups, self.up_normalizations, self.to_image
        )
        harmonized = _mapped(image, mismatch, coefficients, *self.shares)
        return torch.cat([inpainted, harmonized], 0)

    @torch.no_grad()
    def begin_without_change(self) -> None:
        """Initializes the harmonized picture: the image plus half of the mismatch."""
        nn.init.zeros_(self.harmonized_to_image.weight)
        nn.init.zeros_(self.harmonized_to_image.bias)
        self.harmonized_to_image.bias[-3:] = math.atanh(_FIRST_TRUST / 2)


def _mapped(image, mismatch, coefficients, change_share, mismatch_share):
    # Three factors, the offset and the factor of the mismatch, of three channels each.
    *factors, offset, trust = (2 * change_share * coefficients).split(3, 1)
    change = sum(f * channel for f, channel in zip(factors, image.split(1, 1)))
    return (image + change + offset + (trust + mismatch_share) * mismatch).clamp(-1, 1)


@torch.no_grad()
def boundary_mismatch(image, foreground, hole):
    """`ops.mismatch.boundary_mismatch`: [B, 3, H, W] in float32."""
    known = (1 - foreground) * (1 - hole)
    levels = []
    weighted, weight = _across(image, foreground, known)
    for _ in range(_NUM_LEVELS):
        levels.append((weighted, weight))
        weighted, weight = 4 * _halved(weighted), 4 * _halved(weight)
        share = 1 / weight.clamp(min=1)
        weighted, weight = share * weighted, share * weight
    total = weighted.sum((2, 3), keepdim=True)
    drawn = _divided(total, weight.sum((2, 3), keepdim=True))
    drawn = weighted + (1 - weight) * drawn
    for weighted, weight in reversed(levels):
        drawn = functional.interpolate(
            drawn, weight.shape[2:], mode="bilinear", align_corners=False
        )
        drawn = weighted + (1 - weight) * drawn
    return drawn * foreground


def _across(image, foreground, known):
    sides = torch.cat([image * foreground, foreground, image * known, known], 1)
    near = functional.avg_pool2d(sides, 3, 1, 1, count_include_pad=False)
    inside, num_inside, outside, num_outside = near.split([3, 1, 3, 1], 1)
    weight = 4 * num_inside * num_outside
    return weight * (_divided(outside, num_outside) - _divided(inside, num_inside)), (
        weight
    )


def _halved(values):
    return functional.avg_pool2d(values, 2, 2, ceil_mode=True, count_include_pad=False)


def _divided(values, count):
    # 0 where nothing is counted.
    return values / torch.where(count > 0, count, 1) * (count > 0)


def stacked(image, mask, boxes, guide: Guide):
    """Inputs of the losses of both outputs, concatenated.

    Returns:
        Image, masked image, mask and boxes, each [2 B, ...].
    """
    return (
        torch.cat([image, image], 0),
        torch.cat([guide.masked_image, guide.masked_image], 0),
        torch.cat([mask, guide.foreground], 0),
        torch.cat([boxes, guide.boxes], 0),
    )


def completed(arrays: dict, network: GuidedGenerator) -> dict:
    """The arrays of a network that inpaints, as those of one with both outputs.

    As `training.initialization`: additional input channels start at 0, the second back
    end as a copy of the first one, except for its last layer, which stays as it is.

    Args:
        arrays: of one network, by the names of `models.naming.named_weights`.
        network: that they are for.
    """
    result = dict(arrays)
    for name, tensor in pytorch_weights.named_tensors(network).items():
        if name in arrays:
            value = arrays[name]
            if name.startswith("stem.") and value.ndim == 4:
                missing = tensor.shape[1] - value.shape[2]
                value = np.pad(value, [[0, 0], [0, 0], [0, missing], [0, 0]])
        elif name.startswith("harmonized_to_image."):
            value = pytorch_weights.to_layout(tensor.detach().numpy())
        else:
            value = arrays[name[len(_HARMONIZED) :]]
        result[name] = value
    return result

"""The method's networks written plainly in PyTorch, to be compared with.

Tensors are [B, C, H, W]. Sides are halved and doubled in one of two ways: `aligned`
puts the padding where TensorFlow does, so that both give the same numbers; otherwise
it is PyTorch's usual form (`padding=1`, `output_padding=1`), as fast as PyTorch is.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

EPSILON = 1e-5
LEAK = 0.2
PADDING = 2
STRIDES = (2, 2, 2, 1, 1)


class Down(nn.Module):
    """A 3x3 convolution of stride 2."""

    def __init__(self, channels, filters, aligned):
        super().__init__()
        self.aligned = aligned
        padding = 0 if aligned else 1
        self.convolution = nn.Conv2d(channels, filters, 3, 2, padding, bias=False)

    def forward(self, hidden):
        if self.aligned:
            hidden = functional.pad(hidden, (0, 1, 0, 1))
        return self.convolution(hidden)


class Up(nn.Module):
    """A transposed 3x3 convolution of stride 2."""

    def __init__(self, channels, filters, aligned):
        super().__init__()
        self.aligned = aligned
        padding = 0 if aligned else 1
        self.convolution = nn.ConvTranspose2d(
            channels, filters, 3, 2, padding, padding, bias=False
        )

    def forward(self, hidden):
        hidden = self.convolution(hidden)
        return hidden[:, :, :-1, :-1] if self.aligned else hidden


class Block(nn.Module):
    """h + alpha F(h), F being conv (dilation 2), norm, ReLU, conv, norm."""

    def __init__(self, filters, dilation):
        super().__init__()
        self.convolution_1 = nn.Conv2d(
            filters, filters, 3, padding=dilation, dilation=dilation, bias=False
        )
        self.normalization_1 = nn.BatchNorm2d(filters, EPSILON)
        self.convolution_2 = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.normalization_2 = nn.BatchNorm2d(filters, EPSILON)

    def forward(self, hidden, alpha=1.0):
        change = torch.relu(self.normalization_1(self.convolution_1(hidden)))
        change = self.normalization_2(self.convolution_2(change))
        return hidden + change if alpha == 1.0 else hidden + alpha * change


class Generator(nn.Module):
    """The residual generator of one output, at one stage.

    Args:
        fields: of `config.generator`: strided, batch normalized, the first convolution
            of a block dilated.
        num_blocks: residual blocks, those of the stages among them.
        fade_in_alpha: weight of the newest block.
        aligned: see above.

    Raises:
        ValueError: another kind of generator.
    """

    def __init__(self, fields, num_blocks, fade_in_alpha=1.0, aligned=True):
        super().__init__()
        kind = (fields.architecture, fields.normalization, fields.resampling)
        if kind != ("residual", "batch", "strided") or (
            fields.dilated_convolutions != "first"
        ):
            raise ValueError(
                "The PyTorch generator is the residual one with batch normalization, "
                f"strided, dilated first; the config's is {', '.join(kind)}."
            )
        count = fields.num_downsamplings
        filters = [
            min(fields.base_filters * 2**level, fields.max_filters)
            for level in range(count + 1)
        ]
        self.fade_in_alpha = fade_in_alpha
        self.stem = nn.Conv2d(4, filters[0], 7, bias=False)
        self.stem_normalization = nn.BatchNorm2d(filters[0], EPSILON)
        pairs = list(zip(filters, filters[1:]))
        self.downs = nn.ModuleList(Down(a, b, aligned) for a, b in pairs)
        self.down_normalizations = nn.ModuleList(
            nn.BatchNorm2d(b, EPSILON) for _, b in pairs
        )
        self.blocks = nn.ModuleList(
            Block(filters[-1], fields.dilation) for _ in range(num_blocks)
        )
        self.ups = nn.ModuleList(Up(b, a, aligned) for a, b in reversed(pairs))
        self.up_normalizations = nn.ModuleList(
            nn.BatchNorm2d(a, EPSILON) for a, _ in reversed(pairs)
        )
        self.to_image = nn.Conv2d(filters[0], 3, 7)

    def forward(self, inputs):
        hidden = self.stem(functional.pad(inputs, (3, 3, 3, 3), "reflect"))
        hidden = torch.relu(self.stem_normalization(hidden))
        for layer, normalize in zip(self.downs, self.down_normalizations):
            hidden = torch.relu(normalize(layer(hidden)))
        for block in self.blocks:
            newest = block is self.blocks[-1]
            hidden = block(hidden, self.fade_in_alpha if newest else 1.0)
        for layer, normalize in zip(self.ups, self.up_normalizations):
            hidden = torch.relu(normalize(layer(hidden)))
        hidden = self.to_image(functional.pad(hidden, (3, 3, 3, 3), "reflect"))
        return torch.tanh(hidden.float())


class PatchDiscriminator(nn.Module):
    """One PatchGAN: [B, 6, H, W] to logits [B, 1, h, w]."""

    def __init__(self, base_filters):
        super().__init__()
        filters = [6] + [base_filters * 2**i for i in range(4)] + [1]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(filters[i], filters[i + 1], 4, stride, PADDING, bias=i in (0, 4))
            for i, stride in enumerate(STRIDES)
        )

    def forward(self, hidden):
        for position, layer in enumerate(self.convolutions):
            hidden = layer(hidden)
            if 0 < position < 4:
                hidden = functional.instance_norm(hidden, eps=EPSILON)
            if position < 4:
                hidden = functional.leaky_relu(hidden, LEAK)
        return hidden.float()


class MultiScaleDiscriminator(nn.Module):
    """Identical PatchGANs at scales 1, 1/2, 1/4: a list of logits, finest first."""

    def __init__(self, base_filters, num_scales):
        super().__init__()
        self.scales = nn.ModuleList(
            PatchDiscriminator(base_filters) for _ in range(num_scales)
        )

    def forward(self, inputs):
        logits = []
        for position, scale in enumerate(self.scales):
            if position:
                inputs = functional.avg_pool2d(inputs, 3, 2, 1, count_include_pad=False)
            logits.append(scale(inputs))
        return logits


def copy_generator(weights, generator: Generator) -> None:
    """Gives a generator the weights of TensorFlow's.

    Args:
        weights: arrays by the names of `models.naming.named_weights`.
        generator: with as many blocks as are to run.
    """
    pairs = [("stem", generator.stem, generator.stem_normalization)]
    for name, layers, normalizations in (
        ("front_end", generator.downs, generator.down_normalizations),
        ("back_end", generator.ups, generator.up_normalizations),
    ):
        for i, (layer, normalize) in enumerate(zip(layers, normalizations)):
            pairs.append((f"{name}_{i}", layer.convolution, normalize))
    for part, layer, normalize in pairs:
        _copy_kernel(weights[f"{part}.trainable_0_kernel"], layer)
        _copy_normalization(weights, part, 0, normalize)
    num_head = sum(name.startswith("head_block") for name in weights) // 10
    for i, block in enumerate(generator.blocks):
        part = f"head_block_{i}"
        if i >= num_head:
            part = f"refinement_block_{i - num_head}"
        _copy_kernel(weights[f"{part}.trainable_0_kernel"], block.convolution_1)
        _copy_normalization(weights, part, 0, block.normalization_1)
        _copy_kernel(weights[f"{part}.trainable_3_kernel"], block.convolution_2)
        _copy_normalization(weights, part, 1, block.normalization_2)
    _copy_kernel(weights["to_image.trainable_0_kernel"], generator.to_image)
    _copy(weights["to_image.trainable_1_bias"], generator.to_image.bias)


def copy_discriminator(weights, discriminator: MultiScaleDiscriminator) -> None:
    """The same for the discriminator."""
    for scale, network in enumerate(discriminator.scales):
        names = [name for name in weights if name.startswith(f"scale_{scale}.")]
        # In the order of the layers: kernel, bias, three kernels, kernel, bias.
        values = [weights[name] for name in names]
        for layer in network.convolutions:
            _copy_kernel(values.pop(0), layer)
            if layer.bias is not None:
                _copy(values.pop(0), layer.bias)


def _copy_kernel(kernel, layer) -> None:
    # [h, w, in, out] to [out, in, h, w]; of a transposed one both have in and out
    # the other way round.
    _copy(np.transpose(kernel, (3, 2, 0, 1)), layer.weight)


def _copy_normalization(weights, part, position, normalize) -> None:
    gamma = 1 + 3 * position
    _copy(weights[f"{part}.trainable_{gamma}_gamma"], normalize.weight)
    _copy(weights[f"{part}.trainable_{gamma + 1}_beta"], normalize.bias)
    mean = 2 * position
    place = f"{part}.non_trainable"
    _copy(weights[f"{place}_{mean}_moving_mean"], normalize.running_mean)
    _copy(weights[f"{place}_{mean + 1}_moving_variance"], normalize.running_var)


@torch.no_grad()
def _copy(value, target) -> None:
    if tuple(value.shape) != tuple(target.shape):
        raise ValueError(f"The weight is {value.shape}, its place {target.shape}.")
    target.copy_(torch.from_numpy(np.ascontiguousarray(value)))

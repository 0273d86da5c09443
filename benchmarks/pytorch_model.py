"""The method's networks written plainly in PyTorch, without an import of TensorFlow.

Tensors are [B, C, H, W]. Sides are halved and doubled in one of two ways: `aligned`
puts the padding where TensorFlow does, so that both give the same numbers; otherwise
it is PyTorch's usual form (`padding=1`, `output_padding=1`), as fast as PyTorch is.
"""

import functools

import torch
from torch import nn
from torch.nn import functional

EPSILON = 1e-5
LEAK = 0.2
PADDING = 2
STRIDES = (2, 2, 2, 1, 1)


class MaxPooled(nn.Module):
    """A 3x3 convolution, then a 2x2 max-pool."""

    def __init__(self, channels, filters):
        super().__init__()
        self.convolution = nn.Conv2d(channels, filters, 3, padding=1, bias=False)

    def forward(self, hidden):
        return functional.max_pool2d(self.convolution(hidden), 2)


class Interpolated(nn.Module):
    """Bilinear doubling, then a 3x3 convolution."""

    def __init__(self, channels, filters):
        super().__init__()
        self.convolution = nn.Conv2d(channels, filters, 3, padding=1, bias=False)

    def forward(self, hidden):
        hidden = functional.interpolate(hidden, scale_factor=2, mode="bilinear")
        return self.convolution(hidden)


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
        if not self.aligned:
            return hidden
        # A part of a tensor has no fast normalization.
        return hidden[:, :, :-1, :-1].contiguous(memory_format=torch.channels_last)


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

    def forward(self, hidden, alpha=None):
        change = torch.relu(self.normalization_1(self.convolution_1(hidden)))
        change = self.normalization_2(self.convolution_2(change))
        return hidden + change if alpha is None else hidden + alpha * change


class Generator(nn.Module):
    """The residual generator of one output; `pytorch_guided` has that of two.

    Attributes:
        stage: number of refinement blocks that run.
        fade_in_alpha: buffer, weight of the newest of them.

    Args:
        fields: of `config.generator`: batch normalized, the first convolution of a
            block dilated.
        num_refinement_blocks: blocks beyond the head's.
        aligned: see above.
        channels: of the input.

    Raises:
        ValueError: another kind of generator.
    """

    def __init__(self, fields, num_refinement_blocks, aligned=True, channels=4):
        super().__init__()
        kind = (
            fields.architecture,
            fields.normalization,
            fields.dilated_convolutions,
        )
        if kind != ("residual", "batch", "first"):
            raise ValueError(
                "The PyTorch generator is the residual one with batch normalization, "
                f"dilated first; the config's is {', '.join(kind)}."
            )
        if fields.resampling == "strided":
            down = functools.partial(Down, aligned=aligned)
            up = functools.partial(Up, aligned=aligned)
        else:
            down, up = MaxPooled, Interpolated
        count = fields.num_downsamplings
        filters = [
            min(fields.base_filters * 2**level, fields.max_filters)
            for level in range(count + 1)
        ]
        self.stage = num_refinement_blocks
        self._refinement_start = fields.refinement_start
        self.register_buffer("fade_in_alpha", torch.ones(()))
        self.stem = nn.Conv2d(channels, filters[0], 7, bias=False)
        self.stem_normalization = nn.BatchNorm2d(filters[0], EPSILON)
        pairs = list(zip(filters, filters[1:]))
        self.downs = nn.ModuleList(down(a, b) for a, b in pairs)
        self.down_normalizations = nn.ModuleList(
            nn.BatchNorm2d(b, EPSILON) for _, b in pairs
        )
        self.head_blocks = nn.ModuleList(
            Block(filters[-1], fields.dilation) for _ in range(fields.num_head_blocks)
        )
        self.refinement_blocks = nn.ModuleList(
            Block(filters[-1], fields.dilation) for _ in range(num_refinement_blocks)
        )
        self.ups = nn.ModuleList(up(b, a) for a, b in reversed(pairs))
        self.up_normalizations = nn.ModuleList(
            nn.BatchNorm2d(a, EPSILON) for a, _ in reversed(pairs)
        )
        self.to_image = nn.Conv2d(filters[0], 3, 7)

    def begin_refinement(self) -> None:
        """Initializes the last scales of refinement blocks that start as identities."""
        if self._refinement_start == "identity":
            for block in self.refinement_blocks:
                nn.init.zeros_(block.normalization_2.weight)

    def forward(self, inputs):
        return self.back_end(
            self.trunk(inputs), self.ups, self.up_normalizations, self.to_image
        )

    def trunk(self, inputs):
        """Features of the inputs, after the last block that runs."""
        hidden = self.stem(functional.pad(inputs, (3, 3, 3, 3), "reflect"))
        hidden = torch.relu(self.stem_normalization(hidden))
        for layer, normalize in zip(self.downs, self.down_normalizations):
            hidden = torch.relu(normalize(layer(hidden)))
        for block in self.head_blocks:
            hidden = block(hidden)
        for i, block in enumerate(self.refinement_blocks[: self.stage]):
            newest = i == self.stage - 1
            hidden = block(hidden, self.fade_in_alpha if newest else None)
        return hidden

    @staticmethod
    def back_end(hidden, ups, normalizations, to_image):
        """From features to [B, C, H, W] in [-1, 1]."""
        for layer, normalize in zip(ups, normalizations):
            hidden = torch.relu(normalize(layer(hidden)))
        hidden = to_image(functional.pad(hidden, (3, 3, 3, 3), "reflect"))
        return torch.tanh(hidden.float())


class SpectralConvolution(nn.Conv2d):
    """A convolution whose kernel is divided by its largest singular value.

    In training, each call takes one power iteration, as `layers.spectral` does.
    """

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        vector = 0.05 * torch.randn(1, self.out_channels)
        self.register_buffer("singular_vector", vector)

    def forward(self, hidden):
        # In float32, whatever the precision around it.
        with torch.autocast(hidden.device.type, enabled=False):
            matrix = self.weight.flatten(1)
            left = _unit(self.singular_vector @ matrix.detach())
            product = left @ matrix.T
            if self.training:
                self.singular_vector.copy_(_unit(product.detach()))
            kernel = self.weight / (product.norm() + 1e-12)
        return self._conv_forward(hidden, kernel, self.bias)


def _unit(vector):
    return vector / (vector.norm() + 1e-12)


class PatchDiscriminator(nn.Module):
    """One PatchGAN: [B, 6, H, W] to logits [B, 1, h, w].

    Args:
        base_filters: filters of the first convolution; doubled three times.
        normalization: `spectral`, `instance` or `none`.

    Raises:
        ValueError: another normalization.
    """

    def __init__(self, base_filters, normalization):
        super().__init__()
        if normalization not in ("spectral", "instance", "none"):
            raise ValueError(
                "The PyTorch discriminator has spectral, instance or no normalization; "
                f"the config's is {normalization}."
            )
        self.instance = normalization == "instance"
        make = SpectralConvolution if normalization == "spectral" else nn.Conv2d
        filters = [6] + [base_filters * 2**i for i in range(4)] + [1]
        self.convolutions = nn.ModuleList(
            make(
                filters[i],
                filters[i + 1],
                4,
                stride,
                PADDING,
                bias=not self.instance or i in (0, 4),
            )
            for i, stride in enumerate(STRIDES)
        )

    def forward(self, hidden):
        for position, layer in enumerate(self.convolutions):
            hidden = layer(hidden)
            if self.instance and 0 < position < 4:
                hidden = functional.instance_norm(hidden, eps=EPSILON)
            if position < 4:
                hidden = functional.leaky_relu(hidden, LEAK)
        return hidden.float()


class MultiScaleDiscriminator(nn.Module):
    """Identical PatchGANs at scales 1, 1/2, 1/4: a list of logits, finest first.

    Args:
        fields: of `config.discriminator`.
    """

    def __init__(self, fields):
        super().__init__()
        self.scales = nn.ModuleList(
            PatchDiscriminator(fields.base_filters, fields.normalization)
            for _ in range(fields.num_scales)
        )

    def forward(self, inputs):
        logits = []
        for position, scale in enumerate(self.scales):
            if position:
                inputs = functional.avg_pool2d(inputs, 3, 2, 1, count_include_pad=False)
            logits.append(scale(inputs))
        return logits

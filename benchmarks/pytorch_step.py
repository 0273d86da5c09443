"""The method's training step written plainly in PyTorch: losses, Adam, average.

LSGAN with patch labels, the patch perceptual loss on one box a picture and the L1 term.
Tensors are [B, C, H, W]; boxes are [B, 4] pixels (y0, x0, y1, x1), end-exclusive.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.pytorch_model import PADDING, STRIDES

_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_EPSILON = 1e-10


class LPIPS(nn.Module):
    """Weighted unit-length activations of AlexNet's five layers.

    Args:
        weights: what `models.lpips_trunks.load_lpips_weights` gives.
    """

    def __init__(self, weights):
        super().__init__()
        layers = []
        for i in range(1, 6):
            kernel = np.transpose(weights[f"conv{i}/kernel"], (3, 2, 0, 1))
            filters, channels, side, _ = kernel.shape
            stride, padding = (4, 2) if i == 1 else (1, side // 2)
            layer = nn.Conv2d(channels, filters, side, stride, padding)
            layer.weight.data = torch.from_numpy(np.ascontiguousarray(kernel))
            layer.bias.data = torch.from_numpy(np.array(weights[f"conv{i}/bias"]))
            layers.append(layer)
            root = torch.from_numpy(np.sqrt(weights[f"lin{i}"])).view(1, -1, 1, 1)
            self.register_buffer(f"root_{i}", root)
        self.layers = nn.ModuleList(layers)
        self.register_buffer("shift", torch.tensor(_SHIFT).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(_SCALE).view(1, 3, 1, 1))
        self.requires_grad_(False)

    def forward(self, image):
        hidden = (image - self.shift) / self.scale
        features = []
        for i, layer in enumerate(self.layers, start=1):
            if i in (2, 3):
                hidden = functional.max_pool2d(hidden, 3, 2)
            hidden = torch.relu(layer(hidden))
            activation = hidden.float()
            square = activation.square().sum(1, keepdim=True)
            norm = square.clamp(min=_EPSILON**2).sqrt() + _EPSILON
            features.append(activation / norm * getattr(self, f"root_{i}"))
        return features


def patches(image, boxes, size: int):
    """Boxes [N, 4] of pictures [N, C, H, W], resized bilinearly to `size`."""
    height, width = image.shape[2:]
    steps = torch.linspace(0, 1, size)
    y = boxes[:, :1] + (boxes[:, 2:3] - 1 - boxes[:, :1]) * steps
    x = boxes[:, 1:2] + (boxes[:, 3:] - 1 - boxes[:, 1:2]) * steps
    # Places between -1, the first pixel's centre, and 1, the last one's.
    y, x = 2 * y / (height - 1) - 1, 2 * x / (width - 1) - 1
    count = len(boxes)
    grid = torch.stack(
        [
            x[:, None, :].expand(count, size, size),
            y[:, :, None].expand(count, size, size),
        ],
        dim=-1,
    )
    return functional.grid_sample(image, grid, align_corners=True)


def context_boxes(boxes, margin: float, height: int, width: int):
    """Boxes grown about their centres, clipped to the picture."""
    grow = (boxes[:, 2:] - boxes[:, :2]) * (margin - 1) / 2
    limit = torch.tensor([height, width], dtype=boxes.dtype)
    start = (boxes[:, :2] - grow).clamp(min=0)
    return torch.cat([start, torch.minimum(boxes[:, 2:] + grow, limit)], dim=1)


def patch_masks(mask, num_scales: int):
    """Which patches of each scale meet the hole, by max-pools with their windows."""
    masks = []
    for scale in range(num_scales):
        if scale:
            mask = functional.max_pool2d(mask, 3, 2, 1)
        seen = mask
        for stride in STRIDES:
            edge = (PADDING,) * 4
            seen = functional.max_pool2d(functional.pad(seen, edge), 4, stride)
        masks.append(seen)
    return masks


class TrainingStep:
    """One step of both networks.

    Args:
        generator: of `pytorch_model`.
        average: the same, moved towards it after each step.
        discriminator: of `pytorch_model`.
        lpips: an `LPIPS`.
        config: the experiment.
    """

    def __init__(self, generator, average, discriminator, lpips, config):
        self.generator = generator
        self.average = average
        self.discriminator = discriminator
        self.lpips = lpips
        self.losses = config.losses
        self.count = 0
        self.decay = config.training.ema_decay
        rate = config.procedure.learning_rate
        options = {"betas": (0.5, 0.999), "eps": 1e-7, "fused": True}
        self.generator_optimizer = torch.optim.Adam(
            generator.parameters(), rate, **options
        )
        factor = config.procedure.discriminator_learning_rate_factor
        self.discriminator_optimizer = torch.optim.Adam(
            discriminator.parameters(), rate * factor, **options
        )

    def __call__(self, image, mask, boxes) -> dict:
        """Trains on a batch and returns its losses."""
        masked = image * (1 - mask)
        prediction = self.generator(torch.cat([masked, mask], 1))
        composite = mask * prediction + (1 - mask) * image
        masks = patch_masks(mask, len(self.discriminator.scales))
        losses = {
            "discriminator_loss": self._train_discriminator(
                image, masked, composite.detach(), masks
            )
        }
        # Its gradients are not wanted here.
        self.discriminator.requires_grad_(False)
        logits = self.discriminator(torch.cat([masked, composite], 1))
        self.discriminator.requires_grad_(True)
        losses["adversarial_loss"] = _adversarial(logits, masks)
        losses["reconstruction_loss"] = self._perceptual(image, composite, boxes)
        losses["pixel_loss"] = (composite - image).abs().mean()
        loss = (
            self.losses.reconstruction_weight * losses["reconstruction_loss"]
            + self.losses.pixel_weight * losses["pixel_loss"]
            + losses["adversarial_loss"]
        )
        losses["generator_loss"] = loss
        self.generator_optimizer.zero_grad()
        loss.backward()
        self.generator_optimizer.step()
        self._update_average()
        return losses

    def _train_discriminator(self, image, masked, composite, masks):
        pairs = [torch.cat([masked, image], 1), torch.cat([masked, composite], 1)]
        logits = self.discriminator(torch.cat(pairs, 0))
        loss = 0.0
        for scale, mask in zip(logits, masks):
            real, fake = scale.chunk(2)
            on_images = (real - 1).square().mean()
            on_composites = (fake - (1 - mask)).square().mean()
            loss = loss + 0.5 * (on_images + on_composites)
        self.discriminator_optimizer.zero_grad()
        loss.backward()
        self.discriminator_optimizer.step()
        return loss

    def _perceptual(self, image, composite, boxes):
        size, margin = self.losses.ppl_patch_size, self.losses.ppl_context_margin
        around = context_boxes(boxes, margin, *image.shape[2:])
        both = torch.cat([boxes, around])
        with torch.no_grad():
            wanted = self.lpips(patches(image.repeat(2, 1, 1, 1), both, size))
        given = self.lpips(patches(composite.repeat(2, 1, 1, 1), both, size))
        distance = sum(
            (a - b).square().sum(1).mean((1, 2)) for a, b in zip(wanted, given)
        )
        # The sum of both patches, the mean over the batch.
        return 2 * distance.mean()

    @torch.no_grad()
    def _update_average(self):
        self.count += 1
        warm = (1 + self.count) / (10 + self.count)
        pace = 1 - min(self.decay, warm)
        targets, values = [], []
        for network, found in ((self.average, targets), (self.generator, values)):
            found += list(network.parameters())
            found += [b for b in network.buffers() if b.is_floating_point()]
        torch._foreach_lerp_(targets, values, pace)


def _adversarial(logits, masks):
    loss = 0.0
    for fake, mask in zip(logits, masks):
        error = ((fake - 1).square() * mask).sum((1, 2, 3))
        count = mask.sum((1, 2, 3))
        loss = loss + (error / count.clamp(min=1)).mean()
    return loss

"""The method's losses written plainly in PyTorch.

Tensors are [B, C, H, W]; boxes are [B, K, 4] pixels (y0, x0, y1, x1), end-exclusive,
zeros where absent. `fields` are those of `config.losses`.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.pytorch_model import PADDING, STRIDES
from benchmarks.pytorch_weights import from_layout

_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_EPSILON = 1e-10
_SMALLEST_HOLE = 0.01


class LPIPS(nn.Module):
    """Weighted unit-length activations of AlexNet's five layers.

    Args:
        weights: arrays of `assets.perceptual_weights_path()` by name.
    """

    def __init__(self, weights):
        super().__init__()
        layers = []
        for i in range(1, 6):
            kernel = from_layout(weights[f"conv{i}/kernel"])
            filters, channels, side, _ = kernel.shape
            stride, padding = (4, 2) if i == 1 else (1, side // 2)
            layer = nn.Conv2d(channels, filters, side, stride, padding)
            layer.weight.data = torch.from_numpy(kernel)
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


def resize_boxes(image, boxes, side: int):
    """Boxes, resized bilinearly and antialiased: [B, K, C, side, side].

    The matrix products of `ops.image_ops.resize_boxes`, in float32.
    """
    with torch.autocast(image.device.type, enabled=False):
        height, width = image.shape[2:]
        rows = _interpolation(boxes[..., 0], boxes[..., 2], height, side)
        columns = _interpolation(boxes[..., 1], boxes[..., 3], width, side)
        return rows[:, :, None] @ (image[:, None] @ columns.mT[:, :, None])


def _interpolation(start, end, length: int, side: int):
    start, end = start[..., None], end[..., None]
    step = (end - start) / side
    places = start + (torch.arange(side, device=start.device) + 0.5) * step
    centres = torch.arange(length, device=start.device) + 0.5
    reach = step.clamp(min=1.0)[..., None]
    weights = torch.relu(1.0 - (places[..., None] - centres).abs() / reach)
    weights = weights * ((centres >= start) & (centres <= end))[..., None, :]
    total = weights.sum(-1, keepdim=True)
    return weights / torch.where(total > 0, total, 1.0)


def context_boxes(boxes, margin: float, height: int, width: int):
    """Boxes grown about their centres, clipped to the picture."""
    grow = (boxes[..., 2:] - boxes[..., :2]) * (margin - 1) / 2
    start, end = (boxes[..., :2] - grow).clamp(min=0), boxes[..., 2:] + grow
    bottom, right = end[..., :1].clamp(max=height), end[..., 1:].clamp(max=width)
    return torch.cat([start, bottom, right], dim=-1)


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


def patch_labels(masks, kind: str):
    """Which patches of a composite are fake: `hole` or `all_fake`, by scale.

    A composite without a hole is the image, and all of its patches are real.
    """
    if kind == "hole":
        return masks
    return [mask.amax((1, 2, 3), keepdim=True).expand_as(mask) for mask in masks]


def discriminator_loss(real, fake, mask, fields):
    """One scale's loss of the discriminator.

    Args:
        real: logits of images.
        fake: logits of composites.
        mask: of the fake patches, see `patch_labels`.
        fields: see above.
    """
    error = _error(real, 1.0, fields.adversarial)
    error = error + _error(fake, 1 - mask, fields.adversarial)
    if fields.discriminator_patches == "hole":
        return 0.5 * _hole_mean(error, mask)
    return 0.5 * error.mean()


def adversarial_loss(logits, masks, fields):
    """The generator's adversarial term: the sum over scales."""
    loss = 0.0
    for fake, mask in zip(logits, masks):
        hinge = fields.adversarial == "hinge"
        error = -fake if hinge else _error(fake, 1.0, fields.adversarial)
        loss = loss + _hole_mean(error, mask)
    return loss


def pixel_loss(image, composite, mask, fields):
    """The mean absolute difference over the picture or each hole."""
    difference = (composite - image).abs()
    if fields.pixel_region == "picture":
        return difference.mean()
    return region_mean(difference, mask).mean()


def region_mean(values, region):
    """The mean of [B, C, H, W] over each example's region, [B]; 0 if it is empty."""
    share = region.mean((1, 2, 3)).clamp(min=_SMALLEST_HOLE)
    return (values.mean(1) * region[:, 0]).mean((1, 2)) / share


def reconstruction_loss(lpips, image, composite, boxes, fields, jitter):
    """The term that `fields.reconstruction` names; arguments of PPL."""
    if fields.reconstruction == "ppl":
        return patch_perceptual_loss(lpips, image, composite, boxes, fields, jitter)
    if fields.reconstruction == "perceptual":
        return lpips_distance(lpips(image), lpips(composite)).mean()
    difference = composite - image
    if fields.reconstruction == "l1":
        return difference.abs().mean()
    return difference.square().mean()


def lpips_distance(first, second):
    """The distance of each pair of pictures by their `LPIPS` features: [B]."""
    return sum((a - b).square().sum(1).mean((1, 2)) for a, b in zip(first, second))


def patch_perceptual_loss(lpips, image, composite, boxes, fields, jitter):
    """PPL, the patch perceptual loss.

    Args:
        lpips: an `LPIPS`.
        image: [B, 3, H, W] in [-1, 1].
        composite: the same.
        boxes: [B, K, 4], of the holes.
        fields: see above.
        jitter: [4] in [0, 1], how far each edge of the boxes moves, as shares of
            `ppl_jitter`.
    """
    size = fields.ppl_patch_size
    around = context_boxes(boxes, fields.ppl_context_margin, *image.shape[2:])
    both = torch.cat([boxes, around], 1)
    moves = jitter * fields.ppl_jitter / size
    start, end = both[..., :2], both[..., 2:]
    sides = end - start
    both = torch.cat([start - moves[:2] * sides, end + moves[2:] * sides], -1)
    with torch.no_grad():
        targets = lpips(resize_boxes(image, both, size).flatten(0, 1))
    features = lpips(resize_boxes(composite, both, size).flatten(0, 1))
    distance = lpips_distance(targets, features)
    # The sum of both patches, the mean over holes, the mean over the batch.
    present = (boxes[..., 2] > boxes[..., 0]).float()
    per_hole = distance.view(len(image), 2, -1).sum(1) * present
    return (per_hole.sum(1) / present.sum(1).clamp(min=1)).mean()


def _error(logits, target, kind):
    if kind == "lsgan":
        return (logits - target).square()
    target = target * torch.ones_like(logits)
    if kind == "bce":
        return functional.binary_cross_entropy_with_logits(
            logits, target, reduction="none"
        )
    return torch.relu(1 - (2 * target - 1) * logits)


def _hole_mean(error, mask):
    # Over each example's hole patches, then over the batch.
    total, count = (error * mask).sum((1, 2, 3)), mask.sum((1, 2, 3))
    return (total / count.clamp(min=1)).mean()

"""Colour changes of foregrounds in PyTorch: `data.recoloring` and `ops.color_ops`.

Pictures are [B, 3, H, W] float32 in [-1, 1], parameters [B]. Nothing here imports
TensorFlow; the formulas and their sources are documented in `ops/color_ops.py`.
"""

import math

import torch

from tf_btgmi.data.guided import Changes

_RGB_TO_XYZ = torch.tensor(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ],
    dtype=torch.float64,
)
_TO_XYZ = _RGB_TO_XYZ / _RGB_TO_XYZ.sum(1, keepdim=True)
_TO_LAB = torch.tensor(
    [[0.0, 116.0, 0.0], [500.0, -500.0, 0.0], [0.0, 200.0, -200.0]],
    dtype=torch.float64,
)
_LIGHTNESS_OFFSET = -16.0
_TO_YIQ = torch.tensor(
    [[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]],
    dtype=torch.float64,
)
_FROM_XYZ, _FROM_LAB, _FROM_YIQ = map(torch.linalg.inv, (_TO_XYZ, _TO_LAB, _TO_YIQ))
_DELTA = 6 / 29
_FLAT = 1e-3
_MAX_SCALE = 4.0


@torch.no_grad()
def recolor(image, foreground, second, changes):
    """The image with other colours in its foreground.

    Args:
        image: [B, 3, H, W].
        foreground: [B, 1, H, W], 1 = foreground.
        second: [B, 3, h, w], whose statistics the foreground may be given.
        changes: [B, 13], the fields of `Changes`.
    """
    change = Changes(*(x.view(-1, 1, 1, 1) for x in changes.unbind(-1)))
    shift = (change.lightness, change.green_red, change.blue_yellow)
    spread = (
        change.lightness_spread,
        change.green_red_spread,
        change.blue_yellow_spread,
    )
    wrong = transfer_statistics(
        image,
        foreground,
        second,
        change.strength,
        torch.cat(shift, 1),
        torch.cat(spread, 1),
    )
    wrong = _picture(_unit(wrong).clamp(min=1e-6) ** change.gamma)
    mean, _ = _statistics(wrong, foreground)
    wrong = ((wrong - mean) * change.contrast + mean).clamp(-1, 1)
    wrong = _turned(wrong, change.turns, change.saturation)
    wrong = _lit(wrong, change.gradient, change.direction)
    return foreground * wrong + (1 - foreground) * image


def transfer_statistics(image, mask, target, strength, shift, spread):
    """`color_ops.transfer_statistics`."""
    lab = _rgb_to_lab(image)
    mean, deviation = _statistics(lab, mask)
    whole = torch.ones_like(target[:, :1])
    target_mean, target_deviation = _statistics(_rgb_to_lab(target), whole)
    flat = deviation < _FLAT
    scale = target_deviation / torch.where(flat, 1.0, deviation)
    scale = torch.where(flat, 1.0, scale.clamp(max=_MAX_SCALE))
    changed = (lab - mean) * scale + target_mean
    changed = lab + strength * (changed - lab)
    mean = mean + strength * (target_mean - mean)
    return _lab_to_rgb((changed - mean) * spread + mean + shift)


def _rgb_to_lab(image):
    value = _unit(image)
    linear = torch.where(
        value > 0.04045,
        ((value.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4,
        value / 12.92,
    )
    xyz = _mapped(linear, _TO_XYZ)
    root = torch.where(
        xyz > _DELTA**3,
        xyz.clamp(min=_DELTA**3) ** (1 / 3),
        xyz / (3 * _DELTA**2) + 4 / 29,
    )
    lab = _mapped(root, _TO_LAB)
    lab[:, 0] += _LIGHTNESS_OFFSET
    return lab


def _lab_to_rgb(lab):
    shifted = lab.clone()
    shifted[:, 0] -= _LIGHTNESS_OFFSET
    root = _mapped(shifted, _FROM_LAB)
    xyz = torch.where(root > _DELTA, root**3, 3 * _DELTA**2 * (root - 4 / 29))
    linear = _mapped(xyz, _FROM_XYZ).clamp(0, 1)
    value = torch.where(
        linear > 0.0031308,
        1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055,
        12.92 * linear,
    )
    return _picture(value)


def _statistics(values, mask):
    count = mask.sum((2, 3), keepdim=True)

    def mean(quantity):
        total = (quantity * mask).sum((2, 3), keepdim=True)
        return total / count.clamp(min=1)

    centre = mean(values)
    return centre, mean((values - centre) ** 2).sqrt()


def _turned(image, turns, saturation):
    luma, i, q = _mapped(image, _TO_YIQ).split(1, 1)
    angle = 2 * math.pi * turns
    cosine, sine = angle.cos() * saturation, angle.sin() * saturation
    turned = torch.cat([luma, cosine * i - sine * q, sine * i + cosine * q], 1)
    return _mapped(turned, _FROM_YIQ).clamp(-1, 1)


def _lit(image, strength, direction):
    height, width = image.shape[2:]
    y = torch.arange(height, device=image.device) - (height - 1) / 2
    x = torch.arange(width, device=image.device) - (width - 1) / 2
    along = direction.cos() * x.view(1, 1, 1, -1)
    down = direction.sin() * y.view(1, 1, -1, 1)
    place = (along + down) / (y[0] ** 2 + x[0] ** 2).sqrt()
    return _picture(_unit(image) * (1 + strength * place))


def _unit(image):
    return (image + 1) / 2


def _picture(value):
    return (2 * value - 1).clamp(-1, 1)


def _mapped(values, matrix):
    # Not a matrix product, which a GPU may take in TF32.
    first, second, third = values.split(1, 1)
    rows = [
        torch.add(first * a, second, alpha=b).add_(third, alpha=c)
        for a, b, c in matrix.tolist()
    ]
    return torch.cat(rows, 1)

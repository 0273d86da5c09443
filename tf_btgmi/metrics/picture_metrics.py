"""Metrics of one composite against the truth, both as files hold them: uint8.

Pictures are [H, W, 3] uint8, masks [H, W] bool with True = hole. Errors are shares of
the range, 0 to 1. What belongs to the hole alone is named `hole_...`.
"""

import numpy as np
from skimage.metrics import structural_similarity

# The PSNR of identical pictures, in dB, instead of infinity. One grey level in one
# value of a 128-pixel picture is 95 dB.
MAX_PSNR = 100.0
# The window of SSIM is 11 pixels wide (sigma 1.5, cut at 3.5 sigma).
MIN_SIDE = 11


def picture_metrics(
    image: np.ndarray, composite: np.ndarray, mask: np.ndarray
) -> dict[str, float]:
    """L1, L2, PSNR and SSIM over the picture and over the hole.

    SSIM is scikit-image's with the settings of Wang et al. 2004, the mean of the
    channels; over the hole it is the mean of its map over the hole's pixels.

    Args:
        image: the truth, [H, W, 3] uint8, at least 11 pixels a side.
        composite: [H, W, 3] uint8.
        mask: [H, W] bool, some of it True.

    Returns:
        `l1`, `l2` (mean squared error), `psnr`, `ssim`, and each with `hole_`.

    Raises:
        ValueError: shapes or types that differ, pictures too small, no hole.
    """
    _check(image, composite, mask)
    error = (composite.astype(np.float64) - image) / 255.0
    square = np.square(error)
    ssim, ssim_map = structural_similarity(
        image,
        composite,
        data_range=255,
        channel_axis=-1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    l2, hole_l2 = square.mean(), square[mask].mean()
    metrics = {
        "l1": np.abs(error).mean(),
        "l2": l2,
        "psnr": psnr(l2),
        "ssim": ssim,
        "hole_l1": np.abs(error[mask]).mean(),
        "hole_l2": hole_l2,
        "hole_psnr": psnr(hole_l2),
        "hole_ssim": ssim_map[mask].mean(),
    }
    return {name: float(value) for name, value in metrics.items()}


def psnr(mean_squared_error):
    """PSNR of a mean squared error of values in [0, 1]: dB, at most `MAX_PSNR`.

    Args:
        mean_squared_error: a number or an array, at least 0.
    """
    least = 10.0 ** (-MAX_PSNR / 10.0)
    # Never -0: an error of 1, black for white, is 0 dB.
    return 0.0 - 10.0 * np.log10(np.maximum(mean_squared_error, least))


def _check(image, composite, mask) -> None:
    for name, value in (("image", image), ("composite", composite)):
        if value.dtype != np.uint8 or value.ndim != 3 or value.shape[2] != 3:
            raise ValueError(
                f"{name} must be uint8 [H, W, 3]; it is {value.dtype} {value.shape}."
            )
    if image.shape != composite.shape or mask.shape != image.shape[:2]:
        raise ValueError(
            "image, composite and mask must have the same size; they are "
            f"{image.shape[:2]}, {composite.shape[:2]} and {mask.shape}."
        )
    if mask.dtype != np.bool_ or not mask.any():
        raise ValueError("mask must be bool and have a hole.")
    if min(mask.shape) < MIN_SIDE:
        raise ValueError(
            f"Pictures must be at least {MIN_SIDE} pixels a side for SSIM; this one "
            f"is {mask.shape[1]}x{mask.shape[0]}."
        )

"""Metrics of a report: names, units, digits and directions.

The value of a set is the mean over its pictures; PSNR is computed from the mean squared
error, because one nearly perfect picture would dominate a mean of decibels.
"""

from typing import NamedTuple

# Changes whenever values of the same composite may change.
METRIC_VERSION = "1"


class Metric(NamedTuple):
    """One metric.

    Attributes:
        name: key in rows and summaries.
        label: its name in a report.
        higher_is_better: the direction.
        source: the key in rows whose mean is taken.
        is_psnr: whether that mean is an error, reported in decibels.
        digits: digits after the point in a report.
        scale: factor of the row's value.
        row_key: the key of the picture's own value in its row; `name` where empty.
    """

    name: str
    label: str
    higher_is_better: bool
    source: str
    is_psnr: bool
    digits: int
    scale: float = 1.0
    row_key: str = ""

    def of(self, row) -> float:
        """The value of one picture, from its row."""
        return row[self.row_key or self.name] * self.scale

    @property
    def heading(self) -> str:
        """The label with an arrow towards the better side."""
        return f"{self.label} {'↑' if self.higher_is_better else '↓'}"


HOLE = (
    Metric("hole_l1", "L1", False, "hole_l1", False, 4),
    Metric("hole_l2", "L2", False, "hole_l2", False, 4),
    Metric("hole_psnr", "PSNR, dB", True, "hole_l2", True, 2),
    Metric("hole_ssim", "SSIM", True, "hole_ssim", False, 3),
    Metric("box_lpips", "LPIPS-Alex of its box", False, "box_lpips", False, 3),
)
PICTURE = (
    Metric("l1", "L1", False, "l1", False, 4),
    Metric("l2", "L2", False, "l2", False, 4),
    Metric("psnr", "PSNR, dB", True, "l2", True, 2),
    Metric("ssim", "SSIM", True, "ssim", False, 3),
    Metric("lpips", "LPIPS-Alex", False, "lpips", False, 3),
)
# With --lpips_vgg. Differences that matter are below .001.
VGG_BOX = Metric(
    "box_lpips_vgg", "LPIPS-VGG of its box", False, "box_lpips_vgg", False, 4
)
VGG_PICTURE = Metric("lpips_vgg", "LPIPS-VGG", False, "lpips_vgg", False, 4)
# Over an object, and over the whole composite. Squared errors are in grey levels, as in
# papers on harmonization.
_LEVELS = 255.0**2
OBJECT = (
    Metric("fmse", "fMSE", False, "hole_l2", False, 1, _LEVELS, "hole_l2"),
    Metric("fpsnr", "fPSNR, dB", True, "hole_l2", True, 2, 1.0, "hole_psnr"),
    Metric("fssim", "SSIM", True, "hole_ssim", False, 3, 1.0, "hole_ssim"),
    Metric("box_lpips", "LPIPS-Alex of its box", False, "box_lpips", False, 3),
)
COMPOSITE = (
    Metric("mse", "MSE", False, "l2", False, 1, _LEVELS, "l2"),
    *PICTURE[2:],
)

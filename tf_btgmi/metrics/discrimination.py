"""How well discriminators tell composites from images: metrics of their logits.

Both look at the patches that meet the hole, where image and composite differ. Chance is
0.5, perfect discrimination 1.
"""

from typing import Sequence

import numpy as np
from scipy.stats import rankdata


def right_pairs(real: np.ndarray, fake: np.ndarray) -> float:
    """The share of patches whose logit on the image is above that on the composite.

    Args:
        real: logits of patches of images, [N].
        fake: logits of the same patches of the composites, [N].

    Returns:
        A share in [0, 1], ties counted as half; NaN without any patch.
    """
    if not real.size:
        return float("nan")
    return float(np.mean(real > fake) + 0.5 * np.mean(real == fake))


def area_under_curve(real: np.ndarray, fake: np.ndarray) -> float:
    """The area under the ROC curve of real against fake patches.

    The probability that any real patch has a higher logit than any fake one
    (Mann-Whitney U), ties counted as half.

    Args:
        real: logits of real patches, [N].
        fake: logits of fake patches, [M].

    Returns:
        An area in [0, 1]; NaN without any patch of either.
    """
    if not real.size or not fake.size:
        return float("nan")
    ranks = rankdata(np.concatenate([real, fake]))[: real.size]
    wins = ranks.sum() - real.size * (real.size + 1) / 2
    return float(wins / (real.size * fake.size))


def discrimination(
    real_logits: Sequence[np.ndarray],
    fake_logits: Sequence[np.ndarray],
    patch_masks: Sequence[np.ndarray],
) -> dict[str, float]:
    """Both metrics of each scale.

    Args:
        real_logits: of images, [B, h, w, 1] per scale, finest first.
        fake_logits: of composites of the same images.
        patch_masks: 1 where a patch meets the hole.

    Returns:
        `right_pairs_0`, `auc_0`, `right_pairs_1`, ...: the number is that of the scale.
    """
    metrics = {}
    scales = zip(real_logits, fake_logits, patch_masks)
    for scale, (real, fake, patch_mask) in enumerate(scales):
        hole = np.asarray(patch_mask) > 0.5
        real, fake = np.asarray(real)[hole], np.asarray(fake)[hole]
        metrics[f"right_pairs_{scale}"] = right_pairs(real, fake)
        metrics[f"auc_{scale}"] = area_under_curve(real, fake)
    return metrics

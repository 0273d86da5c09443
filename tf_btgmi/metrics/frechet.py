"""Distances between two sets of feature vectors: Fréchet (FAD) and kernel (KID).

Heusel et al. 2017 (Fréchet distance of two Gaussians) and Binkowski et al. 2018
(kernel distance), for features of any network. Only Inception's (`evaluation/fid.py`)
give FID; numbers over those of AlexNet or VGG16 cannot be compared with it. Features
are [n, d], one vector per picture.
"""

import numpy as np

# Below this many pictures a covariance is guessed rather than measured.
RECOMMENDED_NUM_PICTURES = 2048
_BLOCK = 1024


def frechet_distance(
    reference: np.ndarray, features: np.ndarray, shrunk: bool = True
) -> float:
    """Squared Fréchet distance of two Gaussians: real, at least 0.

    Both covariances are shrunk towards a multiple of the identity by the same share, so
    that shrinking alone makes no difference between the sets: the smaller of those that
    Ledoit and Wolf 2004 give for each. With many vectors it goes to 0; with a single
    one the covariances are 0 and the distance is that of the means.

    Args:
        reference: [n, d].
        features: [m, d].
        shrunk: False takes the covariances as they are, as published FIDs do.

    Raises:
        ValueError: not two matrices of the same width with at least one finite row.
    """
    reference, features = _check(reference, features)
    num_most, width = max(len(reference), len(features)), reference.shape[1]
    if not shrunk and num_most < width:
        return _distance_of_few(reference, features)
    share = min(shrinkage(reference), shrinkage(features)) if shrunk else 0.0
    first_mean, first = _gaussian(reference, share)
    second_mean, second = _gaussian(features, share)
    root = _root(first)
    # The trace of (first second)^(1/2) through a symmetric matrix: real eigenvalues.
    values = np.linalg.eigvalsh(root @ second @ root)
    cross = np.sqrt(np.clip(values, 0.0, None)).sum()
    distance = np.square(first_mean - second_mean).sum()
    distance += np.trace(first) + np.trace(second) - 2.0 * cross
    return float(max(distance, 0.0))


def kernel_distance(
    reference: np.ndarray, features: np.ndarray, paired: bool = False
) -> float:
    """Unbiased squared MMD with the kernel (x y / d + 1)^3; may be just below 0.

    Args:
        reference: [n, d], n at least 2.
        features: [m, d], m at least 2.
        paired: whether row i of both belongs to the same picture. Such pairs are not
            independent, so they are left out, as each vector's pair with itself is;
            equal sets then have distance 0.

    Raises:
        ValueError: as `frechet_distance`, fewer than two rows, or paired sets of
            different sizes.
    """
    reference, features = _check(reference, features)
    sizes = len(reference), len(features)
    if min(sizes) < 2 or (paired and sizes[0] != sizes[1]):
        raise ValueError(
            "A kernel distance needs at least 2 vectors a set, and as many of each "
            f"when they are paired; there are {sizes[0]} and {sizes[1]}."
        )
    return float(
        _kernel_mean(reference, reference, True)
        + _kernel_mean(features, features, True)
        - 2.0 * _kernel_mean(reference, features, paired)
    )


def shrinkage(features: np.ndarray) -> float:
    """Ledoit and Wolf's best share of the identity in a covariance: 0 to 1."""
    num, width = features.shape
    if num < 2:
        return 1.0
    centred = features - features.mean(axis=0)
    covariance = centred.T @ centred / num
    mean_variance = np.trace(covariance) / width
    spread = np.square(covariance).sum() - width * mean_variance**2
    if spread <= 0.0:
        return 1.0
    # The mean squared distance of the vectors' own outer products to the covariance.
    norms = np.square(np.square(centred).sum(axis=1)).sum() / num
    noise = (norms - np.square(covariance).sum()) / num
    return float(np.clip(noise / spread, 0.0, 1.0))


def _distance_of_few(reference: np.ndarray, features: np.ndarray) -> float:
    """The distance without matrices of the width: seconds become milliseconds.

    With centred sets A and B, the trace of (A'A B'B)^(1/2) is the sum of the singular
    values of A B', which is only as large as there are vectors.
    """
    distance = np.square(reference.mean(axis=0) - features.mean(axis=0)).sum()
    scaled = [
        (rows - rows.mean(axis=0)) / np.sqrt(max(len(rows) - 1, 1))
        for rows in (reference, features)
    ]
    cross = np.linalg.svd(scaled[0] @ scaled[1].T, compute_uv=False).sum()
    distance += sum(np.square(rows).sum() for rows in scaled) - 2.0 * cross
    return float(max(distance, 0.0))


def _gaussian(features: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    mean = features.mean(axis=0)
    centred = features - mean
    covariance = centred.T @ centred / max(len(features) - 1, 1)
    width = features.shape[1]
    mean_variance = np.trace(covariance) / width
    covariance = (1.0 - share) * covariance + share * mean_variance * np.eye(width)
    return mean, covariance


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T


def _kernel_mean(first, second, without_diagonal: bool) -> float:
    width = first.shape[1]
    total = 0.0
    for start in range(0, len(first), _BLOCK):
        block = (first[start : start + _BLOCK] @ second.T / width + 1.0) ** 3
        total += block.sum()
        if without_diagonal:
            total -= np.trace(block[:, start : start + len(block)])
    pairs = len(first) * len(second) - (len(first) if without_diagonal else 0)
    return total / pairs


def _check(reference, features):
    checked = []
    for name, value in (("reference", reference), ("features", features)):
        value = np.asarray(value, np.float64)
        if value.ndim != 2 or not len(value) or not np.isfinite(value).all():
            raise ValueError(
                f"{name} must be [n, d], finite, n at least 1; its shape is "
                f"{value.shape}."
            )
        checked.append(value)
    if checked[0].shape[1] != checked[1].shape[1]:
        raise ValueError(
            "Both sets must have vectors of one width; they have "
            f"{checked[0].shape[1]} and {checked[1].shape[1]}."
        )
    return checked

"""FID of each method, from the composites in the store of an evaluation.

It can be added to a finished evaluation. The features of a method are stored in
`inception/METHOD.npz`; a stopped run resumes with the missing methods.
"""

import os
import zipfile
from typing import NamedTuple

import numpy as np

from tf_btgmi import files
from tf_btgmi.evaluation.store import TRUTH, Store
from tf_btgmi.metrics.frechet import frechet_distance
from tf_btgmi.progress_bar import progress_bar

# Pictures read before the network sees them.
_CHUNK = 64


class InceptionDistances(NamedTuple):
    """FID by method, and the name of the network."""

    network: str
    by_method: dict[str, float]


def inception_distances(
    store: Store, names: list[str], methods: list[str], network
) -> InceptionDistances:
    """FID of each method of an evaluation, from plain covariances, as published."""
    total = len(names) * (len(methods) + 1)
    with progress_bar(total=total, desc="Inception", unit="") as progress:
        truth = _features(store, TRUTH, names, network, progress)
        distances = {}
        for method in methods:
            features = _features(store, method, names, network, progress)
            distances[method] = frechet_distance(truth, features, shrunk=False)
    return InceptionDistances(network.identity, distances)


def _features(store, method, names, network, progress) -> np.ndarray:
    path = os.path.join(store.folder, "inception", f"{method}.npz")
    # A name may stand for another model once its rows have been removed.
    source = {
        "names": list(names),
        "network": network.identity,
        "method": store.identities.get(method, TRUTH),
    }
    stored = _stored(path, source)
    if stored is not None:
        progress.update(len(names))
        return stored
    parts = []
    for start in range(0, len(names), _CHUNK):
        chosen = names[start : start + _CHUNK]
        if method == TRUTH:
            pictures = [store.read_image(name) for name in chosen]
        else:
            pictures = [store.read_composite(method, name) for name in chosen]
        parts.append(network.features(pictures))
        progress.update(len(chosen))
    features = np.concatenate(parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with files.replacing(path) as new, open(new, "wb") as file:
        np.savez(file, features=features, **source)
    return features


def _stored(path, source):
    if not os.path.exists(path):
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            same = all(stored[key].tolist() == value for key, value in source.items())
            return stored["features"] if same else None
    except (ValueError, KeyError, OSError, zipfile.BadZipFile):
        # Damaged files are computed again.
        return None

"""A model by the place it lies in: the one module that knows what a model may be.

A place is the name of a bundled model, the folder of a release, the workdir of a
training run, or the folder of an exported SavedModel (a version, or what holds the
versions: the newest).
"""

import hashlib
import os
from typing import Optional, Tuple

import numpy as np

from tf_btgmi import assets
from tf_btgmi.inference.predictor import Predictor

_SAVED_MODEL = "saved_model.pb"
# TensorFlow's hashes of a SavedModel's graph and weights.
_FINGERPRINT = "fingerprint.pb"
_RELEASE = "release.json"
_CONFIG = "config.json"


def load(place: Optional[str] = None) -> Predictor:
    """Loads a model, ready to take pictures.

    Args:
        place: a name or a folder as above; the first bundled model where None.

    Raises:
        ValueError: no model of that name or in that folder, or a damaged one.
    """
    kind, folder = _find(place)
    if kind == "SavedModel":
        return _from_saved_model(folder)
    return Predictor.from_generator(*_generator(kind, folder))


def load_generator(place: Optional[str] = None):
    """The Keras `Generator` and the `Config` of a bundled model, release or workdir.

    Raises:
        ValueError: as `load`; or a SavedModel, which holds no Keras model.
    """
    kind, folder = _find(place)
    if kind == "SavedModel":
        raise ValueError(
            f"{place} is a SavedModel; a release or a training's workdir is wanted."
        )
    return _generator(kind, folder)


def describe(place: Optional[str] = None) -> str:
    """Says which model `load` takes, exactly enough to tell two of one place apart.

    Raises:
        ValueError: no model of that name or in that folder.
    """
    kind, folder = _find(place)
    if kind == "workdir":
        from tf_btgmi.workdir import newest_checkpoint

        return f"{kind} {folder}, {os.path.basename(newest_checkpoint(folder))}"
    if kind == "release":
        return f"{kind} {os.path.basename(folder)}, {_hash(folder, _RELEASE)}"
    return f"{kind} {folder}, {_hash(folder, _FINGERPRINT)}"


def _hash(folder: str, name: str) -> str:
    with open(os.path.join(folder, name), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:12]


def _find(place: Optional[str]) -> Tuple[str, str]:
    """What kind of model lies at `place`, and its folder."""
    names = assets.model_names()
    if place is None:
        if not names:
            raise ValueError("No model is bundled; give the place of one.")
        place = names[0]
    if place in names:
        return "release", str(assets.models_dir() / place)
    if not os.path.isdir(place):
        known = (
            f"the bundled models are {', '.join(names)}" if names else "none bundled"
        )
        raise ValueError(
            f"{place} is neither a folder nor the name of a model ({known})."
        )
    place = os.path.normpath(place)
    if os.path.exists(os.path.join(place, _RELEASE)):
        return "release", place
    versions = sorted((n for n in os.listdir(place) if n.isdigit()), key=int)
    for folder in [place, *(os.path.join(place, name) for name in versions[-1:])]:
        if os.path.exists(os.path.join(folder, _SAVED_MODEL)):
            return "SavedModel", folder
    if os.path.exists(os.path.join(place, _CONFIG)):
        return "workdir", place
    raise ValueError(
        f"{place} holds no model: neither a training run's {_CONFIG}, nor a release, "
        "nor a SavedModel."
    )


def _generator(kind: str, folder: str):
    # TensorFlow takes seconds to import; a wrong place is answered before.
    if kind == "release":
        from tf_btgmi.inference.releases import load_release

        return load_release(folder)
    from tf_btgmi.inference.weights import load_generator as load_newest

    return load_newest(folder)


def _from_saved_model(folder: str) -> Predictor:
    import tensorflow as tf

    from tf_btgmi import config as config_lib

    config = config_lib.load(os.path.join(folder, _CONFIG))
    try:
        module = tf.saved_model.load(folder)
        predict_tensor = module.signatures["predict_tensor"]
    except (OSError, KeyError, ValueError, tf.errors.OpError) as error:
        raise ValueError(
            f"{folder} is no SavedModel of this project: {error}."
        ) from error

    def predict(inputs: np.ndarray) -> np.ndarray:
        # The signature takes and gives grey levels, as the Predictor itself does in
        # the end: nothing is lost on the way.
        image = ((inputs[..., :3] + 1.0) * 127.5).round().clip(0, 255).astype(np.uint8)
        mask = (inputs[..., 3:] * 255).astype(np.uint8)
        composite = predict_tensor(image=tf.constant(image), mask=tf.constant(mask))
        return composite["composite"].numpy().astype(np.float32) / 127.5 - 1.0

    # A signature holds its variables weakly; they live as long as their module.
    predict.module = module
    size = config.data.image_size
    return Predictor(predict, size, 2**config.generator.num_downsamplings)

"""Loads models; the only module that knows what forms a model has.

A model path is the name of a bundled model, the folder of a release, the workdir of a
training run, the folder of an exported SavedModel (a version, or the folder of all
versions: the newest that has a model), a `.tflite` file of export.tflite, or a model on
a TensorFlow Serving server, `grpc://HOST:8500/NAME` or `http://HOST:8501/NAME`.
"""

import dataclasses
import hashlib
import json
import os
from typing import Callable, Optional, Sequence

import numpy as np

from tf_btgmi import assets, files
from tf_btgmi import config as config_lib
from tf_btgmi.inference.network import claim_process
from tf_btgmi.inference.predictor import Predictor
from tf_btgmi.outputs import INPAINTED
from tf_btgmi.pictures import levels
from tf_btgmi.serving import client, contract, saved_graph, tflite_file
from tf_btgmi.wording import did_you_mean
from tf_btgmi.workdir import newest_checkpoint

_TFLITE = "TFLite file"
# TensorFlow's hashes of a SavedModel's graph and weights.
_FINGERPRINT = "fingerprint.pb"


def load(
    model_path: Optional[str] = None, output: str = INPAINTED, retouched: bool = True
) -> Predictor:
    """Loads a model as a `Predictor`.

    Args:
        model_path: see the docstring of the module. Default: the first bundled model
            with that `output`.
        output: `inpainted` or `harmonized`; chooses the default model only.
        retouched: see `Predictor`.

    Raises:
        ValueError: the model does not exist or is damaged.
        OSError: the server cannot be reached or refuses (`ServingError`).
        RuntimeError: a model was loaded before this process was forked.
    """
    kind, folder = _find(model_path, output)
    if kind != "server":
        # A server's fills start TensorFlow in `products.smallest`, which claims it.
        claim_process()
    if kind == "server":
        predictor = _from_server(folder)
    elif kind == "SavedModel":
        predictor = _from_saved_model(folder)
    elif kind == _TFLITE:
        network = tflite_file.TFLiteFile(folder)
        predictor = Predictor(network.predict, network.image_size, 1, batch_size=1)
    else:
        predictor = Predictor.from_generator(*_generator(kind, folder))
    predictor.retouched = retouched
    return predictor


def load_generator(model_path: Optional[str] = None):
    """Returns the Keras `Generator` and the `Config` of a model that has them.

    Args:
        model_path: a bundled name, a release or a workdir. Default: the first bundled
            model.

    Raises:
        ValueError: as `load`, or it is a SavedModel, a TFLite file or a server,
            which give no Keras model.
    """
    kind, folder = _find(model_path)
    if kind in ("SavedModel", "server", _TFLITE):
        raise ValueError(
            f"{model_path} is a {kind}; give a release or the workdir of a training."
        )
    return _generator(kind, folder)


def check(model_path: Optional[str] = None, output: str = INPAINTED) -> None:
    """Checks that `load` will find a model, without loading it.

    Raises:
        ValueError: the model does not exist.
    """
    kind, folder = _find(model_path, output)
    if kind == "workdir":
        newest_checkpoint(folder)


def describe(model_path: Optional[str] = None) -> str:
    """Returns the identity of the model that `load` takes: kind, path and hash.

    Raises:
        ValueError: the model does not exist.
    """
    kind, folder = _find(model_path)
    if kind == "server":
        return f"{kind} {folder}"
    if kind == _TFLITE:
        parent, name = os.path.split(folder)
        return f"{kind} {name}, {_hash(parent, name)}"
    if kind == "workdir":
        checkpoint = newest_checkpoint(folder)
        # Another run may replace this one at the same step; an index has the
        # checksums of its tensors.
        known = _hash_with_generator(folder, f"{checkpoint}.index")
        return f"{kind} {folder}, {os.path.basename(checkpoint)}, {known}"
    if kind == "release":
        known = _hash_with_generator(folder, os.path.join(folder, assets.RELEASE))
        return f"{kind} {os.path.basename(folder)}, {known}"
    return f"{kind} {folder}, {_hash(folder, _FINGERPRINT)}"


def short_name(model_path: str) -> str:
    """A model's name in tables and pages: that of its folder, file or server's model.

    Raises:
        ValueError: an address of another form.
    """
    if "://" in model_path:
        return client.model_of(model_path)[0]
    folder, name = os.path.split(os.path.abspath(model_path))
    if name.isdecimal() and os.path.exists(os.path.join(model_path, saved_graph.FILE)):
        # A version of an exported model.
        return os.path.basename(folder)
    stem, ending = os.path.splitext(name)
    return stem if ending.lower() == tflite_file.ENDING else name


def num_bytes(model_path: Optional[str] = None) -> Optional[int]:
    """Size of a model's files; None for a training run and for a server.

    A checkpoint of a training run holds the state of the training as well.

    Raises:
        ValueError: the model does not exist.
    """
    kind, folder = _find(model_path)
    if kind in ("workdir", "server"):
        return None
    if kind == _TFLITE:
        return os.path.getsize(folder)
    paths = (os.path.join(top, f) for top, _, files in os.walk(folder) for f in files)
    return sum(os.path.getsize(path) for path in paths)


def _hash(folder: str, name: str) -> str:
    return files.sha256(os.path.join(folder, name))[:12]


def _hash_with_generator(folder: str, path: str) -> str:
    """Hash of a file and the generator's config: it has fields no weight depends on."""
    config = config_lib.load(os.path.join(folder, config_lib.FILE))
    text = json.dumps(dataclasses.asdict(config.generator), sort_keys=True)
    return hashlib.sha256((files.sha256(path) + text).encode()).hexdigest()[:12]


def _default(names: Sequence[str], output: str) -> str:
    """Returns the first bundled model with that output, or the first of all."""
    for name in names:
        config = config_lib.load(
            os.path.join(assets.model_folder(name), config_lib.FILE)
        )
        if output in config_lib.OUTPUTS_OF_TASKS[config.task]:
            return name
    return names[0]


def _find(model_path: Optional[str], output: str = INPAINTED) -> tuple[str, str]:
    """Returns the kind of the model at `model_path`, and its folder or file."""
    names = assets.model_names()
    if model_path is None:
        model_path = _default(names, output)
    model_path = os.fspath(model_path)
    if client.is_server(model_path):
        client.model_of(model_path)
        return "server", model_path
    if model_path in names:
        return "release", assets.model_folder(model_path)
    ending = os.path.splitext(model_path)[1].lower()
    if ending == tflite_file.ENDING and not os.path.isdir(model_path):
        if not os.path.isfile(model_path):
            raise ValueError(f"There is no file {model_path}.")
        return _TFLITE, model_path
    if model_path == assets.SELECTOR:
        raise ValueError(
            f"{model_path} selects objects; {', '.join(names)} fill holes."
        )
    if not os.path.isdir(model_path):
        raise ValueError(
            f"{model_path} is neither a folder nor the name of a model"
            f"{did_you_mean(model_path, names)} The bundled models are "
            f"{', '.join(names)} and, to select objects, {assets.SELECTOR}."
        )
    model_path = os.path.normpath(model_path)
    if os.path.exists(os.path.join(model_path, assets.RELEASE)):
        return "release", model_path
    versions = (name for name in os.listdir(model_path) if name.isdecimal())
    newest_first = sorted(versions, key=int, reverse=True)
    for folder in [model_path, *(os.path.join(model_path, n) for n in newest_first)]:
        if os.path.exists(os.path.join(folder, saved_graph.FILE)):
            return "SavedModel", folder
    if os.path.exists(os.path.join(model_path, config_lib.FILE)):
        return "workdir", model_path
    raise ValueError(
        f"{model_path} has no model: neither the {config_lib.FILE} of a training run, "
        "nor a release, nor a SavedModel."
    )


def _generator(kind: str, folder: str):
    # Imported on demand: TensorFlow takes seconds.
    if kind == "release":
        from tf_btgmi.releases import load_release

        return load_release(folder)
    from tf_btgmi.runs import load_run

    return load_run(folder)


def _from_saved_model(folder: str) -> Predictor:
    import tensorflow as tf

    saved_graph.check(folder)
    try:
        module = tf.saved_model.load(folder)
        signature = module.signatures[contract.SIGNATURE]
        shape = signature.structured_input_signature[1]["image"].shape
    # TensorFlow raises many kinds of exceptions for a damaged model.
    except Exception as error:
        raise ValueError(
            f"{folder} is not a SavedModel of this project, or is damaged: "
            f"{files.first_line(error)}."
        ) from error

    def run(windows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        outputs = signature(**{name: tf.constant(w) for name, w in windows.items()})
        return {name: output.numpy() for name, output in outputs.items()}

    # A signature has weak references to the variables of its module.
    run.module = module
    outputs = tuple(sorted(signature.structured_outputs, reverse=True))
    return _of_windows(run, shape[1], outputs)


def _from_server(model_path: str) -> Predictor:
    server = client.connect(model_path)
    return _of_windows(server.predict, server.image_size, server.outputs)


def _of_windows(run: Callable, size: int, outputs: Sequence[str]) -> Predictor:
    """Makes a predictor of the signature `predict_window`, whose windows are uint8.

    This loses nothing, because a `Predictor` rounds its results to uint8.
    """

    def predict(inputs: np.ndarray) -> dict[str, np.ndarray]:
        masks = (inputs[..., 3:] * 255.0).astype(np.uint8)
        images = levels.to_uint8(inputs[..., :3])
        windows = {"image": images, "mask": masks[..., :1]}
        if masks.shape[-1] == 2:
            windows["foreground"] = masks[..., 1:]
        predictions = run(windows)
        return {name: levels.to_float(predictions[name]) for name in outputs}

    return Predictor(predict, size, 1, outputs=outputs)

"""Released models: a folder with a config, float16 kernels and their checksum.

`config.json` is the config of the training run. `weights.npz` holds the weights of the
averaged generator by name (`models/naming.py`), kernels in float16 and the others in
float32. `release.json` holds the number of active refinement blocks and the SHA-256 of
the weights. Loading a release unpickles and executes nothing.
"""

import contextlib
import os
import zipfile
from typing import Callable

import numpy as np

from tf_btgmi import config as config_lib
from tf_btgmi import files
from tf_btgmi.assets import RELEASE
from tf_btgmi.models.build import build_generator
from tf_btgmi.models.generator import Generator
from tf_btgmi.models.naming import named_weights
from tf_btgmi.models.precision import under_policy
from tf_btgmi.models.selector import Selector

_WEIGHTS = "weights.npz"
# Maximum size of the header of a .npy file.
_MAX_HEADER = 4096


def save_release(generator: Generator, config, folder: str) -> None:
    """Writes a release.

    Args:
        generator: from `weights.load_generator`.
        config: the config of its training run.
        folder: created if necessary; an existing release is replaced.
    """
    stage = int(generator.stage)
    _write(generator, stage, lambda path: config_lib.save(config, path), folder)


def forget_places(config: config_lib.Config) -> None:
    """Replaces paths, which mean nothing on another machine, by words for them."""
    form, _, place = config.data.source.partition(":")
    if place and form != "tfds":
        config.data.source = f"{form}:PHOTOGRAPHS"
    form, _, place = config.data.validation_source.partition(":")
    if place and form != "tfds":
        config.data.validation_source = f"{form}:VALIDATION_PHOTOGRAPHS"
    if config.masks.objects_folder:
        config.masks.objects_folder = "OBJECT_MASKS"
    if config.guided.regions_folder:
        config.guided.regions_folder = "PHOTOGRAPHS"


def load_release(folder: str):
    """Loads a release.

    Returns:
        The `Generator` in float32 at its stage, and its `Config`.

    Raises:
        ValueError: a file is missing, incomplete, changed or does not fit the config.
    """
    config = config_lib.load(os.path.join(folder, config_lib.FILE))
    description = _description(folder)
    blocks = config.procedure.num_refinement_blocks
    if description["stage"] > blocks:
        raise ValueError(
            f"{os.path.join(folder, RELEASE)}: stage is {description['stage']}, and "
            f"the network has {blocks} refinement blocks."
        )
    with under_policy("float32"):
        generator = build_generator(config)
    _read_weights(generator, folder, description["sha256"])
    generator.stage = description["stage"]
    return generator, config


def save_selector(selector: Selector, settings: dict, folder: str) -> None:
    """Writes a release of the network of `selection`.

    Args:
        selector: the built network.
        settings: settings of its training, for `config.json`; JSON values.
        folder: created if necessary; an existing release is replaced.
    """
    size = {"base_filters": selector.base_filters}
    fields = {"selector": size, "training": settings}
    _write(selector, 0, lambda path: files.write_json(path, fields), folder)


def load_selector(folder: str) -> Selector:
    """Loads a selector in float32 from the folder that `save_selector` wrote.

    Raises:
        ValueError: as `load_release`.
    """
    path = os.path.join(folder, config_lib.FILE)
    fields = files.read_json(path)
    try:
        with under_policy("float32"):
            selector = Selector(**fields["selector"])
            selector.build()
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{path} is not the config of a selector: {error}.") from error
    _read_weights(selector, folder, _description(folder)["sha256"])
    return selector


def _write(
    network, stage: int, write_config: Callable[[str], None], folder: str
) -> None:
    """Writes all files of a release before the first one replaces an older file."""
    os.makedirs(folder, exist_ok=True)
    arrays = {
        name: _compact(name, np.asarray(variable))
        for name, variable in named_weights(network).items()
    }
    with contextlib.ExitStack() as stack:
        weights, config, description = (
            stack.enter_context(files.replacing(os.path.join(folder, name)))
            for name in (_WEIGHTS, config_lib.FILE, RELEASE)
        )
        with files.naming(weights), open(weights, "wb") as file:
            np.savez_compressed(file, **arrays)
        write_config(config)
        values = {"stage": stage, "sha256": files.sha256(weights)}
        files.write_json(description, values)


def _read_weights(network, folder: str, digest: str) -> None:
    path = os.path.join(folder, _WEIGHTS)
    try:
        actual = files.sha256(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    if actual != digest:
        raise ValueError(
            f"{path} is damaged: its SHA-256 is {actual}, not {digest}. Get it again."
        )
    _fill(network, path)


def _description(folder: str) -> dict:
    path = os.path.join(folder, RELEASE)
    description = files.read_json(path)
    try:
        stage, digest = description["stage"], description["sha256"]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{path} does not describe a release: {error}.") from error
    if type(stage) is not int or stage < 0 or not isinstance(digest, str):
        raise ValueError(
            f"{path}: stage must be an integer of at least 0, sha256 a text."
        )
    return description


def _fill(network, path: str) -> None:
    variables = named_weights(network)
    try:
        # Sizes first: a small archive can expand to more than the memory.
        with zipfile.ZipFile(path) as archive:
            sizes = {
                entry.filename[: -len(".npy")]: entry.file_size
                for entry in archive.infolist()
            }
        _check_names(set(sizes), set(variables))
        for name, variable in variables.items():
            if sizes[name] > 4 * int(np.prod(variable.shape)) + _MAX_HEADER:
                raise ValueError(f"{name} is larger than the config says")
        with np.load(path, allow_pickle=False) as arrays:
            values = {name: arrays[name].astype(np.float32) for name in variables}
    # Readers of archives raise many kinds of exceptions for damaged ones.
    except Exception as error:
        raise ValueError(f"{path} has no weights of this model: {error}.") from error
    for name, variable in variables.items():
        if values[name].shape != tuple(variable.shape):
            raise ValueError(
                f"{path}: {name} is {values[name].shape}, not {tuple(variable.shape)}."
            )
        variable.assign(values[name])


def _check_names(stored: set, expected: set) -> None:
    if stored != expected:
        first = sorted(stored ^ expected)[0]
        raise ValueError(
            f"{len(expected - stored)} weights are missing and "
            f"{len(stored - expected)} unknown; the first is {first}"
        )


def _compact(name: str, value: np.ndarray) -> np.ndarray:
    # Variances may underflow in float16; other weights than kernels take little space.
    return value.astype(np.float16 if name.endswith("kernel") else np.float32)

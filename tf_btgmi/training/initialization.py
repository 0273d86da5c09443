"""Initial weights from another run or from a release: `--init_from`.

A release holds no discriminator, so a new one is trained; let it catch up with the
generator by `procedure.discriminator_only_steps`.

A network with a `harmonized` output may start from one that only inpaints: the trunk is
the same, both back ends start as copies of its own, and the kernel of the first
convolution gets zeros for the additional channels: the foreground and, with
`generator.harmonized_change`, the mismatch along its edge. A harmonized picture that is
a change of the input starts unchanged.

A generator with more filters starts with the function of the narrower one
(`models/widening.py`). Refinement blocks that the other run does not have are new; they
are faded in by the stages of training, which start with the head alone, unless all
blocks are trained from the first step (`procedure.block_wise`).
"""

import os
from typing import Any

import numpy as np
import tensorflow as tf

from tf_btgmi import config as config_lib
from tf_btgmi import workdir as workdir_lib
from tf_btgmi.assets import RELEASE
from tf_btgmi.config import Config
from tf_btgmi.models.naming import named_weights
from tf_btgmi.models.widening import widened
from tf_btgmi.outputs import HARMONIZED
from tf_btgmi.releases import load_release
from tf_btgmi.runs import load_run
from tf_btgmi.training.inpainting_gan import InpaintingGAN

_STEM = "stem."
_BLOCK = "refinement_block_"
_LAST = "to_image."
# Shares of the predicted change that a release applies; training ignores them.
_CALIBRATION = ("change_share", "mismatch_share")
# Architectures whose weights fit one size of pictures.
_OF_ONE_SIZE = ("context_encoder", "global", "global_local")


def check(config: Config, place: str) -> None:
    """Checks that a model of `config` can start from `place`.

    Args:
        config: of the new run.
        place: a workdir, or a release's folder.

    Raises:
        ValueError: no run or checkpoint, or different networks; the error names the
            fields.
    """
    if not _is_release(place):
        workdir_lib.newest_checkpoint(place)
    source = _config(place)
    old_outputs, new_outputs = (
        config_lib.OUTPUTS_OF_TASKS[c.task] for c in (source, config)
    )
    sections = ["generator."]
    architectures = [config.generator.architecture]
    if not _is_release(place):
        sections += [
            f"discriminator.{n}" for n in ("architecture", "base", "num", "norm")
        ]
        architectures.append(config.discriminator.architecture)
    if set(architectures) & set(_OF_ONE_SIZE):
        sections.append("data.image_size")
    starts = ("init_stddev", "refinement_start")
    ignored = {f"generator.{name}" for name in (*starts, *_CALIBRATION)}
    if HARMONIZED not in old_outputs:
        # Irrelevant to a network that does not harmonize.
        ignored.add("generator.harmonized_change")
    if config.generator.architecture == "residual":
        # A wider network accepts the weights of a narrower one.
        for name in ("base_filters", "max_filters"):
            new, old = getattr(config.generator, name), getattr(source.generator, name)
            if 1 < new / old <= 2:
                ignored.add(f"generator.{name}")
    differing = [
        f"config.{name} is {old!r} there and {new!r} here"
        for name, (old, new) in config_lib.differences(source, config).items()
        if (name.startswith(tuple(sections)) and name not in ignored)
        or (name == "procedure.num_refinement_blocks" and old > new)
    ]
    if HARMONIZED in old_outputs and not set(new_outputs) <= set(old_outputs):
        differing.append(f"it has the outputs {old_outputs}, this config {new_outputs}")
    if HARMONIZED in old_outputs and HARMONIZED not in new_outputs:
        differing.append("its input has a foreground, this config's input none")
    if differing:
        raise ValueError(f"Cannot start from {place}: {'; '.join(differing)}.")


def initialize(model: InpaintingGAN, place: str) -> int:
    """Assigns the averaged generator, and a run's discriminator, to `model`.

    Args:
        model: of a new run.
        place: as for `check`.

    Returns:
        The number of refinement blocks that are active there.

    Raises:
        ValueError: see `check`; or a damaged checkpoint or release.
    """
    source, _ = (load_release if _is_release(place) else load_run)(place)
    generator = named_weights(source)
    if not _is_release(place):
        _restore_discriminator(model, place)
    generator = {name: _array(variable) for name, variable in generator.items()}
    strided = getattr(model.generator, "resampling", "") == "strided"
    for network in (model.generator, model.ema_generator):
        targets = named_weights(network)
        if getattr(network, "harmonized_change", False):
            # Its last layer starts with no change.
            own = [n for n in targets if n not in generator and _LAST in n]
            targets = {n: v for n, v in targets.items() if n not in own}
        _assign(targets, generator, ("back_end",) if strided else ())
    return int(source.stage)


def _is_release(place: str) -> bool:
    return os.path.exists(os.path.join(place, RELEASE))


def _config(place: str) -> Config:
    return config_lib.load(os.path.join(place, config_lib.FILE))


def _restore_discriminator(model: InpaintingGAN, workdir: str) -> None:
    workdir_lib.restore(
        tf.train.Checkpoint(discriminator=named_weights(model.discriminator)),
        workdir_lib.newest_checkpoint(workdir),
    )


def _array(variable) -> np.ndarray:
    return tf.convert_to_tensor(variable).numpy()


def _assign(targets: dict[str, Any], sources: dict[str, np.ndarray], transposed):
    prefix = f"{HARMONIZED}_"
    values = {}
    for name, target in targets.items():
        if name.startswith(_BLOCK) and name not in sources:
            continue
        source = name
        if name not in sources and name.startswith(prefix):
            source = name[len(prefix) :]
        value = sources[source]
        missing = target.shape[-2] - value.shape[-2] if value.ndim == 4 else 0
        if missing and name.startswith(_STEM):
            value = np.pad(value, [[0, 0], [0, 0], [0, missing], [0, 0]])
        values[name] = value
    shapes = {name: targets[name].shape for name in values}
    for name, value in widened(values, shapes, transposed).items():
        targets[name].assign(value)

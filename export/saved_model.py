"""Exports a model as a SavedModel for TensorFlow Serving.

    python -m export.saved_model --model=runs/mine --export_dir=served/btgmi

The export goes to EXPORT_DIR/VERSION; the default version is the newest plus one. It
is written under a temporary name first, so that a server never sees an incomplete
model. A version holds the graph with the averaged weights, batch normalization folded
into the convolutions; `config.json`; `assets.extra/tf_serving_warmup_requests`; and
`assets.extra/model_card.md`. docs/serving.md describes inputs and outputs.
"""

import os
import shutil
import tempfile

from absl import flags, logging

from tf_btgmi import files, loading
from tf_btgmi.cli import common_flags, program

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    common_flags.define_model(exported=False)
    flags.DEFINE_string("export_dir", None, "Folder of the model's versions.")
    flags.DEFINE_integer(
        "version",
        None,
        "Number of the new version. Default: the newest plus one.",
        lower_bound=1,
    )


def main(argv):
    """Checks the flags and exports."""
    del argv
    common_flags.require(("export_dir", "FOLDER", "the folder of the versions"))
    loading.check(FLAGS.model)
    print(f"Wrote {export(FLAGS.model, FLAGS.export_dir, FLAGS.version)}.")
    return 0


def export(place: str, export_dir: str, version=None) -> str:
    """Exports a model and returns the folder of its version.

    Args:
        place: the name of a bundled model, or the folder of a release or run; None for
            the first bundled model.
        export_dir: folder of the versions; created if necessary.
        version: a number above 0; None for the next one.

    Raises:
        ValueError: the model does not exist or cannot be exported, or the version
            exists already.
        OSError: it cannot be written.
    """
    # Imported late: TensorFlow takes seconds, and wrong flags are reported before.
    import tensorflow as tf

    from export import model_card, warmup
    from tf_btgmi import config as config_lib
    from tf_btgmi.models.folding import fold
    from tf_btgmi.models.generator import Generator
    from tf_btgmi.releases import forget_places
    from tf_btgmi.serving.module import InpaintingModule

    generator, config = loading.load_generator(place)
    if not isinstance(generator, Generator):
        raise ValueError(
            f"{place} is an earlier system ({config.generator.architecture}) and "
            "cannot be exported."
        )
    os.makedirs(export_dir, exist_ok=True)
    target = os.path.join(export_dir, str(version or next_version(export_dir)))
    if os.path.exists(target):
        raise ValueError(
            f"{target} exists already. Without --version the next number is used."
        )
    module = InpaintingModule(fold(generator), config.data.image_size)
    # Saving logs many warnings that do not concern the user.
    verbosity = logging.get_verbosity()
    with files.naming_target(target):
        beside = tempfile.mkdtemp(prefix=".writing-", dir=export_dir)
        logging.set_verbosity(logging.ERROR)
        try:
            tf.saved_model.save(module, beside, module.functions)
            warmup.write(beside, module)
            model_card.write(beside, _source(place), generator, config)
            forget_places(config)
            config_lib.save(config, os.path.join(beside, config_lib.FILE))
            os.chmod(beside, 0o755)
            if not version:
                # Another program may have written one meanwhile.
                target = os.path.join(export_dir, str(next_version(export_dir)))
            os.rename(beside, target)
        finally:
            logging.set_verbosity(verbosity)
            shutil.rmtree(beside, ignore_errors=True)
    return target


def next_version(export_dir: str) -> int:
    """The newest version in `export_dir` plus one; 1 for an empty folder."""
    versions = [int(name) for name in os.listdir(export_dir) if name.isdecimal()]
    return max(versions, default=0) + 1


def _source(place: str) -> str:
    # Without the folders of this machine.
    parent = os.path.dirname(os.path.normpath(place or ""))
    return loading.describe(place).replace(os.path.join(parent, ""), "", bool(parent))


if __name__ == "__main__":
    program.run(main, define_flags)

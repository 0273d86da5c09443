"""Writes a model as a SavedModel for TensorFlow Serving.

    python -m export.saved_model --model=runs/mine --export_dir=served/btgmi

It goes to EXPORT_DIR/VERSION, the next whole number by default. It is written beside
its place and moved into it, so that a server never sees half a model. A version holds
the graph and the averaged weights, batch normalization folded into the convolutions;
`config.json`; `assets.extra/tf_serving_warmup_requests`, which the server replays; and
`assets.extra/model_card.md`. What goes in and out: docs/serving.md.
"""

import os
import re
import shutil
import tempfile

from absl import flags, logging

from tf_btgmi import loading
from tf_btgmi.cli import common_flags, program

FLAGS = flags.FLAGS


def define_flags():
    """The flags of this program; `program.run` calls it."""
    common_flags.define_model()
    flags.DEFINE_string("export_dir", None, "Folder that holds the model's versions.")
    flags.DEFINE_integer(
        "version", None, "Version written; one more than the newest.", lower_bound=1
    )


def main(argv):
    """Checks the flags and exports."""
    del argv
    if not FLAGS.export_dir:
        raise program.UsageError("Give --export_dir=FOLDER. See --help.")
    loading.describe(FLAGS.model)
    print(f"Wrote {export(FLAGS.model, FLAGS.export_dir, FLAGS.version)}.")
    return 0


def export(place: str, export_dir: str, version=None) -> str:
    """Exports a model and returns the folder of its version.

    Args:
        place: a bundled model's name, a release's folder or a run's; the first bundled
            model where None.
        export_dir: what holds the versions; made where it is missing.
        version: a whole number above 0; the next one where it is None.

    Raises:
        ValueError: no model at `place`, or the version is there already.
    """
    # TensorFlow takes seconds to import; a wrong flag is answered before.
    import tensorflow as tf

    from export import model_card, warmup
    from tf_btgmi import config as config_lib
    from tf_btgmi.models.generator import Generator
    from tf_btgmi.serving.folding import fold
    from tf_btgmi.serving.module import InpaintingModule

    generator, config = loading.load_generator(place)
    if not isinstance(generator, Generator):
        raise ValueError(
            f"{place} is an earlier system ({config.generator.architecture}), for "
            "comparison only; it is not exported."
        )
    os.makedirs(export_dir, exist_ok=True)
    target = os.path.join(export_dir, str(version or next_version(export_dir)))
    if os.path.exists(target):
        raise ValueError(
            f"{target} is already there. Leave --version out for the next."
        )
    module = InpaintingModule(fold(generator), config.data.image_size)
    beside = tempfile.mkdtemp(prefix=".writing-", dir=export_dir)
    # Saving says much that concerns nobody.
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        tf.saved_model.save(module, beside, module.functions)
        config_lib.save(config, os.path.join(beside, loading.CONFIG))
        warmup.write(beside, module)
        model_card.write(beside, _source(place), generator, config)
        os.chmod(beside, 0o755)
        os.rename(beside, target)
    finally:
        logging.set_verbosity(verbosity)
        shutil.rmtree(beside, ignore_errors=True)
    return target


def next_version(export_dir: str) -> int:
    """One more than the newest version in `export_dir`; 1 where there is none."""
    versions = [int(name) for name in os.listdir(export_dir) if name.isdigit()]
    return max(versions, default=0) + 1


def _source(place: str) -> str:
    # Folders of this machine are nobody's business.
    return re.sub(r"\S*/", "", loading.describe(place))


if __name__ == "__main__":
    program.run(main, define_flags)

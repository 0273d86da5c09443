"""Writes the model of a training run as a release: small, checked, loaded by name.

    python -m export.release --workdir=runs/final --name=btgmi-outdoor-128

The averaged generator of the newest checkpoint goes to --output, the package's own
models by default, with kernels in float16. `tf_btgmi.load(NAME)` takes it from there.
A model card, card.md, is written by hand and stays where it is.
"""

import os

from absl import flags

from tf_btgmi import assets
from tf_btgmi.cli import program

FLAGS = flags.FLAGS


def define_flags():
    """The flags of this program; `program.run` calls it."""
    flags.DEFINE_string("workdir", None, "Folder of the training run with the model.")
    flags.DEFINE_string("name", None, "Name of the release: letters, digits, - and _.")
    flags.DEFINE_string(
        "output", None, "Folder that holds releases; the package's own by default."
    )


def main(argv):
    """Checks the flags and writes the release."""
    del argv
    for name in ("workdir", "name"):
        if not FLAGS[name].value:
            raise program.UsageError(f"Give --{name}. See --help.")
    if not FLAGS.name.replace("-", "").replace("_", "").isalnum():
        raise program.UsageError(f"--name={FLAGS.name}: letters, digits, - and _ only.")
    # TensorFlow takes seconds to import; a wrong flag is answered before.
    from tf_btgmi.inference.weights import load_generator
    from tf_btgmi.releases import save_release

    generator, config = load_generator(FLAGS.workdir)
    config.name = FLAGS.name
    _forget_places(config)
    folder = os.path.join(FLAGS.output or assets.models_dir(), FLAGS.name)
    save_release(generator, config, folder)
    size = sum(entry.stat().st_size for entry in os.scandir(folder))
    print(f"Wrote {folder}, {size / 1e6:.1f} MB, {generator.stage} refinement blocks.")
    return 0


def _forget_places(config) -> None:
    # The config stays exact, but for where the pictures lay on one machine.
    form, _, place = config.data.source.partition(":")
    if place and form != "tfds":
        config.data.source = f"{form}:PHOTOGRAPHS"
    form, _, place = config.data.validation_source.partition(":")
    if place and form != "tfds":
        config.data.validation_source = f"{form}:VALIDATION_PHOTOGRAPHS"
    if config.masks.objects_folder:
        config.masks.objects_folder = "OBJECT_MASKS"


if __name__ == "__main__":
    program.run(main, define_flags)

"""Writes the model of a training run as a small release that is loaded by name.

    python -m export.release --workdir=runs/final --name=btgmi-outdoor-192

The averaged generator of the newest checkpoint goes to --output, by default the
package's own models, with kernels in float16; `tf_btgmi.load(NAME)` loads it.
--overwrite replaces a release of that name. The model card, card.md, is written by hand
and is not overwritten.
"""

import os

from absl import flags

from tf_btgmi import assets
from tf_btgmi.cli import common_flags, program
from tf_btgmi.wording import number_of

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    flags.DEFINE_string("workdir", None, "Folder of the training run.")
    flags.DEFINE_string(
        "name", None, "Name of the release, of letters, digits, - and _."
    )
    flags.DEFINE_string(
        "output", None, "Folder of the releases. Default: the package's own."
    )
    flags.DEFINE_bool("overwrite", False, "Replace an existing release.")


def main(argv):
    """Checks the flags and writes the release."""
    del argv
    common_flags.require(
        ("workdir", "FOLDER", "the folder of the training run"),
        ("name", "NAME", "the name of the release"),
    )
    if not FLAGS.name.replace("-", "").replace("_", "").isalnum():
        raise program.UsageError(
            f"--name={FLAGS.name} may contain letters, digits, - and _ only."
        )
    folder = os.path.join(FLAGS.output or assets.models_dir(), FLAGS.name)
    if os.path.exists(os.path.join(folder, assets.RELEASE)) and not FLAGS.overwrite:
        raise program.UsageError(
            f"{folder} holds a release already. --overwrite replaces it."
        )
    # Imported late: TensorFlow takes seconds, and wrong flags are reported before.
    from tf_btgmi.releases import forget_places, save_release
    from tf_btgmi.runs import load_run

    generator, config = load_run(FLAGS.workdir)
    config.name = FLAGS.name
    forget_places(config)
    save_release(generator, config, folder)
    size = sum(entry.stat().st_size for entry in os.scandir(folder))
    blocks = number_of(generator.stage, "refinement block")
    print(f"Wrote {folder}, {size / 1e6:.1f} MB, {blocks}.")
    return 0


if __name__ == "__main__":
    program.run(main, define_flags)

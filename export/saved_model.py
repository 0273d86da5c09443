"""Writes the model of a training run as a SavedModel for TensorFlow Serving.

    python -m export.saved_model --workdir=runs/mine --export_dir=served/btgmi

The averaged generator of the newest checkpoint goes to EXPORT_DIR/VERSION, the next
whole number by default. It is written beside its place and moved into it, so that a
server never sees half a model. Signature `predict_tensor`: uint8 images
[B, H, W, 3] and masks [B, H, W, 1] (hole at 128 and above) to `composite`.
"""

import os
import shutil
import tempfile

from absl import flags

from tf_btgmi import program

FLAGS = flags.FLAGS


def define_flags():
    """The flags of this program; `program.run` calls it."""
    flags.DEFINE_string("workdir", None, "Folder of the training run with the model.")
    flags.DEFINE_string("export_dir", None, "Folder that holds the model's versions.")
    flags.DEFINE_integer(
        "version", None, "Version written; one more than the newest.", lower_bound=1
    )


def main(argv):
    """Checks the flags and exports."""
    del argv
    for name in ("workdir", "export_dir"):
        if not FLAGS[name].value:
            raise program.UsageError(f"Give --{name}=FOLDER. See --help.")
    print(f"Wrote {export(FLAGS.workdir, FLAGS.export_dir, FLAGS.version)}.")
    return 0


def export(workdir: str, export_dir: str, version=None) -> str:
    """Exports the model of `workdir` and returns the folder of its version.

    Args:
        workdir: of a training run.
        export_dir: what holds the versions; made where it is missing.
        version: a whole number above 0; the next one where it is None.

    Raises:
        ValueError: no model in `workdir`, or the version is there already.
    """
    # TensorFlow takes seconds to import; a wrong flag is answered before.
    import tensorflow as tf

    from tf_btgmi.inference.weights import load_generator
    from tf_btgmi.serving.module import InpaintingModule

    generator, _ = load_generator(workdir)
    os.makedirs(export_dir, exist_ok=True)
    place = os.path.join(export_dir, str(version or next_version(export_dir)))
    if os.path.exists(place):
        raise ValueError(f"{place} is already there. Leave --version out for the next.")
    module = InpaintingModule(generator)
    signatures = {
        "predict_tensor": module.predict_tensor,
        "serving_default": module.predict_tensor,
    }
    beside = tempfile.mkdtemp(prefix=".writing-", dir=export_dir)
    try:
        tf.saved_model.save(module, beside, signatures)
        shutil.copy(os.path.join(workdir, "config.json"), beside)
        os.chmod(beside, 0o755)
        os.rename(beside, place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return place


def next_version(export_dir: str) -> int:
    """One more than the newest version in `export_dir`; 1 where there is none."""
    versions = [int(name) for name in os.listdir(export_dir) if name.isdigit()]
    return max(versions, default=0) + 1


if __name__ == "__main__":
    program.run(main, define_flags)

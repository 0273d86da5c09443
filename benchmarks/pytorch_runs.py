"""From a training's workdir to a state of `benchmarks.train_pytorch`, and back.

    python -m benchmarks.pytorch_runs --workdir=runs/outdoor_128 --to_state=runs/state
    python -m benchmarks.pytorch_runs --state=runs/twin --workdir=runs/from_gpu

A state is made of the newest checkpoint: both generators, the discriminator and the
step. Every program takes a workdir made of a state as `--model`, and `tf_btgmi.train`
as `--workdir` or `--init_from`; its optimizers start without Adam's moments.
`train_pytorch` reads releases directly.
"""

import os

import numpy as np
from absl import flags

from benchmarks import requirements
from tf_btgmi import config as config_lib
from tf_btgmi.cli import program

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this program, for `program.run`."""
    flags.DEFINE_string("workdir", None, "Workdir of a training.", required=True)
    flags.DEFINE_string("to_state", None, "Folder of the written state.")
    flags.DEFINE_string("state", None, "State to read.")


def main(argv):
    """Converts one way or the other."""
    del argv
    if bool(FLAGS.to_state) == bool(FLAGS.state):
        raise program.UsageError("Give either --to_state or --state.")
    requirements.need_pytorch()
    if FLAGS.to_state:
        step = write_state(FLAGS.workdir, FLAGS.to_state)
        print(f"{FLAGS.to_state}: step {step}")
    else:
        print(write_workdir(FLAGS.state, FLAGS.workdir))
    return 0


def write_state(workdir: str, folder: str) -> int:
    """Writes the state of a workdir's newest checkpoint.

    Returns:
        Its step.

    Raises:
        ValueError: there is no checkpoint, or a damaged one.
    """
    # Not above: they load TensorFlow and PyTorch.
    import tensorflow as tf

    from benchmarks import pytorch_weights
    from tf_btgmi import workdir as workdir_lib
    from tf_btgmi.training.build import build_model
    from tf_btgmi.training.strategy import make_strategy

    config = config_lib.load(os.path.join(workdir, config_lib.FILE))
    model = build_model(config, make_strategy("one_device"))
    networks = _networks(model)
    checkpoint = tf.train.Checkpoint(step=model.step, **networks)
    workdir_lib.restore(checkpoint, workdir_lib.newest_checkpoint(workdir))
    arrays = {
        f"{prefix}.{name}": tf.convert_to_tensor(variable).numpy()
        for prefix, variables in networks.items()
        for name, variable in variables.items()
    }
    step = int(model.step.numpy())
    pytorch_weights.save_state(folder, arrays, config, step)
    return step


def write_workdir(folder: str, workdir: str) -> str:
    """Makes a workdir from a state.

    Returns:
        Path of its checkpoint.

    Raises:
        ValueError: the workdir has a checkpoint already; no state.
    """
    from benchmarks import pytorch_weights
    from tf_btgmi import workdir as workdir_lib
    from tf_btgmi.training.build import build_model
    from tf_btgmi.training.checkpoints import Checkpoints
    from tf_btgmi.training.strategy import make_strategy

    if workdir_lib.has_checkpoint(workdir):
        raise ValueError(f"{workdir} holds a checkpoint; choose another folder.")
    arrays, config, step = pytorch_weights.read_state(folder)
    strategy = make_strategy("one_device")
    model = build_model(config, strategy)
    for prefix, variables in _networks(model).items():
        own = pytorch_weights.of_network(arrays, prefix)
        # A release has no discriminator.
        for name, variable in variables.items() if own else ():
            if name not in own:
                raise ValueError(f"The state has no weight {prefix}.{name}.")
            variable.assign(own[name].astype(np.float32))
    model.step.assign(step)
    os.makedirs(workdir, exist_ok=True)
    config_lib.save(config, os.path.join(workdir, config_lib.FILE))
    return Checkpoints(model, workdir, 1, strategy).save()


def _networks(model) -> dict:
    from tf_btgmi.models.naming import named_weights

    return {
        "generator": named_weights(model.generator),
        "ema_generator": named_weights(model.ema_generator),
        "discriminator": named_weights(model.discriminator),
    }


if __name__ == "__main__":
    program.run(main, define_flags)

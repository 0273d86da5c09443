"""Full checkpoints of a run: written atomically, restored bit for bit.

A checkpoint holds the networks, their optimizers and the step; everything else of a run
is a function of the step and the config.
"""

import os
import re
import shutil

import keras
import tensorflow as tf

from tf_btgmi.files import write_failure
from tf_btgmi.keras_compat import KERAS_2
from tf_btgmi.models.naming import named_weights
from tf_btgmi.training.strategy import is_chief
from tf_btgmi.workdir import (
    CHECKPOINTS,
    has_checkpoint,
    newest_checkpoint,
    restore,
)


class Checkpoints:
    """The checkpoints of one workdir.

    Args:
        model: the compiled model. A checkpoint holds its `networks` and `other_state`,
            dicts by name, and its `step`.
        workdir: folder of the run.
        keep: number of newest checkpoints to keep.
        strategy: strategy of the model.
    """

    def __init__(self, model: keras.Model, workdir: str, keep: int, strategy):
        self._model = model
        self._strategy = strategy
        self._chief = is_chief(strategy)
        self._workdir = workdir
        folder = os.path.join(workdir, CHECKPOINTS)
        if not self._chief:
            # All workers take part in a save; the files of the others are discarded.
            task = strategy.cluster_resolver.task_id
            folder = os.path.join(workdir, f".{CHECKPOINTS}-of-worker-{task}")
        self._networks = {k: named_weights(each) for k, each in model.networks.items()}
        self._checkpoint = tf.train.Checkpoint(
            **self._networks, **model.other_state, step=model.step
        )
        self._remove_broken(folder)
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, folder, max_to_keep=keep
        )

    def restore(self, path: str) -> int:
        """Restores everything from the checkpoint `path` and returns its step.

        Raises:
            ValueError: it is damaged, has another model or is of the other stack.
        """
        try:
            restore(self._checkpoint, path)
        except ValueError as error:
            if isinstance(error.__cause__, ValueError) and self._fits_networks(path):
                this, other = (2, 3) if KERAS_2 else (3, 2)
                raise ValueError(
                    f"Keras {this} cannot resume from {path}: its weights fit, but its "
                    f"optimizers' states do not, as in a run on Keras {other}. Resume "
                    "it there, or start a new --workdir."
                ) from error
            raise
        return int(self._model.step.numpy())

    def save(self) -> str:
        """Writes a checkpoint of this step and returns its path.

        Raises:
            FloatingPointError: a weight is not a finite number.
            OSError: it could not be written; older ones are unchanged.
        """
        step = int(self._model.step.numpy())
        self._check_finite(step)
        try:
            path = self._manager.save(checkpoint_number=step)
        except (tf.errors.OpError, OSError) as error:
            self._remove_remains(step)
            raise OSError(
                f"The checkpoint of step {step} could not be written to "
                f"{self._manager.directory}: {write_failure(error)}. The older one, "
                f"{self.newest or 'none yet'}, is intact."
            ) from error
        if not self._chief:
            shutil.rmtree(self._manager.directory, ignore_errors=True)
        return path

    @property
    def newest(self) -> str:
        """Path of the newest checkpoint; empty without any."""
        if not has_checkpoint(self._workdir):
            return ""
        return newest_checkpoint(self._workdir)

    def _fits_networks(self, path):
        try:
            restore(tf.train.Checkpoint(**self._networks), path)
        except ValueError:
            return False
        return True

    def _check_finite(self, step):
        for name, network in self._model.networks.items():
            for variable in network.weights:
                value = tf.convert_to_tensor(variable)
                if not bool(tf.reduce_all(tf.math.is_finite(value))):
                    raise FloatingPointError(
                        f"At step {step} the weight {variable.name} of the "
                        f"{name} is not finite. Last good checkpoint: "
                        f"{self.newest or 'none'}."
                    )

    @staticmethod
    def _remove_broken(folder):
        # Remains of a save that was killed. Nothing reads them, and with checkpoints by
        # the clock nothing would overwrite them.
        try:
            tf.train.get_checkpoint_state(folder)
        except ValueError:
            # The manager would fail on an unreadable record.
            os.unlink(os.path.join(folder, "checkpoint"))
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            path = os.path.join(folder, name)
            if re.fullmatch(r"ckpt-[0-9]+_temp", name):
                shutil.rmtree(path, ignore_errors=True)
            elif re.fullmatch(r"checkpoint\.tmp[0-9a-f]+", name):
                os.unlink(path)

    def _remove_remains(self, step):
        folder = self._manager.directory
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            path = os.path.join(folder, name)
            if name.startswith(f"ckpt-{step}_"):
                shutil.rmtree(path, ignore_errors=True)
            elif name.startswith(f"ckpt-{step}."):
                os.unlink(path)

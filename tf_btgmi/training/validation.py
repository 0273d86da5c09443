"""Validation of a run: metrics and pictures, in TensorBoard and in the workdir."""

import os

import keras
import numpy as np
import tensorflow as tf
from absl import logging
from PIL import Image

from tf_btgmi import workdir as workdir_lib
from tf_btgmi.metrics.discrimination import discrimination
from tf_btgmi.ops import image_ops
from tf_btgmi.schedules import DISCRIMINATOR
from tf_btgmi.training import regions

NUM_PICTURES = 8
# From this step on a warning names a discriminator that has a smaller share of right
# pairs; chance is 0.5.
_FIRST_STEPS = 1_000
_LEAST_RIGHT_PAIRS = 0.55
_SCORE_TEXTS = {
    "lpips": "LPIPS {:.4f}",
    "hole_l1": "hole L1 {:.4f}",
    "hole_psnr": "hole PSNR {:.2f} dB",
    "harmonized_lpips": "LPIPS of the harmonized {:.4f}",
    "foreground_mse": "fMSE {:.1f}",
    "unharmonized_mse": "before it {:.1f}",
}
_DISCRIMINATION_TEXTS = {
    "right_pairs": "discriminators' right pairs ",
    "auc": "area under the curve ",
}


class Validation(keras.callbacks.Callback):
    """Measures the averaged generator and the discriminators on fixed pictures.

    The discriminators are measured by `discrimination` on the composites of the trained
    generator, from the first step that trains them.

    The pictures go to TensorBoard and to `WORKDIR/pictures/STEP.png`: one row per
    example with masked image, the network's outputs, composite and image.

    Attributes:
        history: the metrics, dictionaries with the key `step`.

    Args:
        dataset: finite, batches of examples; the last one may be smaller.
        batch_size: size of the other batches.
        every_steps: steps between validations.
        total_steps: steps of the whole run; the last one is validated too.
        workdir: folder of the run.
        writer: a summary writer, or None in a process that writes nothing.
        discriminators_from: the first step that trains the discriminators.
    """

    def __init__(
        self,
        dataset,
        batch_size,
        every_steps,
        total_steps,
        workdir,
        writer,
        discriminators_from=0,
    ):
        super().__init__()
        self.history: list[dict[str, float]] = []
        self._dataset = dataset
        # A smaller batch would leave some replicas without examples, and the network
        # cannot run on none.
        self._full_batches = dataset.map(lambda batch: _filled_up(batch, batch_size))
        self._every_steps = every_steps
        self._total_steps = total_steps
        self._folder = os.path.join(workdir, workdir_lib.PICTURES)
        self._writer = writer
        self._discriminators_from = discriminators_from

    def on_train_batch_end(self, batch, logs=None):
        """Validates if it is due."""
        step = int(self.model.step.numpy())
        if step % self._every_steps == 0 or step == self._total_steps:
            self.validate(step)

    def validate(self, step: int) -> dict[str, float]:
        """Measures, writes and returns the metrics at `step`."""
        metrics = self.model.evaluate(self._full_batches, verbose=0, return_dict=True)
        metrics = {name: float(metrics[name]) for name in self.model.validation_names}
        if DISCRIMINATOR in self.model.trained:
            metrics.update(self._discrimination(step))
        self.history.append({"step": step, **metrics})
        # On every worker, though one writes: reading the running statistics of batch
        # normalization is a collective operation.
        grid = picture_grid(self.model, next(iter(self._dataset)))
        if self._writer is None:
            return metrics
        with self._writer.as_default(step=step):
            for name, value in metrics.items():
                tf.summary.scalar(f"validation/{name}", value)
            columns = ", ".join(["masked", *self._columns(), "composite", "image"])
            tf.summary.image(columns, grid[np.newaxis])
        os.makedirs(self._folder, exist_ok=True)
        Image.fromarray(grid).save(os.path.join(self._folder, f"{step:07d}.png"))
        numbers = [
            text.format(metrics[name])
            for name, text in _SCORE_TEXTS.items()
            if name in metrics
        ]
        for name, text in _DISCRIMINATION_TEXTS.items():
            shares = [metrics[n] for n in metrics if n.startswith(name)]
            if shares:
                numbers.append(text + " ".join(f"{share:.2f}" for share in shares))
        logging.info("step %d, validation: %s", step, ", ".join(numbers))
        return metrics

    def _discrimination(self, step):
        batches = [self._logits(batch) for batch in self._dataset]
        # Batches of [real, fake, mask] of scales to the same of whole arrays.
        logits = [
            [np.concatenate(parts) for parts in zip(*of_scales)]
            for of_scales in zip(*batches)
        ]
        metrics = discrimination(*logits)
        if step - self._discriminators_from >= _FIRST_STEPS:
            for name, share in metrics.items():
                if name.startswith("right_pairs") and share < _LEAST_RIGHT_PAIRS:
                    logging.warning(
                        "step %d: the discriminator of scale %s is near chance (%.2f "
                        "of pairs right). Its term teaches the generator little: see "
                        "discriminator.normalization, discriminator.base_filters and "
                        "procedure.discriminator_learning_rate_factor.",
                        step,
                        name.rsplit("_", 1)[-1],
                        share,
                    )
        return metrics

    def _logits(self, batch):
        lists = self.model.discriminator_logits(batch)
        return [[tensor.numpy() for tensor in scales] for scales in lists]

    def _columns(self):
        names = self.model.output_names
        return ["prediction"] if len(names) == 1 else names


def _filled_up(batch: dict, batch_size: int) -> dict:
    """Pads a batch with blank examples; without holes, they have no weight."""
    missing = batch_size - tf.shape(batch["image"])[0]
    return {
        name: tf.ensure_shape(
            tf.pad(value, [[0, missing]] + [[0, 0]] * (len(value.shape) - 1)),
            [batch_size, *value.shape[1:]],
        )
        for name, value in batch.items()
    }


def picture_grid(model, batch) -> np.ndarray:
    """Rows of masked image, outputs, composite and image: uint8 [H, W, 3]."""
    batch = {name: value[:NUM_PICTURES] for name, value in batch.items()}
    predictions = model.predictions(batch)
    columns = [
        regions.masked_image(batch),
        *predictions.values(),
        regions.result(batch, predictions),
        batch["image"],
    ]
    rows = tf.concat([image_ops.to_uint8(column) for column in columns], axis=2)
    return np.concatenate(list(rows.numpy()), axis=0)

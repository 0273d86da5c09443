"""One model in TensorFlow and in PyTorch, with the same weights on the same batch.

`benchmarks.compare_pytorch` checks and times it in a separate process. Pictures are
[B, H, W, C] in TensorFlow and [B, C, H, W], channels_last, in PyTorch.
"""

# First: TensorFlow's libraries do not mind PyTorch's.
import torch  # isort: skip

import numpy as np
import tensorflow as tf

from benchmarks import pytorch_losses, pytorch_model, pytorch_step, pytorch_weights
from tf_btgmi import loading
from tf_btgmi.inference.network import predict_function
from tf_btgmi.models.folding import fold
from tf_btgmi.models.lpips_trunks import load_lpips_weights
from tf_btgmi.models.naming import named_weights
from tf_btgmi.training.build import build_model
from tf_btgmi.training.strategy import make_strategy

TOLERANCE = 1e-4
LOSS_TOLERANCE = 0.001
COMPARED = (
    "discriminator_loss",
    "reconstruction_loss",
    "pixel_loss",
    "adversarial_loss",
    "generator_loss",
)


class Both:
    """The method in both, with the same weights.

    Args:
        place: of the model.
        precision: of training and inference.
        size: side of the pictures in pixels.
        batch: of `batches.make_batch`.
    """

    def __init__(self, place, precision, size, batch):
        trained, config = loading.load_generator(place)
        config.training.precision = precision
        config.data.image_size = size
        config.data.global_batch_size = len(batch["image"])
        self.config, self.precision, self.batch = config, precision, batch
        self.stage = trained.stage
        self.model = build_model(config, make_strategy("one_device"))
        self.model.begin_stage(self.stage)
        values = {n: v.numpy() for n, v in named_weights(trained).items()}
        for network in (self.model.generator, self.model.ema_generator):
            for name, variable in named_weights(network).items():
                variable.assign(values[name])
        self.weights = values
        self.discriminator_weights = {
            name: variable.numpy()
            for name, variable in named_weights(self.model.discriminator).items()
        }

    def torch_generator(self, aligned: bool):
        """PyTorch's generator with the weights."""
        blocks = self.config.procedure.num_refinement_blocks
        generator = pytorch_model.Generator(self.config.generator, blocks, aligned)
        pytorch_weights.assign(generator, self.weights)
        generator.stage = self.stage
        return generator.to(memory_format=torch.channels_last)

    def torch_training(self, aligned: bool) -> pytorch_step.TrainingStep:
        """PyTorch's training with the weights."""
        discriminator = pytorch_model.MultiScaleDiscriminator(self.config.discriminator)
        pytorch_weights.assign(discriminator, self.discriminator_weights)
        return pytorch_step.TrainingStep(
            self.torch_generator(aligned),
            self.torch_generator(aligned),
            discriminator.to(memory_format=torch.channels_last),
            pytorch_losses.LPIPS(load_lpips_weights()).to(
                memory_format=torch.channels_last
            ),
            self.config,
        )

    def torch_step(self, training: pytorch_step.TrainingStep):
        """PyTorch's training step on the batch: a function that returns the losses."""
        image, mask = map(to_torch, (self.batch["image"], self.batch["mask"]))
        boxes = torch.from_numpy(self.batch["hole_boxes"])
        # As TensorFlow draws it in its first step.
        jitter = tf.random.stateless_uniform([4], [self.config.training.seed, 0])
        jitter = torch.from_numpy(jitter.numpy())
        return lambda: training(image, mask, boxes, 0, jitter)

    def tensorflow_step(self):
        """TensorFlow's training step on the batch: a function that returns losses."""
        batch = {name: tf.constant(value) for name, value in self.batch.items()}

        @tf.function
        def step():
            losses = self.model.train_step(batch)
            self.model.update_average()
            return losses

        return step

    def check(self) -> str:
        """Compares predictions and losses; trains each by a step.

        Raises:
            ValueError: they differ by more than the tolerances in float32.
        """
        inputs = network_inputs(self.batch)
        mine = self.model.generator(inputs, training=False).numpy()
        generator = self.torch_generator(aligned=True).eval()
        with torch.inference_mode(), self._autocast():
            other = generator(to_torch(inputs)).permute(0, 2, 3, 1).numpy()
        apart = float(np.abs(mine - other).max())
        exact = self.precision == "float32"
        if exact and apart > TOLERANCE:
            raise ValueError(
                f"TensorFlow and PyTorch differ: predictions by {apart:.1e}, at most "
                f"{TOLERANCE:.0e} is rounding."
            )
        ours = self.tensorflow_step()()
        theirs = self.torch_step(self.torch_training(aligned=True))()
        worst = max(
            abs(float(ours[name]) / theirs[name].item() - 1) for name in COMPARED
        )
        if exact and worst > LOSS_TOLERANCE:
            raise ValueError(
                f"TensorFlow and PyTorch differ: losses by {worst:.1%}, at most "
                f"{LOSS_TOLERANCE:.1%} is rounding."
            )
        return f"predictions differ by at most {apart:.1e}, losses by {worst:.2%}."

    def predictions(self, count: int) -> dict:
        """Runs of the generator on `count` pictures, by name."""
        inputs = network_inputs(self.batch)[:count]
        side = inputs.shape[1]
        mine = predict_function(self.model.generator, side)
        folded = predict_function(fold(self.model.generator), side)
        generator = self.torch_generator(aligned=False).eval()
        tensor = to_torch(inputs)

        def torch_call():
            with torch.inference_mode(), self._autocast():
                return generator(tensor).numpy()

        return {
            "inference": lambda: mine(inputs),
            "inference, folded": lambda: folded(inputs),
            "PyTorch": torch_call,
        }

    def steps(self) -> dict:
        """Training steps by name."""
        mine = self.tensorflow_step()
        other = self.torch_step(self.torch_training(aligned=False))
        return {
            "TensorFlow": lambda: float(mine()["generator_loss"]),
            "PyTorch": lambda: other()["generator_loss"].item(),
        }

    def _autocast(self):
        return torch.autocast(
            "cpu", torch.bfloat16, enabled=self.precision != "float32"
        )


def network_inputs(batch: dict):
    """[B, H, W, 4]: the masked image and the mask."""
    masked = batch["image"] * (1 - batch["mask"])
    return np.concatenate([masked, batch["mask"]], axis=-1)


def to_torch(array):
    """[B, H, W, C] of NumPy as PyTorch's [B, C, H, W], channels_last."""
    # The same memory, called otherwise.
    return torch.from_numpy(array).permute(0, 3, 1, 2)

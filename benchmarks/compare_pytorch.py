"""The method in TensorFlow beside the same written plainly in PyTorch.

    pip install -r requirements-benchmarks.txt
    python -m benchmarks.compare_pytorch --sizes=128 --batch=8 --rounds=15

Both have the weights of `--model` and see the same batch. First it is checked that
they predict the same, to 1e-4, and that the first training step has the same losses,
to 1 %; what is timed after that has the padding of its strided convolutions where
PyTorch usually has it, one pixel off, and is channels_last. Then both take turns. Takes
about two minutes a size; a row's factor is the median of PyTorch's time over
TensorFlow's in the same turn, so above 1 TensorFlow is ahead.
"""

import importlib.util

from absl import flags

from benchmarks import children, timing
from tf_btgmi import loading, program

FLAGS = flags.FLAGS
TOLERANCE = 1e-4
LOSS_TOLERANCE = 0.01
_COMPARED = (
    "discriminator_loss",
    "reconstruction_loss",
    "pixel_loss",
    "adversarial_loss",
    "generator_loss",
)


def define_flags():
    """The flags of this program; `program.run` calls it."""
    program.define_model_flag()
    flags.DEFINE_list("sizes", ["128"], "Sides of the pictures in pixels.")
    flags.DEFINE_list(
        "precisions", ["float32", "mixed_bfloat16"], "Values of training.precision."
    )
    flags.DEFINE_integer("batch", 8, "Pictures in a batch.", lower_bound=1)
    flags.DEFINE_integer("rounds", 15, "Turns that are timed.", lower_bound=1)


def main(argv):
    """Prints a row for each precision, size and kind of work."""
    del argv
    need_pytorch()
    if not all(size.isdigit() for size in FLAGS.sizes):
        raise program.UsageError("--sizes must be whole numbers (pixels).")
    loading.describe(FLAGS.model)
    print("| precision | size | what | TensorFlow | PyTorch | factor |")
    print("|---|---|---|---|---|---|")
    notes = []
    for precision in FLAGS.precisions:
        for size in map(int, FLAGS.sizes):
            found = children.call(
                "benchmarks.compare_pytorch",
                "measure",
                place=FLAGS.model,
                precision=precision,
                size=size,
                batch_size=FLAGS.batch,
                rounds=FLAGS.rounds,
            )
            for what, (count, mine, other, factor) in found["rows"].items():
                print(
                    f"| {precision} | {size} | {what} | "
                    f"{timing.milliseconds(mine)} ms, {count / mine:.1f}/s | "
                    f"{timing.milliseconds(other)} ms, {count / other:.1f}/s | "
                    f"{factor:.2f} |",
                    flush=True,
                )
            notes.append(f"{precision}, {size} px: {found['note']}")
    print("\n" + "\n".join(notes))
    return 0


def need_pytorch() -> None:
    """Says what to install where PyTorch is missing.

    Raises:
        UsageError: it is.
    """
    if importlib.util.find_spec("torch") is None:
        raise program.UsageError(
            "PyTorch is not installed: pip install -r requirements-benchmarks.txt."
        )


def measure(place, precision, size, batch_size, rounds) -> dict:
    """Checks and times both at one precision and size, in this process.

    Returns:
        `rows`: by the kind of work (pictures, TensorFlow's seconds, PyTorch's, factor);
        `note`: what the check found.

    Raises:
        ValueError: they do not compute the same in float32.
    """
    batch = make_batch(size, batch_size)
    both = Both(place, precision, size, batch)
    note = both.check()
    rows = {}
    for count in sorted({1, batch_size}):
        calls = both.predictions(count)
        seconds = timing.in_turn(calls, rounds)
        for name in calls:
            if name != "PyTorch":
                rows[f"{name}, batch {count}"] = _row(count, seconds, name)
    seconds = timing.in_turn(both.steps(), rounds)
    rows[f"training step, batch {batch_size}"] = _row(batch_size, seconds, "TensorFlow")
    return {"rows": rows, "note": note}


def _row(count, seconds, name):
    found = timing.medians(seconds)
    factor = timing.ratio(seconds["PyTorch"], seconds[name])
    return count, found[name], found["PyTorch"], factor


def make_batch(size: int, batch_size: int) -> dict:
    """Smooth random pictures with a rectangle each, as NumPy arrays by name."""
    import cv2
    import numpy as np

    rng = np.random.default_rng(0)
    small = rng.uniform(-1, 1, [batch_size, 9, 9, 3]).astype(np.float32)
    image = np.stack([cv2.resize(picture, (size, size)) for picture in small])
    mask = np.zeros([batch_size, size, size, 1], np.float32)
    boxes = np.zeros([batch_size, 1, 4], np.float32)
    for i in range(batch_size):
        top, left = rng.integers(0, size // 2, 2)
        height, width = rng.integers(size // 4, size // 2, 2)
        mask[i, top : top + height, left : left + width] = 1
        boxes[i, 0] = top, left, top + height, left + width
    return {"image": image, "mask": mask, "hole_boxes": boxes}


class Both:
    """The method in both, with the same weights.

    Args:
        place: of the model.
        precision: of training and inference.
        size: side of the pictures in pixels.
        batch: what `make_batch` gives.
    """

    def __init__(self, place, precision, size, batch):
        # PyTorch first: TensorFlow's libraries do not mind its own.
        import torch  # noqa: F401

        from tf_btgmi.models.naming import named_weights
        from tf_btgmi.training.build import build_model
        from tf_btgmi.training.strategy import make_strategy

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
        import torch

        from benchmarks import pytorch_model

        alpha = float(self.weights["fade_in.non_trainable_0_fade_in_alpha"])
        generator = pytorch_model.Generator(
            self.config.generator,
            self.config.generator.num_head_blocks + self.stage,
            alpha if self.stage else 1.0,
            aligned,
        )
        pytorch_model.copy_generator(self.weights, generator)
        return generator.to(memory_format=torch.channels_last)

    def torch_step(self, aligned: bool):
        """PyTorch's training step on the batch: a function that returns the losses."""
        import torch

        from benchmarks import pytorch_model, pytorch_step
        from tf_btgmi.models.alexnet import load_perceptual_weights

        fields = self.config.discriminator
        discriminator = pytorch_model.MultiScaleDiscriminator(
            fields.base_filters, fields.num_scales
        )
        pytorch_model.copy_discriminator(self.discriminator_weights, discriminator)
        step = pytorch_step.TrainingStep(
            self.torch_generator(aligned),
            self.torch_generator(aligned),
            discriminator.to(memory_format=torch.channels_last),
            pytorch_step.LPIPS(load_perceptual_weights()).to(
                memory_format=torch.channels_last
            ),
            self.config,
        )
        image, mask = map(to_torch, (self.batch["image"], self.batch["mask"]))
        boxes = torch.from_numpy(self.batch["hole_boxes"][:, 0])

        def run():
            with self._autocast():
                return step(image, mask, boxes)

        return run

    def tensorflow_step(self):
        """TensorFlow's training step on the batch: a function that returns losses."""
        import tensorflow as tf

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
        import numpy as np
        import torch

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
        ours, theirs = self.tensorflow_step()(), self.torch_step(aligned=True)()
        worst = max(
            abs(float(ours[name]) / theirs[name].item() - 1) for name in _COMPARED
        )
        if exact and worst > LOSS_TOLERANCE:
            raise ValueError(
                f"TensorFlow and PyTorch differ: losses by {worst:.1%}, at most "
                f"{LOSS_TOLERANCE:.0%} is rounding."
            )
        return f"predictions differ by at most {apart:.1e}, losses by {worst:.2%}."

    def predictions(self, count: int) -> dict:
        """Runs of the generator on `count` pictures, by name."""
        import tensorflow as tf
        import torch

        from tf_btgmi.serving.folding import fold

        inputs = network_inputs(self.batch)[:count]
        shape = tf.TensorSpec(inputs.shape, tf.float32)
        calls = {}
        for name, network in (
            ("inference", self.model.generator),
            ("inference, folded", fold(self.model.generator)),
        ):
            calls[name] = _tensorflow_call(network, shape, inputs)
        generator = self.torch_generator(aligned=False).eval()
        given = to_torch(inputs)

        def torch_call():
            with torch.inference_mode(), self._autocast():
                return generator(given).numpy()

        return {**calls, "PyTorch": torch_call}

    def steps(self) -> dict:
        """Training steps by name."""
        mine, other = self.tensorflow_step(), self.torch_step(aligned=False)
        return {
            "TensorFlow": lambda: float(mine()["generator_loss"]),
            "PyTorch": lambda: other()["generator_loss"].item(),
        }

    def _autocast(self):
        import torch

        return torch.autocast(
            "cpu", torch.bfloat16, enabled=self.precision != "float32"
        )


def _tensorflow_call(network, spec, inputs):
    import tensorflow as tf

    run = tf.function(lambda x: network(x, training=False), input_signature=[spec])
    given = tf.constant(inputs)
    return lambda: run(given).numpy()


def network_inputs(batch: dict):
    """[B, H, W, 4]: the masked image and the mask."""
    import numpy as np

    masked = batch["image"] * (1 - batch["mask"])
    return np.concatenate([masked, batch["mask"]], axis=-1)


def to_torch(array):
    """[B, H, W, C] of NumPy as PyTorch's [B, C, H, W], channels_last."""
    import torch

    # The same memory, called otherwise.
    return torch.from_numpy(array).permute(0, 3, 1, 2)


if __name__ == "__main__":
    program.run(main, define_flags)

"""One step of the method: both networks, their losses, their optimizers (Alg. 1).

A batch is a dictionary: `image` [B, H, W, 3] in [-1, 1], `mask` [B, H, W, 1] with 1 =
hole, and optionally `hole_boxes` [B, K, 4] in pixels (default: the box around the whole
hole). A network with a `harmonized` output also needs `foreground` [B, H, W, 1],
`masked_image` [B, H, W, 3], where the foreground has wrong colours, and optionally
`foreground_boxes`; its hole is the gap around the foreground.
"""

from typing import Sequence

import keras
import tensorflow as tf

from tf_btgmi import keras_compat
from tf_btgmi.losses.lpips import LPIPSDistance
from tf_btgmi.losses.objective import Objective
from tf_btgmi.models.discriminator import MultiScaleDiscriminator
from tf_btgmi.models.generator import Generator
from tf_btgmi.outputs import by_name
from tf_btgmi.schedules import DISCRIMINATOR, GENERATOR
from tf_btgmi.training import regions, validation_metrics
from tf_btgmi.training.averaging import average_decay
from tf_btgmi.training.descent import descend, scaled_loss
from tf_btgmi.training.features import generator_features, logits, pair_features

LOSSES = (
    "generator_loss",
    "reconstruction_loss",
    "pixel_loss",
    "adversarial_loss",
    "discriminator_loss",
)


class InpaintingGAN(keras.Model):
    """The generator, its moving average, the discriminator and their training.

    Create it, its optimizers and its checkpoint inside the scope of one strategy. The
    optimizers' slots are created here, for every refinement block.

    Attributes:
        step: variable, training steps taken.
        adversarial_weight: variable, weight of the generator's adversarial term.
        trained: names of the networks that are trained, a Python tuple.

    Args:
        generator: the trained network, a `Generator` or one of `baselines`.
        ema_generator: a second one of the same shape, the moving average that is
            evaluated and exported.
        discriminator: the patch-labelled discriminator, or an earlier system's.
        objective: weighs and sums the losses.
        ema_decay: decay per step of the moving average, after its warm-up.
        discriminator_steps: discriminator steps per batch.
        seed: seed of the jitter of PPL's boxes, combined with the step.
        block_starts: first training step of each refinement block, at which the warm-up
            of its average starts; 0 where left out.
    """

    def __init__(
        self,
        generator: Generator,
        ema_generator: Generator,
        discriminator: MultiScaleDiscriminator,
        objective: Objective,
        ema_decay: float = 0.999,
        discriminator_steps: int = 1,
        seed: int = 0,
        block_starts: Sequence[int] = (),
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.generator = generator
        self.ema_generator = ema_generator
        self.discriminator = discriminator
        self.objective = objective
        self.ema_decay = ema_decay
        self.discriminator_steps = discriminator_steps
        self.seed = seed
        self.block_starts = tuple(block_starts)
        self.trained = (GENERATOR, DISCRIMINATOR)
        self.lpips = LPIPSDistance(dtype="float32")
        self.step = _scalar(0, tf.int64, "step")
        self.adversarial_weight = _scalar(1.0, tf.float32, "adversarial_weight")
        self.output_names = generator.output_names
        # Metrics of validation.
        self.validation_names = validation_metrics.names(self.output_names)
        self.means = {
            name: keras.metrics.Mean(name) for name in LOSSES + self.validation_names
        }
        for new, old in zip(ema_generator.weights, generator.weights):
            new.assign(old)
        self.built = True

    def compile(self, generator_optimizer, discriminator_optimizer, **kwargs):
        """Sets both optimizers.

        Args:
            generator_optimizer: a Keras optimizer.
            discriminator_optimizer: another one.
            **kwargs: for `keras.Model.compile`.
        """
        # On a CPU, XLA is slower than the kernels it replaces; Keras 3 would use it by
        # default.
        kwargs.setdefault("jit_compile", False)
        super().compile(optimizer=generator_optimizer, **kwargs)
        # The step's metrics are means over all replicas already; Keras would add them
        # up over workers.
        self.distribute_reduction_method = "first"
        strategy = tf.distribute.get_strategy()
        self._mean_over_workers = keras_compat.means_over_workers(strategy)
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)

    @property
    def metrics(self):
        """Running means of validation, which Keras resets before each one."""
        return [self.means[name] for name in self.validation_names]

    @property
    def networks(self) -> dict:
        """The networks, by their names in checkpoints."""
        return {
            GENERATOR: self.generator,
            "ema_generator": self.ema_generator,
            DISCRIMINATOR: self.discriminator,
        }

    @property
    def other_state(self) -> dict:
        """The optimizers, by their names in checkpoints."""
        return {
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }

    def reset_losses(self) -> None:
        """Restarts the running means of the losses."""
        for name in LOSSES:
            self.means[name].reset_state()

    def call(self, inputs, training=None):
        """The composite of all outputs, by the moving average: [B, H, W, 3].

        Args:
            inputs: a batch; `image` may hold anything in the hole.
            training: not used; the moving average is never in training mode.
        """
        return regions.result(inputs, self.predictions(inputs))

    def predictions(self, batch: dict) -> dict:
        """The moving average's predictions by output name."""
        return self._predict(self.ema_generator, batch, training=False)

    def train_step(self, batch):
        """One step of Alg. 1 on a batch, of the networks that `trained` names.

        Returns the undivided losses by name.
        """
        trains_generator = GENERATOR in self.trained
        trains_discriminator = DISCRIMINATOR in self.trained
        losses = {}
        with tf.GradientTape() as tape:
            examples = self.examples(batch, training=trains_generator)
            if trains_discriminator:
                with tape.stop_recording():
                    loss = self.train_discriminator(batch, examples)
                losses["discriminator_loss"] = loss
            if trains_generator:
                losses.update(self.reconstruction_terms(examples))
                if trains_discriminator:
                    losses.update(self.realism_terms(batch, examples))
                loss = self.objective.generator(losses, self.adversarial_weight)
                scaled = scaled_loss(self.generator_optimizer, loss)
                losses["generator_loss"] = loss
        if trains_generator:
            variables = self.generator.active_trainable_variables
            descend(self.generator_optimizer, tape, scaled, variables)
        self.step.assign_add(1)
        return self._report(losses)

    def examples(self, batch: dict, training: bool) -> dict:
        """The generator's composites with the inputs of their losses.

        Returns:
            The dictionary of `regions.examples`, and `patches`: which patches of each
            scale meet the hole.
        """
        predictions = self._predict(self.generator, batch, training=training)
        examples = regions.examples(batch, predictions)
        examples["patches"] = self.discriminator.patch_masks(examples["mask"])
        return examples

    def reconstruction_terms(self, examples: dict) -> dict:
        """The generator's terms without a discriminator; the step is PPL's seed."""
        seed = tf.stack([tf.constant(self.seed, tf.int64), self.step])
        return self.objective.reconstruction_terms(examples, seed)

    def realism_terms(self, batch: dict, examples: dict) -> dict:
        """The generator's terms that need the discriminators."""
        features = generator_features(self, batch, examples)
        return self.objective.realism_terms(*features, examples["patches"])

    def train_discriminator(self, batch: dict, examples: dict) -> tf.Tensor:
        """Trains the discriminators on the composites; returns the last loss."""
        variables = self.discriminator.trainable_variables
        for _ in range(self.discriminator_steps):
            with tf.GradientTape() as tape:
                real, fake = pair_features(self.discriminator, batch, examples, True)
                loss = self.objective.discriminator(
                    logits(real), logits(fake), examples["patches"]
                )
                scaled = scaled_loss(self.discriminator_optimizer, loss)
            descend(self.discriminator_optimizer, tape, scaled, variables)
        return loss

    def test_step(self, batch):
        """Metrics of the averaged generator on a batch, by name."""
        measured = validation_metrics.of_batch(
            batch, self.predictions(batch), self.lpips
        )
        return self._report(*_over_replicas(*measured))

    @tf.function
    def update_average(self):
        """Moves the averaged generator towards the trained one, once per step.

        Running statistics of batch normalization are averaged with the weights that
        they belong to. The decay of a refinement block counts from its first step:
        otherwise its average would mostly be its initial weights.
        """
        starts = {}
        for block, start in zip(self.generator.refinement_blocks, self.block_starts):
            starts.update({id(variable): start for variable in block.weights})
        paces = {
            start: 1.0 - average_decay(self.step - start, self.ema_decay)
            for start in {0, *starts.values()}
        }
        # On each replica by itself: read from outside, running statistics would be
        # summed over all of them, one collective operation each.
        extended = self.distribute_strategy.extended
        for mean, value in zip(
            self.ema_generator.averaged_variables, self.generator.averaged_variables
        ):
            pace = paces[starts.get(id(value), 0)]
            extended.update(
                keras_compat.tensorflow_variable(mean),
                lambda mean, value, pace: mean.assign_add(pace * (value - mean)),
                args=(keras_compat.tensorflow_variable(value), pace),
            )

    def begin_stage(
        self, stage: int, trained: Sequence[str] = (GENERATOR, DISCRIMINATOR)
    ) -> None:
        """Configures the steps to be traced next.

        Args:
            stage: number of active refinement blocks.
            trained: names of the networks that are trained. Without the discriminator,
                the generator learns from its reconstruction alone.
        """
        self.trained = tuple(trained)
        for generator in (self.generator, self.ema_generator):
            generator.stage = stage
        self.train_function = self.test_function = self.predict_function = None

    def restart_generator_optimizer(self) -> None:
        """Resets Adam's moments and step count; keeps the loss scale.

        A new block's moments start at 0, and only a count that starts with them
        corrects their bias; with the old count its first steps would be many times
        too long.
        """
        optimizer = self.generator_optimizer
        if keras_compat.has_loss_scale(optimizer):
            optimizer = optimizer.inner_optimizer
        rate = float(optimizer.learning_rate.numpy())
        for variable in optimizer.variables:
            variable.assign(tf.zeros(variable.shape, variable.dtype))
        optimizer.learning_rate.assign(rate)

    def _maybe_symbolic_build(self, *args, **kwargs):
        # Keras 3 would build the model from a batch before `fit`, which fails under
        # several workers. Everything here is built when it is made.
        del args, kwargs

    def _predict(self, generator, batch, training):
        inputs = regions.generator_inputs(batch, self.output_names)
        return by_name(generator(inputs, training=training), self.output_names)

    def discriminator_logits(self, batch: dict):
        """The discriminators' logits of a batch's images and composites.

        Returns:
            Three lists over scales, finest first, of [B, h, w, 1]: the logits of the
            images, of the composites, and the patch masks. With two outputs B is twice
            that of the batch.
        """
        examples = self.examples(batch, training=False)
        real, fake = pair_features(self.discriminator, batch, examples, training=False)
        real = [regions.repeated(scale, self.output_names) for scale in logits(real)]
        return real, logits(fake), examples["patches"]

    def _report(self, values, weights=None):
        for name, value in values.items():
            self.means[name].update_state(value, weights and weights[name])
        results = {name: self.means[name].result() for name in values}
        if self._mean_over_workers:
            results = {name: result[tf.newaxis] for name, result in results.items()}
        return results


def _over_replicas(values, weights):
    # Keras 3 would average the replicas' means, whatever their numbers of examples.
    parts = {
        name: (tf.reduce_sum(value * weights[name]), tf.reduce_sum(weights[name]))
        for name, value in values.items()
    }
    context = tf.distribute.get_replica_context()
    totals = context.all_reduce(tf.distribute.ReduceOp.SUM, parts)
    means = {name: tf.math.divide_no_nan(*total) for name, total in totals.items()}
    return means, {name: count for name, (_, count) in totals.items()}


def _scalar(value, dtype, name):
    # Equal on every replica; the first replica's value is assigned to all.
    return tf.Variable(
        value,
        dtype=dtype,
        trainable=False,
        name=name,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )

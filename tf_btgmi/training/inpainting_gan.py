"""One step of the method: both networks, their losses, their optimizers (Alg. 1).

A batch is a dictionary that grows: `image` [B, H, W, 3] in [-1, 1], `mask`
[B, H, W, 1] with 1 = hole, and `hole_boxes` [B, K, 4] in pixels, the box around the
whole hole where it is absent. A network with a `harmonized` output also wants
`foreground` [B, H, W, 1], `foreground_boxes` (optional like the others) and
`masked_image` [B, H, W, 3], where the foreground has colours that are wrong; the hole
is the gap around it.
"""

from typing import Sequence

import keras
import tensorflow as tf

from tf_btgmi import keras_compat
from tf_btgmi.losses.lpips import LPIPSDistance
from tf_btgmi.losses.objective import Objective
from tf_btgmi.models.discriminator import MultiScaleDiscriminator
from tf_btgmi.models.generator import Generator
from tf_btgmi.schedules import DISCRIMINATOR, GENERATOR
from tf_btgmi.training import regions, scores

LOSSES = (
    "generator_loss",
    "reconstruction_loss",
    "pixel_loss",
    "adversarial_loss",
    "discriminator_loss",
)


class InpaintingGAN(keras.Model):
    """The generator, its moving average, the discriminator and their training.

    Build it, its optimizers and whatever it is restored from inside the scope of one
    strategy; the optimizers' slots are made here, for every refinement block.

    Attributes:
        step: variable, training steps taken.
        adversarial_weight: variable, weight of the generator's adversarial term.
        trained: names of the networks that are trained, a Python tuple.

    Args:
        generator: the network that is trained, or one of `baselines`.
        ema_generator: a second one of the same shape, the moving average that is
            evaluated and exported.
        discriminator: the patch-labelled discriminator, or an earlier system's.
        objective: weighs and sums the losses.
        ema_decay: decay a step of the moving average, once it is warm.
        discriminator_steps: steps of the discriminators on every batch.
        seed: of the jitter of PPL's boxes, together with the step.
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
        self.trained = (GENERATOR, DISCRIMINATOR)
        self.lpips = LPIPSDistance(dtype="float32")
        self.step = _scalar(0, tf.int64, "step")
        self.adversarial_weight = _scalar(1.0, tf.float32, "adversarial_weight")
        self.output_names = generator.output_names
        # What validation measures.
        self.score_names = scores.names(self.output_names)
        self.means = {
            name: keras.metrics.Mean(name) for name in LOSSES + self.score_names
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
        # XLA is slower than the kernels it replaces on a CPU, and Keras 3 would take
        # it unasked.
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
        """Running means of what a step reports."""
        return list(self.means.values())

    def call(self, inputs, training=None):
        """The composite of all outputs, by the moving average: [B, H, W, 3].

        Args:
            inputs: a batch; `image` may hold anything in the hole.
            training: not used; the moving average is never in training.
        """
        return regions.result(inputs, self.predictions(inputs))

    def predictions(self, batch: dict) -> dict:
        """The moving average's pictures by the outputs' names."""
        return self._predict(self.ema_generator, batch, training=False)

    def train_step(self, batch):
        """One step of Alg. 1 on `image`, `mask` and what else the task's batch has.

        Returns the undivided losses by name.
        """
        losses = {}
        with tf.GradientTape() as tape:
            predictions = self._predict(
                self.generator, batch, training=GENERATOR in self.trained
            )
            examples = regions.examples(batch, predictions)
            patch_masks = self.discriminator.patch_masks(examples["mask"])
            if DISCRIMINATOR in self.trained:
                with tape.stop_recording():
                    losses["discriminator_loss"] = self._train_discriminator(
                        batch, examples, patch_masks
                    )
            if GENERATOR in self.trained:
                seed = tf.stack([tf.constant(self.seed, tf.int64), self.step])
                terms = self.objective.reconstruction_terms(examples, seed)
                if DISCRIMINATOR in self.trained:
                    features = self._features_for_generator(batch, examples)
                    terms.update(self.objective.realism_terms(*features, patch_masks))
                loss = self.objective.generator(terms, self.adversarial_weight)
                losses.update(terms, generator_loss=loss)
                scaled = keras_compat.scale_loss(
                    self.generator_optimizer, loss * _share()
                )
        if GENERATOR in self.trained:
            variables = self.generator.active_trainable_variables
            gradients = tape.gradient(scaled, variables)
            keras_compat.apply_gradients(self.generator_optimizer, gradients, variables)
        self.step.assign_add(1)
        return self._report(losses)

    def _train_discriminator(self, batch, examples, patch_masks):
        fakes = {**examples, "composite": tf.stop_gradient(examples["composite"])}
        for _ in range(self.discriminator_steps):
            loss = self._discriminator_step(batch, fakes, patch_masks)
        return loss

    def _discriminator_step(self, batch, examples, patch_masks):
        variables = self.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            real_features, fake_features = self._judge(batch, examples, training=True)
            loss = self.objective.discriminator(
                [layers[-1] for layers in real_features],
                [layers[-1] for layers in fake_features],
                patch_masks,
            )
            scaled = keras_compat.scale_loss(
                self.discriminator_optimizer, loss * _share()
            )
        gradients = tape.gradient(scaled, variables)
        keras_compat.apply_gradients(self.discriminator_optimizer, gradients, variables)
        return loss

    def test_step(self, batch):
        """Metrics of the averaged generator on a batch, by name."""
        measured = scores.measure(batch, self.predictions(batch), self.lpips)
        return self._report(*_over_replicas(*measured))

    @tf.function
    def update_average(self):
        """Moves the averaged generator towards the trained one; once a step.

        The decay is (1 + step) / (10 + step) until that reaches `ema_decay`, so that
        a short run is not held back by its initial weights. Running statistics of
        batch normalization are averaged with the weights that they belong to.
        """
        step = tf.cast(self.step, tf.float32)
        pace = 1.0 - tf.minimum(self.ema_decay, (1.0 + step) / (10.0 + step))
        # On each replica by itself: read from outside, running statistics would be
        # summed over all of them, one collective operation each.
        extended = self.distribute_strategy.extended
        for mean, value in zip(
            self.ema_generator.averaged_variables, self.generator.averaged_variables
        ):
            extended.update(
                keras_compat.tensorflow_variable(mean),
                lambda mean, value: mean.assign_add(pace * (value - mean)),
                args=(keras_compat.tensorflow_variable(value),),
            )

    def begin_stage(
        self, stage: int, trained: Sequence[str] = (GENERATOR, DISCRIMINATOR)
    ) -> None:
        """Says what the next traced steps do.

        Args:
            stage: refinement blocks that run.
            trained: names of the networks that are trained. The generator alone learns
                from its reconstruction alone.
        """
        self.trained = tuple(trained)
        for generator in (self.generator, self.ema_generator):
            generator.stage = stage
        self.train_function = self.test_function = self.predict_function = None

    def restart_generator_optimizer(self) -> None:
        """Forgets Adam's moments and count; keeps the loss scale.

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
        return regions.by_name(generator(inputs, training=training), self.output_names)

    def discriminator_logits(self, batch: dict):
        """The discriminators' logits of a batch and what the generator makes of it.

        Returns:
            Three lists over scales, finest first, of [B, h, w, 1]: the logits of the
            images, of the composites, and the patch masks. With two outputs B is twice
            that of the batch.
        """
        predictions = self._predict(self.generator, batch, training=False)
        examples = regions.examples(batch, predictions)
        real, fake = self._judge(batch, examples)
        return (
            [regions.repeated(layers[-1], self.output_names) for layers in real],
            [layers[-1] for layers in fake],
            self.discriminator.patch_masks(examples["mask"]),
        )

    def _judge(self, batch, examples, training=False):
        """Features of images and of composites."""
        real = tf.concat([regions.masked_image(batch), batch["image"]], axis=-1)
        fake = _pairs(examples)
        count = tf.shape(real)[0]
        masks = examples["mask"]
        if self.discriminator.uses_batch_statistics:
            features = self.discriminator.features
            return (
                features(real, masks[:count], training=training),
                features(fake, masks, training=training),
            )
        # One pass over images and composites together.
        features = self.discriminator.features(
            tf.concat([real, fake], axis=0),
            tf.concat([masks[:count], masks], axis=0),
            training=training,
        )
        return (
            [[layer[:count] for layer in scale] for scale in features],
            [[layer[count:] for layer in scale] for scale in features],
        )

    def _features_for_generator(self, batch, examples):
        if not self.objective.matches_features:
            return None, self.discriminator.features(_pairs(examples), examples["mask"])
        real, fake = self._judge(batch, examples)
        names = self.output_names
        real = [[regions.repeated(layer, names) for layer in scale] for scale in real]
        return real, fake

    def _report(self, values, weights=None):
        for name, value in values.items():
            self.means[name].update_state(value, weights and weights[name])
        results = {name: self.means[name].result() for name in values}
        if self._mean_over_workers:
            results = {name: result[tf.newaxis] for name, result in results.items()}
        return results


def _pairs(examples):
    return tf.concat([examples["masked_image"], examples["composite"]], axis=-1)


def _over_replicas(values, weights):
    # Keras 3 would give the mean of each replica's mean, however few examples it had.
    parts = {
        name: (tf.reduce_sum(value * weights[name]), tf.reduce_sum(weights[name]))
        for name, value in values.items()
    }
    context = tf.distribute.get_replica_context()
    totals = context.all_reduce(tf.distribute.ReduceOp.SUM, parts)
    means = {name: tf.math.divide_no_nan(*total) for name, total in totals.items()}
    return means, {name: count for name, (_, count) in totals.items()}


def _share():
    # Gradients are summed over replicas, so each contributes its share.
    return 1.0 / tf.distribute.get_strategy().num_replicas_in_sync


def _scalar(value, dtype, name):
    # Equal on every replica; the first one's assignment is everybody's.
    return tf.Variable(
        value,
        dtype=dtype,
        trainable=False,
        name=name,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )

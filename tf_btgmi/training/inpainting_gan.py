"""One step of the method: both networks, their losses, their optimizers (Alg. 1).

A batch is a dictionary that grows: `image` [B, H, W, 3] in [-1, 1], `mask`
[B, H, W, 1] with 1 = hole, and `hole_boxes` [B, K, 4] in pixels, the box around the
whole hole where it is absent.
"""

import keras
import tensorflow as tf

from tf_btgmi.losses.objective import Objective
from tf_btgmi.losses.perceptual import LPIPSDistance
from tf_btgmi.metrics.image_metrics import hole_l1, hole_psnr
from tf_btgmi.models.discriminator import MultiScaleDiscriminator
from tf_btgmi.models.generator import Generator
from tf_btgmi.ops import mask_ops

LOSSES = (
    "generator_loss",
    "reconstruction_loss",
    "pixel_loss",
    "adversarial_loss",
    "discriminator_loss",
)
METRICS = ("lpips", "hole_l1", "hole_psnr")


class InpaintingGAN(keras.Model):
    """The generator, its moving average, the discriminator and their training.

    Build it, its optimizers and whatever it is restored from inside the scope of one
    strategy; the optimizers' slots are made here, for every refinement block.

    Attributes:
        step: variable, training steps taken.
        adversarial_weight: variable, weight of the generator's adversarial term.

    Args:
        generator: the network that is trained.
        ema_generator: a second one of the same shape, the moving average that is
            evaluated and exported.
        discriminator: the patch-labelled discriminator.
        objective: weighs and sums the losses.
        ema_decay: decay a step of the moving average, once it is warm.
    """

    def __init__(
        self,
        generator: Generator,
        ema_generator: Generator,
        discriminator: MultiScaleDiscriminator,
        objective: Objective,
        ema_decay: float = 0.999,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.generator = generator
        self.ema_generator = ema_generator
        self.discriminator = discriminator
        self.objective = objective
        self.ema_decay = ema_decay
        self.lpips = LPIPSDistance(dtype="float32")
        self.step = _scalar(0, tf.int64, "step")
        self.adversarial_weight = _scalar(1.0, tf.float32, "adversarial_weight")
        self.means = {name: keras.metrics.Mean(name) for name in LOSSES + METRICS}
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
        # Keras 3 does not ask; it takes means over workers along a first axis.
        strategy = tf.distribute.get_strategy()
        self._mean_over_workers = keras.__version__[0] != "2" and isinstance(
            strategy, tf.distribute.MultiWorkerMirroredStrategy
        )
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)

    @property
    def metrics(self):
        return list(self.means.values())

    def call(self, inputs, training=None):
        """The composite, by the moving average: [B, H, W, 3] in [-1, 1].

        Args:
            inputs: a batch; `image` may hold anything in the hole.
            training: not used; the moving average is never in training.
        """
        _, composite = self._inpaint(self.ema_generator, inputs, training=False)
        return composite

    def train_step(self, batch):
        image, mask, hole_boxes = self._unpack(batch)
        # Gradients are summed over replicas, so each contributes its share.
        share = 1.0 / tf.distribute.get_strategy().num_replicas_in_sync
        patch_masks = self.discriminator.patch_masks(mask)

        generator_variables = self.generator.active_trainable_variables
        with tf.GradientTape() as generator_tape:
            masked_image, composite = self._inpaint(
                self.generator, batch, training=True
            )

            discriminator_variables = self.discriminator.trainable_variables
            fake = tf.stop_gradient(composite)
            with generator_tape.stop_recording():
                with tf.GradientTape() as discriminator_tape:
                    real_logits, fake_logits = self._judge(masked_image, image, fake)
                    discriminator_loss = self.objective.discriminator(
                        real_logits, fake_logits, patch_masks
                    )
                    scaled = discriminator_loss * share
                gradients = discriminator_tape.gradient(scaled, discriminator_variables)
                self.discriminator_optimizer.apply_gradients(
                    zip(gradients, discriminator_variables)
                )

            fake_logits = self.discriminator(tf.concat([masked_image, composite], -1))
            terms = self.objective.generator_terms(
                image, composite, hole_boxes, fake_logits, patch_masks
            )
            generator_loss = self.objective.generator(terms, self.adversarial_weight)
            scaled = generator_loss * share
        gradients = generator_tape.gradient(scaled, generator_variables)
        self.generator_optimizer.apply_gradients(zip(gradients, generator_variables))

        self.step.assign_add(1)
        terms["generator_loss"] = generator_loss
        terms["discriminator_loss"] = discriminator_loss
        return self._report(terms)

    def test_step(self, batch):
        image, mask, _ = self._unpack(batch)
        composite = self(batch)
        return self._report(
            {
                "lpips": self.lpips(image, composite),
                "hole_l1": hole_l1(image, composite, mask),
                "hole_psnr": hole_psnr(image, composite, mask),
            }
        )

    @tf.function
    def update_average(self):
        """Moves the averaged generator towards the trained one; once a step.

        The decay is (1 + step) / (10 + step) until that reaches `ema_decay`, so that
        a short run is not held back by its initial weights. Running statistics of
        batch normalization are averaged with the weights that they belong to.
        """
        step = tf.cast(self.step, tf.float32)
        pace = 1.0 - tf.minimum(self.ema_decay, (1.0 + step) / (10.0 + step))
        for mean, value in zip(
            self.ema_generator.averaged_variables, self.generator.averaged_variables
        ):
            mean.assign_add(pace * (tf.convert_to_tensor(value) - mean))

    def begin_stage(self, stage: int) -> None:
        """Lets `stage` refinement blocks run, from the next traced step on."""
        for generator in (self.generator, self.ema_generator):
            generator.stage = stage
        self.train_function = self.test_function = self.predict_function = None

    def restart_generator_optimizer(self) -> None:
        """Forgets Adam's moments and count.

        A new block's moments start at 0, and only a count that starts with them
        corrects their bias; with the old count its first steps would be many times
        too long.
        """
        rate = float(self.generator_optimizer.learning_rate.numpy())
        for variable in _variables(self.generator_optimizer):
            variable.assign(tf.zeros(variable.shape, variable.dtype))
        self.generator_optimizer.learning_rate.assign(rate)

    def _maybe_symbolic_build(self, *args, **kwargs):
        # Keras 3 would build the model from a batch before `fit`, which fails under
        # several workers. Everything here is built when it is made.
        del args, kwargs

    def _unpack(self, batch):
        mask = batch["mask"]
        hole_boxes = batch.get("hole_boxes")
        if hole_boxes is None:
            hole_boxes = mask_ops.hole_box(mask)[:, tf.newaxis]
        return batch["image"], mask, hole_boxes

    def _inpaint(self, generator, batch, training):
        image, mask = batch["image"], batch["mask"]
        masked_image = mask_ops.mask_image(image, mask)
        prediction = generator(tf.concat([masked_image, mask], -1), training=training)
        return masked_image, mask_ops.composite(mask, prediction, image)

    def _judge(self, masked_image, image, fake):
        # One pass over images and composites together.
        images = tf.concat([masked_image, image], axis=-1)
        composites = tf.concat([masked_image, fake], axis=-1)
        logits = self.discriminator(tf.concat([images, composites], axis=0))
        pairs = [tf.split(scale, 2, axis=0) for scale in logits]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    def _report(self, values):
        for name, value in values.items():
            self.means[name].update_state(value)
        results = {name: self.means[name].result() for name in values}
        if self._mean_over_workers:
            results = {name: result[tf.newaxis] for name, result in results.items()}
        return results


def _scalar(value, dtype, name):
    # Equal on every replica; the first one's assignment is everybody's.
    return tf.Variable(
        value,
        dtype=dtype,
        trainable=False,
        name=name,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )


def _variables(optimizer):
    # A method on some releases of Keras 2, a property on the others.
    variables = optimizer.variables
    return variables() if callable(variables) else variables

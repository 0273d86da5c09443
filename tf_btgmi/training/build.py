"""Builds the training model and its schedules from a config."""

import keras

from tf_btgmi.config import Config, ProcedureConfig
from tf_btgmi.losses.objective import Objective
from tf_btgmi.models import build
from tf_btgmi.schedules import Schedules
from tf_btgmi.training.callbacks import ScheduledValue
from tf_btgmi.training.inpainting_gan import InpaintingGAN

# Zeiler 2012, whose learning rate is 1.
ADADELTA_RHO = 0.95
ADADELTA_EPSILON = 1e-6


def build_model(config: Config, strategy) -> InpaintingGAN:
    """Builds and compiles the model of `config`, under `strategy`."""
    keras.utils.set_random_seed(config.training.seed)
    keras.mixed_precision.set_global_policy(config.training.precision)
    with strategy.scope():
        model = InpaintingGAN(
            # What is evaluated and exported is calibrated, what is trained is not.
            generator=build.build_generator(config, calibrated=False),
            ema_generator=build.build_generator(config),
            discriminator=build.build_discriminator(config),
            objective=Objective(
                reconstruction=config.losses.reconstruction,
                reconstruction_weight=config.losses.reconstruction_weight,
                pixel_weight=config.losses.pixel_weight,
                pixel_region=config.losses.pixel_region,
                adversarial=config.losses.adversarial,
                patch_labels=config.discriminator.patch_labels,
                ppl_patch_size=config.losses.ppl_patch_size,
                ppl_context_margin=config.losses.ppl_context_margin,
                ppl_jitter=config.losses.ppl_jitter,
                discriminator_patches=config.losses.discriminator_patches,
            ),
            ema_decay=config.training.ema_decay,
            discriminator_steps=config.procedure.discriminator_steps,
            seed=config.training.seed,
            block_starts=Schedules(config.procedure).block_starts,
        )
        model.compile(
            generator_optimizer=_optimizer(config),
            discriminator_optimizer=_optimizer(config),
        )
    return model


def scheduled_callbacks(procedure: ProcedureConfig) -> list[keras.callbacks.Callback]:
    """Callbacks for adversarial weight, learning rates and fade-in."""
    schedules = Schedules(procedure)

    def anneal_adversarial_loss(model, weight):
        model.adversarial_weight.assign(weight)

    def set_learning_rates(model, rate):
        factor = procedure.discriminator_learning_rate_factor
        model.generator_optimizer.learning_rate.assign(rate)
        model.discriminator_optimizer.learning_rate.assign(factor * rate)

    def fade_in(model, alpha):
        for generator in (model.generator, model.ema_generator):
            generator.fade_in_alpha.assign(alpha)

    values = [
        ("adversarial_weight", schedules.adversarial_weight, anneal_adversarial_loss),
        ("learning_rate", schedules.learning_rate, set_learning_rates),
    ]
    if procedure.num_refinement_blocks:
        values.append(("fade_in_alpha", schedules.fade_in_alpha, fade_in))
    return [ScheduledValue(*value) for value in values]


def _optimizer(config):
    procedure = config.procedure
    # The callbacks set the rate of each step.
    rate = procedure.learning_rate
    if procedure.optimizer == "adadelta":
        optimizer = keras.optimizers.Adadelta(
            rate, rho=ADADELTA_RHO, epsilon=ADADELTA_EPSILON
        )
    else:
        optimizer = keras.optimizers.Adam(
            rate, beta_1=procedure.adam_beta_1, beta_2=procedure.adam_beta_2
        )
    if config.training.precision == "mixed_float16":
        # Without it most float16 gradients would underflow to 0.
        return keras.mixed_precision.LossScaleOptimizer(optimizer)
    return optimizer

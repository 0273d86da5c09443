"""Steps that train one network alone, before both are trained (`schedules.Phases`).

Globally-Locally trains its completion network by its reconstruction alone, then its
discriminators alone (Iizuka et al. 2017, Sec. 4.2).
"""

import tensorflow as tf

from tf_btgmi.schedules import GENERATOR
from tf_btgmi.training.descent import descend, scaled_loss


def train_step(model, batch: dict) -> dict:
    """One step of the network that `model.trained` names; its losses by name."""
    train = _train_generator if model.trained == (GENERATOR,) else _train_discriminator
    losses = train(model, batch)
    model.step.assign_add(1)
    return losses


def _train_generator(model, batch):
    with tf.GradientTape() as tape:
        examples = model.examples(batch, training=True)
        terms = model.reconstruction_terms(examples)
        loss = model.objective.generator(terms, model.adversarial_weight)
        scaled = scaled_loss(model.generator_optimizer, loss)
    variables = model.generator.active_trainable_variables
    descend(model.generator_optimizer, tape, scaled, variables)
    return {**terms, "generator_loss": loss}


def _train_discriminator(model, batch):
    examples = model.examples(batch, training=False)
    return {"discriminator_loss": model.train_discriminator(batch, examples)}

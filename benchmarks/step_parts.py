"""How long the parts of a step take, each a `tf.function`; a child of `train_step`."""

import time

import tensorflow as tf

from benchmarks import flops, step_times, timing
from tf_btgmi.assets import samples_dir
from tf_btgmi.data import pipeline
from tf_btgmi.training import regions


def measure(config: dict, jit: bool, replicas: int, stage: int, steps: int) -> dict:
    """Times the step's parts, each by itself; arguments as `step_times.measure`.

    Returns:
        `seconds` and `flops` by part, and `input`: seconds of the pipeline's batch.
    """
    model, batch, config = step_times.prepared(config, replicas, stage)
    calls, counts = {}, {}
    for name, function in parts(model, batch).items():
        run = tf.function(function, jit_compile=jit or None)
        counts[name] = sum(flops.of_function(run.get_concrete_function()).values())
        calls[name] = run
    calls["moving average"] = model.update_average
    seconds = timing.medians(timing.in_turn(calls, steps))
    return {"seconds": seconds, "flops": counts, "input": input_seconds(config, steps)}


def parts(model, batch: dict) -> dict:
    """Functions of the step's parts, by name; what one gives the next is constant."""
    generator, discriminator = model.generator, model.discriminator
    names = model.output_names
    inputs = regions.generator_inputs(batch, names)
    predictions = regions.by_name(generator(inputs, training=False), names)
    examples = regions.examples(batch, predictions)
    masks = discriminator.patch_masks(examples["mask"])
    real = tf.concat([regions.masked_image(batch), batch["image"]], axis=-1)
    fake = tf.concat([examples["masked_image"], examples["composite"]], axis=-1)
    count = len(real)
    weights = generator.active_trainable_variables

    def generator_pass():
        with tf.GradientTape() as tape:
            made = tf.nest.flatten(generator(inputs, training=True))
            # Any gradient of the picture costs the same.
            loss = tf.add_n([tf.reduce_sum(tf.square(picture)) for picture in made])
        return tape.gradient(loss, weights)

    def discriminator_pass():
        with tf.GradientTape() as tape:
            both_masks = tf.concat([examples["mask"][:count], examples["mask"]], 0)
            features = discriminator.features(tf.concat([real, fake], 0), both_masks)
            logits = [layers[-1] for layers in features]
            loss = model.objective.discriminator(
                [scale[:count] for scale in logits],
                [scale[count:] for scale in logits],
                masks,
            )
        return tape.gradient(loss, discriminator.trainable_variables)

    def adversarial_pass():
        with tf.GradientTape() as tape:
            tape.watch(fake)
            features = discriminator.features(fake, examples["mask"])
            real_features = features if model.objective.matches_features else None
            terms = model.objective.realism_terms(real_features, features, masks)
        return tape.gradient(terms, fake)

    def reconstruction_pass():
        composite = examples["composite"]
        with tf.GradientTape() as tape:
            tape.watch(composite)
            given = {**examples, "composite": composite}
            terms = model.objective.reconstruction_terms(given)
        return tape.gradient(terms, composite)

    gradients = [tf.zeros(weight.shape) for weight in weights]
    others = discriminator.trainable_variables
    other_gradients = [tf.zeros(weight.shape) for weight in others]

    def optimizers():
        model.generator_optimizer.apply_gradients(zip(gradients, weights))
        model.discriminator_optimizer.apply_gradients(zip(other_gradients, others))

    return {
        "generator, forward and backward": generator_pass,
        "discriminators, their own loss": discriminator_pass,
        "discriminators, for the generator": adversarial_pass,
        f"reconstruction ({model.objective.reconstruction})": reconstruction_pass,
        "both optimizers": optimizers,
    }


def input_seconds(config, steps: int) -> float:
    """Median seconds of a batch from the pipeline, alone, as fast as it is read.

    The bundled pictures are read where the config's source is empty.
    """
    if not config.data.source:
        config.data.source = f"folder:{samples_dir() / 'train'}"
        config.data.num_validation_images = 0
    batches = iter(pipeline.training_dataset(config))
    # What was made ahead comes at once.
    for _ in range(8):
        next(batches)
    started = time.perf_counter()
    for _ in range(2 * steps):
        next(batches)
    return (time.perf_counter() - started) / (2 * steps)

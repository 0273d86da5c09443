"""What `benchmarks.train_step` measures in a process of its own.

The step is timed whole, bare and under `fit`; and by its parts, each a `tf.function`.
"""

import statistics
import time

import keras
import tensorflow as tf

from benchmarks import flops, timing
from tf_btgmi import config as config_lib
from tf_btgmi.training import regions
from tf_btgmi.training.build import build_model
from tf_btgmi.training.callbacks import GeneratorAverage

# A convolution and a matrix product that are large enough to be as fast as any.
PEAK_CHANNELS, PEAK_SIDE, PEAK_BATCH = 256, 64, 8
PEAK_ROWS = 2048
_GROUP = 3


def measure(config: dict, jit: bool, replicas: int, stage: int, steps: int) -> dict:
    """Times the whole step.

    Args:
        config: of the experiment, as a dict.
        jit: whether XLA compiles it.
        replicas: logical CPU devices.
        stage: refinement blocks that run.
        steps: steps timed.

    Returns:
        `step`: seconds of the bare function (of `fit` with several replicas);
        `fit`: seconds under `fit` over them; `flops`: of a step, None where they
        cannot be counted; `convolution` and `product`: GFLOP/s of the large ones.
    """
    model, batch, config = prepared(config, replicas, stage)
    convolution, product = peaks(config.training.precision)
    if jit:
        model.jit_compile = True
    fitted = Fitted(model, batch)
    # Several replicas have no step outside a strategy.
    bare = None if replicas > 1 else bare_step(model, batch, jit)
    counted = None
    if bare is not None:
        counted = sum(flops.of_function(step_graph(model, batch)).values())
        for _ in range(timing.NUM_WARM_UP):
            bare()
    fitted.run(timing.NUM_WARM_UP)
    alone, under_fit = [], []
    while len(under_fit) < steps:
        for _ in range(_GROUP if bare is not None else 0):
            started = time.perf_counter()
            bare()
            alone.append(time.perf_counter() - started)
        under_fit += fitted.run(_GROUP)
    fit = statistics.median(under_fit)
    step = statistics.median(alone) if alone else fit
    return {
        "step": step,
        "fit": fit / step,
        "flops": counted,
        "convolution": convolution,
        "product": product,
    }


def prepared(config: dict, replicas: int, stage: int):
    """The model, a batch of random pictures and the config."""
    config = config_lib.from_dict(config)
    if replicas == 1:
        strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
        if tf.config.list_physical_devices("GPU"):
            strategy = tf.distribute.OneDeviceStrategy("/gpu:0")
    else:
        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0],
            [tf.config.LogicalDeviceConfiguration()] * replicas,
        )
        names = [f"CPU:{number}" for number in range(replicas)]
        strategy = tf.distribute.MirroredStrategy(names)
    model = build_model(config, strategy)
    model.begin_stage(stage)
    return model, make_batch(config), config


def make_batch(config) -> dict:
    """Random pictures, each with a square hole of half its side in the middle."""
    size, count = config.data.image_size, config.data.global_batch_size
    image = tf.random.uniform([count, size, size, 3], -1, 1, seed=0)
    edge = size // 4
    mask = tf.pad(
        tf.ones([count, size // 2, size // 2, 1]),
        [[0, 0], [edge, edge], [edge, edge], [0, 0]],
    )
    box = tf.constant([edge, edge, edge + size // 2, edge + size // 2], tf.float32)
    boxes = tf.tile(box[None, None], [count, 1, 1])
    batch = {"image": image, "mask": mask, "hole_boxes": boxes}
    if config.task in ("guided", "harmonization"):
        # The foreground is all that is not the hole; which part it is costs the same.
        batch.update(
            foreground=1.0 - mask,
            foreground_boxes=boxes,
            masked_image=image * (1.0 - mask),
        )
    return batch


def bare_step(model, batch: dict, jit: bool):
    """The step and the average as functions of TensorFlow alone."""
    step = tf.function(lambda: model.train_step(batch), jit_compile=jit or None)

    def run():
        losses = step()
        model.update_average()
        return losses

    return run


def step_graph(model, batch: dict):
    """The concrete function of a step, to count its operations."""
    return tf.function(lambda: model.train_step(batch)).get_concrete_function()


class Fitted:
    """Runs of steps under `fit`, as training has them.

    Args:
        model: compiled.
        batch: the same one in every step.
    """

    def __init__(self, model, batch: dict):
        self._model = model
        dataset = tf.data.Dataset.from_tensors(batch).repeat()
        options = tf.data.Options()
        off = tf.data.experimental.AutoShardPolicy.OFF
        options.experimental_distribute.auto_shard_policy = off
        self._batches = dataset.with_options(options)

    def run(self, steps: int) -> list:
        """Seconds of so many steps; two more start `fit` and are not counted."""
        timer = _Timer()
        self._model.fit(
            self._batches,
            steps_per_epoch=2 + steps,
            verbose=0,
            shuffle=False,
            callbacks=[GeneratorAverage(), timer],
        )
        times = timer.times[1:]
        return [after - before for before, after in zip(times, times[1:])]


class _Timer(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.times = []

    def on_train_batch_end(self, batch, logs=None):
        self.times.append(time.perf_counter())


def peaks(precision: str):
    """GFLOP/s of a large 3x3 convolution and of a large matrix product."""
    dtype = tf.float32 if precision == "float32" else tf.bfloat16
    shape = [PEAK_BATCH, PEAK_SIDE, PEAK_SIDE, PEAK_CHANNELS]
    image = tf.cast(tf.random.normal(shape), dtype)
    kernel = tf.cast(tf.random.normal([3, 3, PEAK_CHANNELS, PEAK_CHANNELS]), dtype)
    matrix = tf.cast(tf.random.normal([PEAK_ROWS, PEAK_ROWS]), dtype)
    convolve = tf.function(lambda: tf.nn.conv2d(image, kernel, 1, "SAME"))
    multiply = tf.function(lambda: tf.matmul(matrix, matrix))
    seconds = timing.medians(
        timing.in_turn({"convolution": convolve, "product": multiply}, rounds=7)
    )
    places = PEAK_BATCH * PEAK_SIDE**2
    counts = {
        "convolution": flops.convolution(kernel.shape, places),
        "product": flops.matrix_product(PEAK_ROWS, PEAK_ROWS, PEAK_ROWS),
    }
    return [counts[name] / seconds[name] / 1e9 for name in counts]


def measure_parts(
    config: dict, jit: bool, replicas: int, stage: int, steps: int
) -> dict:
    """Times the step's parts, each by itself; arguments as `measure`.

    Returns:
        `seconds` and `flops` by part, and `input`: seconds of the pipeline's batch.
    """
    model, batch, config = prepared(config, replicas, stage)
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
    from tf_btgmi.assets import samples_dir
    from tf_btgmi.data import pipeline

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

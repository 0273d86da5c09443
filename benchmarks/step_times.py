"""How long a whole step takes, bare and under `fit`; a child of `train_step`."""

import statistics
import time

import keras
import tensorflow as tf

from benchmarks import flops, timing
from tf_btgmi import config as config_lib
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

"""Batches for training and validation, as `tf.data` datasets.

A batch is a dict: `image` [B, S, S, 3] float32 in [-1, 1], `mask` [B, S, S, 1] float32
in {0, 1}, 1 = hole, and `hole_boxes` [B, K, 4] float32, pixels (y0, x0, y1, x1). Tasks
with a foreground add `foreground`, `foreground_boxes` and `masked_image`; see `tasks`.

Picture, crop, flip, colours and mask of example i of a run are pure functions of the
seed and of i; its position is i % global_batch_size of step i // global_batch_size. A
resumed run, and one on any number of workers, sees the same batches.
"""

import functools
from typing import Optional

import tensorflow as tf
from absl import logging

from tf_btgmi.config import Config
from tf_btgmi.data.batch_slice import batch_slice
from tf_btgmi.data.sources import open_source
from tf_btgmi.data.tasks import make_task
from tf_btgmi.pictures.decoding import shorter_side
from tf_btgmi.wording import number_of

# Number of pictures whose size `describe` looks at.
_NUM_SAMPLES = 50


class Sources:
    """What a config's examples are made of, for all data sets of a run.

    Each is opened when it is first used: listing pictures may take minutes.

    Args:
        config: the experiment.

    Raises:
        ValueError: where one is first used: the source or the object masks do not
            exist, or no training pictures are left beside those held out.
    """

    def __init__(self, config: Config):
        self._config = config

    @functools.cached_property
    def task(self):
        """Makes the examples."""
        return make_task(self._config)

    @functools.cached_property
    def training(self):
        """The training pictures."""
        return _training_source(self._config)

    @functools.cached_property
    def validation(self):
        """The validation pictures; the same source if they are held out."""
        if not self._config.data.validation_source:
            return self.training
        return _validation_source(self._config)


def training_dataset(
    config: Config,
    start_step: int = 0,
    num_steps: Optional[int] = None,
    image_size: Optional[int] = None,
    input_context: Optional[tf.distribute.InputContext] = None,
    sources: Optional[Sources] = None,
) -> tf.data.Dataset:
    """Batches from step `start_step` on.

    Args:
        config: the experiment.
        start_step: step of the first batch.
        num_steps: number of batches; None for no end.
        image_size: side of the examples in pixels. Default: `config.data.image_size`.
            Examples show the same parts of the same pictures at any size.
        input_context: input pipelines; each yields its slice of every global batch.
        sources: those of the run. Default: of this data set alone.

    Raises:
        ValueError: as `Sources`, or the batch cannot be divided.
    """
    size = image_size or config.data.image_size
    sources = sources or Sources(config)
    task, source = sources.task, sources.training
    own = batch_slice(config.data.global_batch_size, input_context)

    def example(index, *key):
        return task.training_example(source, int(index), key, size)

    records = source.training_records(config.training.seed, own, start_step, num_steps)
    return _batches(records, example, task, size, own.size, drop_remainder=True)


def validation_dataset(
    config: Config, batch_size: int, sources: Optional[Sources] = None
) -> tf.data.Dataset:
    """Validation pictures in a fixed order: centre crops with fixed masks.

    The masks have the kinds of training and depend only on the position, so that runs
    with different seeds are validated on the same examples. The last batch may be
    smaller.

    Args:
        config: the experiment.
        batch_size: of all batches but the last.
        sources: those of the run. Default: of this data set alone.

    Raises:
        ValueError: as `Sources`.
    """
    size = config.data.image_size
    sources = sources or Sources(config)
    task, source = sources.task, sources.validation

    def example(index, *key):
        return task.held_out_example(source, int(index), key, size)

    records = source.held_out_records()
    return _batches(records, example, task, size, batch_size, drop_remainder=False)


def describe(config: Config, sources: Optional[Sources] = None) -> list[str]:
    """Lines for the log about the training and validation pictures.

    Small training pictures are reported as a warning of their own.

    Args:
        config: the experiment.
        sources: those of the run. Default: of this data set alone.

    Raises:
        ValueError: as `Sources`.
    """
    sources = sources or Sources(config)
    # Reports missing masks of objects.
    _ = sources.task
    _warn_of_small_pictures(sources.training, config.data.image_size)
    lines = ["training: " + line for line in sources.training.describe()]
    if sources.validation is not sources.training:
        lines += ["validation: " + line for line in sources.validation.describe()]
    return lines


def _warn_of_small_pictures(source, image_size: int) -> None:
    """Logs a warning if most sampled training pictures will be enlarged."""
    sides = []
    for picture in source.sample(_NUM_SAMPLES):
        try:
            sides.append(shorter_side(picture))
        # Pillow raises many kinds of exceptions; training reports unreadable pictures.
        except Exception:
            continue
    small = sum(side < image_size for side in sides)
    if 2 * small > len(sides):
        logging.warning(
            "Most training pictures are smaller than config.data.image_size (%d) and "
            "will be enlarged: %d of %d in a sample. Use larger ones or a smaller "
            "image_size.",
            image_size,
            small,
            len(sides),
        )


def _training_source(config: Config):
    data = config.data
    held_out = data.num_held_out
    if not data.source:
        raise ValueError(
            "Set config.data.source to folder:PATH, tfds:NAME[:SPLIT] or tfrecord:GLOB."
        )
    source = _open(config, data.source, held_out)
    if not source.num_training:
        raise ValueError(
            f"{data.source} has {number_of(source.num_held_out, 'picture')}, and "
            f"config.data.num_validation_images={held_out} would hold out all of them: "
            "lower it, or set config.data.validation_source."
        )
    return source


def _validation_source(config: Config):
    data = config.data
    try:
        return _open(config, data.validation_source, data.num_validation_images)
    except ValueError as error:
        advice = "--config.data.validation_source= holds out pictures of data.source."
        raise ValueError(f"{error} {advice}") from None


def _open(config: Config, spec: str, num_held_out: int):
    with_objects = config.task != "inpainting"
    return open_source(spec, num_held_out, config.data.shuffle_buffer, with_objects)


def _batches(
    records, example, task, size: int, batch_size: int, drop_remainder: bool
) -> tf.data.Dataset:
    spec = task.example_spec(size)

    def arrays(*record):
        made = example(*record)
        return [made[name] for name in spec]

    def load(*record):
        types = [dtype for dtype, _ in spec.values()]
        values = tf.numpy_function(arrays, record, types, stateful=False)
        return {
            name: tf.ensure_shape(value, shape)
            for value, (name, (_, shape)) in zip(values, spec.items())
        }

    options = tf.data.Options()
    options.deterministic = True
    # The autotuning thread sleeps for up to a minute, and an iterator that ends waits
    # for it. Without it, all processors (in TensorFlow at most 16) prepare examples.
    options.autotune.enabled = False
    # Every input pipeline already has its slice.
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    # Batched as uint8 and then converted: a quarter of the memory.
    return (
        records.map(load, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(batch_size, drop_remainder=drop_remainder)
        .map(task.to_float)
        .prefetch(tf.data.AUTOTUNE)
        .with_options(options)
    )

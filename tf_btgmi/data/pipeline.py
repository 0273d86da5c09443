"""Batches for training and validation, as `tf.data` datasets.

A batch is a dict: `image` [B, S, S, 3] float32 in [-1, 1], `mask` [B, S, S, 1] float32
in {0, 1}, 1 = hole, and `hole_boxes` [B, K, 4] float32, pixels (y0, x0, y1, x1).

Example i of a run, at position i % global_batch_size of step i // global_batch_size,
is a pure function of the seed and of i: its picture, crop, flip, colours and mask. A
run resumed at any step, or spread over any number of workers, sees the same batches.
"""

import math
from typing import List, Optional

import tensorflow as tf

from tf_btgmi.config import Config
from tf_btgmi.data import transforms
from tf_btgmi.data.batch_slice import batch_slice
from tf_btgmi.data.masks import MaskSampler
from tf_btgmi.data.sources import open_source
from tf_btgmi.ops import image_ops, mask_ops

# What a seed is for, so that no two uses of it draw the same numbers.
_CROP, _MASK, _VALIDATION_MASK = 1, 2, 3


def training_dataset(
    config: Config,
    start_step: int = 0,
    num_steps: Optional[int] = None,
    image_size: Optional[int] = None,
    input_context: Optional[tf.distribute.InputContext] = None,
) -> tf.data.Dataset:
    """Batches from step `start_step` on.

    Args:
        config: the experiment.
        start_step: the step that the first batch is for.
        num_steps: batches, or None without end.
        image_size: side of the examples in pixels; `config.data.image_size` if None.
            The same parts of the same pictures are seen at any size.
        input_context: with several input pipelines each yields its own contiguous
            slice of every global batch.

    Raises:
        ValueError: the source or the object masks are not there; holding out
            validation pictures leaves none to train on; the batch cannot be divided.
    """
    data = config.data
    size = image_size or data.image_size
    seed = config.training.seed
    source = _training_source(config)
    sampler = MaskSampler(config.masks)
    own = batch_slice(data.global_batch_size, input_context)
    min_side = math.ceil(size / data.min_crop)

    def example(index, *key):
        picture = source.read(*key, min_side=min_side)
        image = transforms.training_crop(
            picture,
            size,
            (seed, int(index), _CROP),
            data.min_crop,
            data.random_flip,
            data.color_jitter,
        )
        return image, sampler.sample(size, size, (seed, int(index), _MASK))

    records = source.training_records(seed, own, start_step, num_steps)
    return _batches(records, example, size, own.size, config, drop_remainder=True)


def validation_dataset(config: Config, batch_size: int) -> tf.data.Dataset:
    """The validation pictures in a fixed order: centre crops with fixed masks.

    The masks are of the same kinds as in training and depend on the position only, so
    runs with different seeds are validated on the same examples. The last batch may be
    smaller; with `num_validation_images` 0 there is none.

    Raises:
        ValueError: as `training_dataset`.
    """
    size = config.data.image_size
    source = _validation_source(config)
    sampler = MaskSampler(config.masks)

    def example(index, *key):
        image = transforms.centre_crop(source.read_held_out(*key, min_side=size), size)
        return image, sampler.sample(size, size, (0, int(index), _VALIDATION_MASK))

    records = source.held_out_records()
    return _batches(records, example, size, batch_size, config, drop_remainder=False)


def describe(config: Config) -> List[str]:
    """What is trained and validated on, as lines for the log.

    Raises:
        ValueError: as `training_dataset`.
    """
    lines = ["training: " + line for line in _training_source(config).describe()]
    if config.data.validation_source:
        lines += [
            "validation: " + line for line in _validation_source(config).describe()
        ]
    return lines


def _training_source(config: Config):
    data = config.data
    held_out = 0 if data.validation_source else data.num_validation_images
    if not data.source:
        raise ValueError(
            "Set config.data.source to folder:PATH, tfds:NAME[:SPLIT] or tfrecord:GLOB."
        )
    source = open_source(data.source, held_out, data.shuffle_buffer)
    if not source.num_training:
        raise ValueError(
            f"{data.source} has {source.num_held_out} pictures, and "
            f"config.data.num_validation_images={held_out} holds out all of them: "
            "lower it, or set config.data.validation_source."
        )
    return source


def _validation_source(config: Config):
    data = config.data
    if not data.validation_source:
        return _training_source(config)
    return open_source(data.validation_source, data.num_validation_images)


def _batches(
    records, example, size: int, batch_size: int, config: Config, drop_remainder: bool
) -> tf.data.Dataset:
    max_holes = config.losses.ppl_max_holes

    def arrays(*record):
        image, mask = example(*record)
        return image, mask[..., None], mask_ops.hole_boxes(mask, max_holes)

    def load(*record):
        image, mask, boxes = tf.numpy_function(
            arrays, record, (tf.uint8, tf.uint8, tf.float32), stateful=False
        )
        return {
            "image": tf.ensure_shape(image, [size, size, 3]),
            "mask": tf.ensure_shape(mask, [size, size, 1]),
            "hole_boxes": tf.ensure_shape(boxes, [max_holes, 4]),
        }

    def to_float(batch):
        return {
            "image": image_ops.to_float(batch["image"]),
            "mask": tf.cast(batch["mask"], tf.float32),
            "hole_boxes": batch["hole_boxes"],
        }

    options = tf.data.Options()
    options.deterministic = True
    # Every input pipeline has its slice already.
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    # Bytes travel to the batch, floats are made of it: a quarter of the memory.
    return (
        records.map(load, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(batch_size, drop_remainder=drop_remainder)
        .map(to_float)
        .prefetch(tf.data.AUTOTUNE)
        .with_options(options)
    )

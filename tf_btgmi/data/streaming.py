"""Streaming sources, the common part of TFDS and TFRecord sources.

Every epoch reads the files in a new order and shuffles through a buffer, both seeded by
(seed, epoch). Resuming at a step therefore reads, without decoding, the preceding
records of its epoch only.
"""

import hashlib
import itertools
import re
import threading
from typing import Callable, Iterable, Iterator, Optional

import numpy as np
import tensorflow as tf
from absl import logging

from tf_btgmi.data.batch_slice import BatchSlice
from tf_btgmi.data.unreadable import UnreadableCounter, UnreadableError
from tf_btgmi.pictures.decoding import decode_image
from tf_btgmi.wording import number_of

# Number of substitutes for unreadable records. Pictures are decoded in parallel, so the
# next record of the stream is not available.
_NUM_SPARES = 8
# Maximum number of records that are searched for substitutes.
_MAX_SPARE_TRIES = 200
# Raised by TensorFlow for damaged records; UnicodeDecodeError where its message would
# contain the record.
DAMAGES = (
    tf.errors.DataLossError,
    tf.errors.InvalidArgumentError,
    UnicodeDecodeError,
)


class StreamingSource:
    """Records in order, the first of them held out for validation.

    Derived classes implement `records`.

    Attributes:
        spec: the spec of the source.
        unreadable: the `UnreadableCounter`.
        num_training: number of training records.
        num_held_out: number of held-out records.
    """

    # Number of strings in a record of `training_records` and `held_out_records`.
    _record_length = 2

    def __init__(
        self,
        spec: str,
        count: int,
        num_held_out: int,
        shuffle_buffer: int,
        num_lost: int = 0,
    ):
        """Reads the names of the held-out records.

        Args:
            spec: the spec of the source.
            count: number of records.
            num_held_out: number of records that are held out for validation.
            shuffle_buffer: size of the buffer that shuffles.
            num_lost: number of pictures besides these, which cannot be read.

        Raises:
            UnreadableError: the first records are damaged.
        """
        self.spec = spec
        self.unreadable = UnreadableCounter(spec, count + num_lost)
        self.num_held_out = min(num_held_out, count)
        self.num_training = count - self.num_held_out
        self._shuffle_buffer = shuffle_buffer
        first = self.records().take(max(self.num_held_out, 3))
        first = self._checked(first.as_numpy_iterator())
        names = [name.decode() for name, _ in first]
        self._first_names = names[:3]
        self._held_out_names = frozenset(names[: self.num_held_out])
        self._spares = {}
        self._lock = threading.Lock()

    def records(self, order_seed: Optional[tuple[int, ...]] = None) -> tf.data.Dataset:
        """All records (unique name, encoded picture) in a deterministic order.

        Args:
            order_seed: seed of the order of the files; None for their stored order.
        """
        raise NotImplementedError

    def describe(self) -> list[str]:
        """Lines for the log: counts, and the first records."""
        count = number_of(self.num_training + self.num_held_out, "picture")
        first = f"{self.spec}: {count}, {self.num_held_out} for validation"
        return [first] + [f"  {name}" for name in self._first_names]

    def sample(self, count: int) -> list[bytes]:
        """Up to `count` training pictures, encoded: the first ones."""
        records = self.records().skip(self.num_held_out).take(count)
        records = self._checked(records.as_numpy_iterator())
        return [self._encoded(record) for _, record in records]

    def _encoded(self, record: bytes) -> bytes:
        """The encoded picture of a record."""
        return record

    def training_records(
        self,
        seed: int,
        batch_slice: BatchSlice,
        start_step: int = 0,
        num_steps: Optional[int] = None,
    ) -> tf.data.Dataset:
        """Records (example index, name, encoded picture) in training order.

        Every input pipeline reads all records and yields those of its slice.

        Args:
            seed: seed of the order.
            batch_slice: share of this input pipeline in every global batch.
            start_step: step of the first batch.
            num_steps: number of batches; None for no end.
        """
        first = start_step * batch_slice.global_batch_size
        last = (
            None
            if num_steps is None
            else first + num_steps * batch_slice.global_batch_size
        )

        def generate():
            records = self._records_from(seed, first)
            indices = itertools.count(first) if last is None else range(first, last)
            # Iterating over the indices: after the last one, no record is read.
            for index in indices:
                record = next(records)
                if batch_slice.owns(index):
                    yield (index, *record)

        return self._dataset(generate)

    def held_out_records(self) -> tf.data.Dataset:
        """Records (position, name, encoded picture) of the held-out pictures."""

        def generate():
            for position, record in enumerate(self._held_out()):
                yield (position, *record)

        return self._dataset(generate)

    def _dataset(self, generate: Callable[[], Iterator]) -> tf.data.Dataset:
        text = tf.TensorSpec([], tf.string)
        signature = (tf.TensorSpec([], tf.int64), *[text] * self._record_length)
        return tf.data.Dataset.from_generator(generate, output_signature=signature)

    def _held_out(self) -> Iterator[tuple[bytes, ...]]:
        records = self.records().take(self.num_held_out)
        return self._checked(records.as_numpy_iterator())

    def read(
        self, name: bytes, encoded: bytes, min_side: int = 0, held_out: bool = False
    ) -> np.ndarray:
        """Decodes a record, or a substitute of its kind if it is unreadable.

        Args:
            name: the record's name.
            encoded: the encoded picture.
            min_side: see `decode_image`.
            held_out: whether it is a held-out record.

        Returns:
            [height, width, 3] uint8.

        Raises:
            UnreadableError: too many pictures cannot be read.
        """
        return self._read(
            name, encoded, held_out, lambda data: decode_image(data, min_side)
        )

    def _records_from(self, seed: int, first: int) -> Iterator[tuple[bytes, ...]]:
        """Endless training records in order, from number `first` on."""
        epoch, skipped = divmod(first, self.num_training)
        epochs = (self._epoch(seed, e) for e in itertools.count(epoch))
        records = itertools.chain.from_iterable(epochs)
        return itertools.islice(records, skipped, None)

    def _epoch(self, seed: int, epoch: int) -> Iterator[tuple[bytes, bytes]]:
        records = self._checked(self.records((seed, epoch)).as_numpy_iterator())
        training = (r for r in records if r[0].decode() not in self._held_out_names)
        rng = np.random.default_rng((seed, epoch))
        return _shuffled(training, self._shuffle_buffer, rng)

    def _checked(self, records: Iterable) -> Iterator:
        try:
            yield from records
        except DAMAGES as error:
            logging.warning("A record cannot be read; looking for its file.")
            reason = damage_of(error)
            raise UnreadableError(
                f"{self._damaged()} cannot be read: {reason}. Write the file again, or "
                "remove it."
            ) from None

    def _damaged(self) -> str:
        """The damaged file, or the spec of the source if it cannot be found."""
        return self.spec

    def _read(self, name, encoded, held_out, decode: Callable):
        """`decode(encoded)`, or `decode` of a substitute if that fails."""
        try:
            return decode(bytes(encoded))
        # Pillow raises many kinds of exceptions for damaged pictures.
        except Exception as error:
            self.unreadable.add(name.decode(), error)
        with self._lock:
            if held_out not in self._spares:
                self._spares[held_out] = self._find_spares(held_out, decode)
            spares = self._spares[held_out]
        chosen = int(hashlib.sha256(name).hexdigest(), 16) % len(spares)
        return decode(spares[chosen])

    def _find_spares(self, held_out: bool, decode: Callable) -> list[bytes]:
        spares = []
        tries = 0
        for name, encoded in self._checked(self.records().as_numpy_iterator()):
            if (name.decode() in self._held_out_names) != held_out:
                continue
            tries += 1
            try:
                decode(encoded)
            except Exception as error:
                self.unreadable.add(name.decode(), error)
            else:
                spares.append(encoded)
            if len(spares) == _NUM_SPARES or tries == _MAX_SPARE_TRIES:
                break
        if not spares:
            raise self.unreadable.none_readable()
        return spares


def damage_of(error: Exception) -> str:
    """What is wrong with a record, without the internals of TensorFlow."""
    if isinstance(error, UnicodeDecodeError):
        return "a record is not a tf.train.Example"
    if isinstance(error, tf.errors.InvalidArgumentError):
        # "[...] Key: image/encoded.  Data types don't match. [...]"
        feature = re.search(r"(?:^|[:}] )Key: (\S+?)\. ", error.message)
        if feature:
            return f"the feature {feature[1]} of a record is not one byte string"
        return "a record is not a tf.train.Example"
    message = re.sub(r"\{\{.*?\}\}|\[Op:.*?\]", "", error.message)
    return " ".join(message.split()).rstrip(".:")


def _shuffled(records: Iterable, size: int, rng: np.random.Generator) -> Iterator:
    """Shuffles through a buffer of `size`.

    The order of `Dataset.shuffle` also depends on TensorFlow's global seed.
    """
    buffer = []
    for record in records:
        if len(buffer) < size:
            buffer.append(record)
            continue
        position = rng.integers(size)
        yield buffer[position]
        buffer[position] = record
    for position in rng.permutation(len(buffer)):
        yield buffer[position]

"""A prepared dataset of TensorFlow Datasets as a source: `tfds:NAME[:SPLIT]`.

Nothing is downloaded; the dataset must be prepared in the folder of TFDS
(`~/tensorflow_datasets` or `$TFDS_DATA_DIR`). The picture is the feature `image`.
"""

import re
from typing import Optional

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from tf_btgmi.data.streaming import StreamingSource
from tf_btgmi.files import first_line
from tf_btgmi.wording import did_you_mean

IMAGE = "image"
DEFAULT_SPLIT = "train"


class TFDSSource(StreamingSource):
    """The records of a split, or of a slice of one.

    Attributes:
        version: full name of the dataset with its version, and the split.
    """

    def __init__(self, place: str, num_held_out: int, shuffle_buffer: int):
        """Finds the dataset.

        Args:
            place: `NAME[:SPLIT]` in the notation of TFDS, such as
                `coco/2017:1.1.0:train[:80%]`. Default split: `train`.
            num_held_out: see `StreamingSource`.
            shuffle_buffer: see `StreamingSource`.

        Raises:
            ValueError: an unknown dataset or split, one that is not prepared, or one
                without pictures.
        """
        name, self._split = _name_and_split(place)
        self._builder = _builder(name)
        spec = f"tfds:{place}"
        features = self._builder.info.features
        features = dict(features.items()) if hasattr(features, "items") else {}
        if not isinstance(features.get(IMAGE), tfds.features.Image):
            raise ValueError(
                f"{spec} has no pictures as the feature {IMAGE!r}; its features are "
                f"{', '.join(features) or 'without names'}."
            )
        try:
            count = int(self.records().cardinality())
        # TFDS raises AssertionError for datasets that are not prepared.
        except (AssertionError, tfds.core.DatasetNotFoundError):
            raise ValueError(
                f"{spec} is not prepared in {self._builder.data_dir}. Run "
                f"`tfds build {name}` first, or set TFDS_DATA_DIR to its folder."
            ) from None
        except (ValueError, KeyError) as error:
            splits = ", ".join(self._builder.info.splits) or "unknown"
            raise ValueError(
                f"{spec}: there is no split {self._split!r} ({first_line(error)}); the "
                f"splits are {splits}."
            ) from None
        if count <= 0:
            raise ValueError(f"{spec} has no records.")
        self.version = f"{self._builder.info.full_name}:{self._split}"
        super().__init__(spec, count, num_held_out, shuffle_buffer)

    def records(self, order_seed: Optional[tuple[int, ...]] = None) -> tf.data.Dataset:
        """See `StreamingSource.records`."""

        def order(files):
            if order_seed is None:
                return files
            rng = np.random.default_rng(order_seed)
            return [files[i] for i in rng.permutation(len(files))]

        dataset = self._builder.as_dataset(
            split=self._split,
            # Shuffling by TFDS would depend on TensorFlow's global seed.
            shuffle_files=False,
            read_config=tfds.ReadConfig(
                experimental_interleave_sort_fn=order,
                add_tfds_id=True,
                try_autocache=False,
            ),
            decoders=self._decoders(),
        )
        return dataset.map(self._record)

    def _decoders(self) -> tfds.decode.PartialDecoding:
        """The features to read; pictures stay encoded."""
        return tfds.decode.PartialDecoding(
            {IMAGE: True}, decoders={IMAGE: tfds.decode.SkipDecoding()}
        )

    def _record(self, record: dict) -> tuple[tf.Tensor, tf.Tensor]:
        """Name and encoded picture of a record of TFDS."""
        return record["tfds_id"], record[IMAGE]


def _name_and_split(place: str) -> tuple[str, str]:
    # A version number, after a colon, belongs to the name.
    match = re.fullmatch(r"([^:]+(?::[\d.*]+)?)(?::(.+))?", place)
    if not match:
        raise ValueError(f"tfds:{place} is not of the form tfds:NAME[:SPLIT].")
    return match.group(1), match.group(2) or DEFAULT_SPLIT


def _builder(name: str):
    try:
        return tfds.builder(name)
    except tfds.core.DatasetNotFoundError:
        hint = did_you_mean(name, tfds.list_builders())
        raise ValueError(f"TFDS has no dataset {name}{hint}") from None
    except (AssertionError, ValueError, KeyError) as error:
        raise ValueError(f"tfds:{name} cannot be opened: {first_line(error)}") from None

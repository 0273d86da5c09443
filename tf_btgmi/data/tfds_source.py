"""A dataset of TensorFlow Datasets as a source: `tfds:NAME[:SPLIT]`.

Nothing is downloaded: the dataset has to be prepared, in TFDS's own folder
(`~/tensorflow_datasets` or `$TFDS_DATA_DIR`). The picture is the feature `image`.
"""

import difflib
import re
from typing import Optional, Tuple

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from tf_btgmi.data.streaming import StreamingSource
from tf_btgmi.files import first_line

IMAGE = "image"
DEFAULT_SPLIT = "train"


class TFDSSource(StreamingSource):
    """The records of one split, or slice of a split, of a prepared dataset.

    Attributes:
        version: the dataset's name with config and version, and the split.
    """

    def __init__(self, place: str, num_held_out: int, shuffle_buffer: int):
        """Finds the dataset.

        Args:
            place: `NAME[:SPLIT]`; the name as TFDS has it, such as `coco/2017:1.1.0`,
                the split, too, such as `train[:80%]`; `train` if left out.
            num_held_out: records held out of training, the first ones.
            shuffle_buffer: records held in memory to shuffle.

        Raises:
            ValueError: TFDS does not know the dataset or split, it is not prepared,
                or it has no pictures.
        """
        name, self._split = _name_and_split(place)
        self._builder = _builder(name)
        spec = f"tfds:{place}"
        features = self._builder.info.features
        features = dict(features.items()) if hasattr(features, "items") else {}
        if not isinstance(features.get(IMAGE), tfds.features.Image):
            raise ValueError(
                f"{spec} has no pictures under the name {IMAGE!r}; its features are "
                f"{', '.join(features) or 'without names'}."
            )
        try:
            count = int(self.records().cardinality())
        # TFDS says with assertions what the user has not done yet.
        except (AssertionError, tfds.core.DatasetNotFoundError):
            raise ValueError(
                f"{spec} is not prepared in {self._builder.data_dir}; run "
                f"`tfds build {name}` first, or set TFDS_DATA_DIR to where it is."
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

    def records(self, order_seed: Optional[Tuple[int, ...]] = None) -> tf.data.Dataset:
        """See `StreamingSource.records`."""

        def order(files):
            if order_seed is None:
                return files
            rng = np.random.default_rng(order_seed)
            return [files[i] for i in rng.permutation(len(files))]

        dataset = self._builder.as_dataset(
            split=self._split,
            # TFDS's own shuffling depends on TensorFlow's global seed; this does not.
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
        """Which features are read, and that pictures stay encoded."""
        return tfds.decode.PartialDecoding(
            {IMAGE: True}, decoders={IMAGE: tfds.decode.SkipDecoding()}
        )

    def _record(self, record: dict) -> Tuple[tf.Tensor, tf.Tensor]:
        """Name and encoded picture of what TFDS gives."""
        return record["tfds_id"], record[IMAGE]


def _name_and_split(place: str) -> Tuple[str, str]:
    # A colon also stands before a version number, which belongs to the name.
    found = re.fullmatch(r"([^:]+(?::[\d.*]+)?)(?::(.+))?", place)
    if not found:
        raise ValueError(f"tfds:{place} is not of the form tfds:NAME[:SPLIT].")
    return found.group(1), found.group(2) or DEFAULT_SPLIT


def _builder(name: str):
    try:
        return tfds.builder(name)
    except tfds.core.DatasetNotFoundError:
        near = difflib.get_close_matches(name, tfds.list_builders(), n=1)
        hint = f"; did you mean {near[0]}?" if near else "."
        raise ValueError(f"TFDS knows no dataset {name}{hint}") from None
    except (AssertionError, ValueError, KeyError) as error:
        raise ValueError(f"tfds:{name} cannot be opened: {first_line(error)}") from None

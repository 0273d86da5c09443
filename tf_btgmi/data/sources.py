"""Where pictures come from: `folder:PATH`, `tfds:NAME[:SPLIT]`, `tfrecord:GLOB`."""

from tf_btgmi.data.folder import FolderSource
from tf_btgmi.data.tfrecord_source import TFRecordSource

FORMS = "folder:PATH, tfds:NAME[:SPLIT] or tfrecord:GLOB"


def open_source(spec: str, num_held_out: int = 0, shuffle_buffer: int = 2048):
    """Opens a source.

    Args:
        spec: `folder:PATH`, `tfds:NAME[:SPLIT]` or `tfrecord:GLOB`.
        num_held_out: pictures held out of training for validation: by a hash of the
            name for a folder, the first records otherwise.
        shuffle_buffer: records that a streaming source holds to shuffle.

    Returns:
        A `FolderSource`, `TFDSSource` or `TFRecordSource`: they share `describe`,
        `num_training`, `num_held_out`, `training_records`, `held_out_records`, `read`,
        `read_held_out` and `unreadable`.

    Raises:
        ValueError: no such form of source, or nothing to be found there.
    """
    form, _, place = spec.partition(":")
    if not place:
        raise ValueError(f"A source is {FORMS}; it is {spec!r}.")
    if form == "folder":
        return FolderSource(place, num_held_out)
    if form == "tfrecord":
        return TFRecordSource(place, num_held_out, shuffle_buffer)
    if form == "tfds":
        # Imported here: it takes seconds, which nobody else should wait for.
        from tf_btgmi.data.tfds_source import TFDSSource

        return TFDSSource(place, num_held_out, shuffle_buffer)
    raise ValueError(f"A source is {FORMS}; it is {spec!r}.")

"""Opens sources of pictures by their spec, such as `folder:PATH`."""

from tf_btgmi.data.coco_source import CocoSource
from tf_btgmi.data.folder import FolderSource
from tf_btgmi.data.object_folder import ObjectFolder
from tf_btgmi.data.tfrecord_source import TFRecordSource

_FORMS = "folder:PATH, tfds:NAME[:SPLIT] or tfrecord:GLOB"
_OBJECT_FORMS = (
    "folder:PATH (with images/ and masks/ or segments/), "
    "coco:INSTANCES.json:IMAGES_FOLDER or tfds:coco/2017[_panoptic][:SPLIT]"
)


def open_source(spec: str, num_held_out: int = 0, shuffle_buffer: int = 2048):
    """Opens a source of pictures.

    Args:
        spec: `folder:PATH`, `tfds:NAME[:SPLIT]` or `tfrecord:GLOB`.
        num_held_out: number of pictures held out of training for validation: chosen by
            a hash of their names in a folder, the first records otherwise.
        shuffle_buffer: size of the shuffle buffer of a streaming source.

    Returns:
        A source with `describe`, `num_training`, `num_held_out`, `training_records`,
        `held_out_records`, `read` and `unreadable`.

    Raises:
        ValueError: the spec has another form, or names nothing that can be read.
    """
    form, _, place = spec.partition(":")
    if form == "folder" and place:
        return FolderSource(place, num_held_out)
    if form == "tfrecord" and place:
        return TFRecordSource(place, num_held_out, shuffle_buffer)
    if form == "tfds" and place:
        # Imported on demand: the import takes seconds.
        from tf_btgmi.data.tfds_source import TFDSSource

        return TFDSSource(place, num_held_out, shuffle_buffer)
    raise ValueError(f"A source is {_FORMS}; it is {spec!r}.")


def open_object_source(spec: str, num_held_out: int = 0, shuffle_buffer: int = 2048):
    """Opens a source of pictures whose objects are known.

    Args:
        spec: a folder with masks, a COCO file or a TFDS dataset; see `_OBJECT_FORMS`.
        num_held_out: see `open_source`.
        shuffle_buffer: see `open_source`.

    Returns:
        A source as `open_source` returns it, which also has `read_objects`.

    Raises:
        ValueError: as `open_source`.
    """
    form, _, place = spec.partition(":")
    if form == "folder" and place:
        return ObjectFolder(place, num_held_out)
    if form == "coco" and ".json:" in place:
        annotations, folder = place.split(".json:", 1)
        return CocoSource(f"{annotations}.json", folder, num_held_out)
    if form == "tfds" and place:
        from tf_btgmi.data.tfds_objects import TFDSObjects

        return TFDSObjects(place, num_held_out, shuffle_buffer)
    raise ValueError(f"For this task a source is {_OBJECT_FORMS}; it is {spec!r}.")

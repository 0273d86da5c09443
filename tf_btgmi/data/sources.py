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


def open_source(
    spec: str,
    num_held_out: int = 0,
    shuffle_buffer: int = 2048,
    with_objects: bool = False,
):
    """Opens a source of pictures.

    Args:
        spec: `folder:PATH`, `tfds:NAME[:SPLIT]` or `tfrecord:GLOB`; with objects a
            folder with masks, a COCO file or a TFDS dataset, see `_OBJECT_FORMS`.
        num_held_out: number of pictures held out of training for validation: chosen by
            a hash of their names in a folder, the first records otherwise.
        shuffle_buffer: size of the shuffle buffer of a streaming source.
        with_objects: whether the objects of the pictures must be known.

    Returns:
        A source with `describe`, `sample`, `num_training`, `num_held_out`,
        `training_records`, `held_out_records`, `read` and `unreadable`; with objects
        also `read_objects`.

    Raises:
        ValueError: the spec has another form, or names nothing that can be read.
    """
    form, _, place = spec.partition(":")
    if form == "folder" and place:
        kind = ObjectFolder if with_objects else FolderSource
        return kind(place, num_held_out)
    if form == "tfds" and place:
        # Imported on demand: the import takes seconds.
        if with_objects:
            from tf_btgmi.data.tfds_objects import TFDSObjects as kind
        else:
            from tf_btgmi.data.tfds_source import TFDSSource as kind
        return kind(place, num_held_out, shuffle_buffer)
    if form == "tfrecord" and place and not with_objects:
        return TFRecordSource(place, num_held_out, shuffle_buffer)
    if form == "coco" and ".json:" in place and with_objects:
        annotations, folder = place.split(".json:", 1)
        return CocoSource(f"{annotations}.json", folder, num_held_out)
    if with_objects:
        raise ValueError(f"For this task a source is {_OBJECT_FORMS}; it is {spec!r}.")
    raise ValueError(f"A source is {_FORMS}; it is {spec!r}.")

"""Where pictures with objects come from: `folder:`, `coco:` and `tfds:`."""

from tf_btgmi.data.coco_source import CocoSource
from tf_btgmi.data.object_folder import ObjectFolder

FORMS = (
    "folder:PATH (with images/ and masks/ or segments/), "
    "coco:INSTANCES.json:IMAGES_FOLDER or tfds:coco/2017[_panoptic][:SPLIT]"
)


def open_object_source(spec: str, num_held_out: int = 0, shuffle_buffer: int = 2048):
    """Opens a source of pictures whose objects are known.

    Args:
        spec: one of `FORMS`.
        num_held_out: pictures held out of training for validation.
        shuffle_buffer: records that a streaming source holds to shuffle.

    Returns:
        An object with `describe`, `num_training`, `num_held_out`, `training_records`,
        `held_out_records`, `read_objects`, `read_held_out_objects` and `unreadable`.

    Raises:
        ValueError: no such form of source, or nothing to be found there.
    """
    form, _, place = spec.partition(":")
    if form == "folder" and place:
        return ObjectFolder(place, num_held_out)
    if form == "coco" and ".json:" in place:
        annotations, folder = place.split(".json:", 1)
        return CocoSource(f"{annotations}.json", folder, num_held_out)
    if form == "tfds" and place:
        # Imported here: it takes seconds, which nobody else should wait for.
        from tf_btgmi.data.tfds_objects import TFDSObjects

        return TFDSObjects(place, num_held_out, shuffle_buffer)
    raise ValueError(f"For this task a source is {FORMS}; it is {spec!r}.")

"""Objects of a TensorFlow dataset: `tfds:coco/2017_panoptic[:SPLIT]`.

Objects are the regions of the feature `panoptic_image`, which differ in colour, or, in
datasets without it such as `coco/2017`, the foreground of the boxes of `objects` by
GrabCut (Rother et al. 2004). The other picture of an example is that of the next
record.
"""

import cv2
import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from tf_btgmi.data.object_masks import ObjectPicture, fit_mask, random_segment
from tf_btgmi.data.tfds_source import IMAGE, TFDSSource
from tf_btgmi.data.transforms import reduced
from tf_btgmi.pictures.decoding import decode_image

REGIONS, OBJECTS, BOXES = "panoptic_image", "objects", "bbox"
# Digits of the length of the encoded picture, which precede it in a payload.
_DIGITS = 12
# Maximum side of a picture, and number of iterations, of GrabCut.
_CUT_SIDE = 96
_CUT_ROUNDS = 2
# Minimum area of a box, as a fraction of the picture.
_MIN_BOX = 0.004


class TFDSObjects(TFDSSource):
    """As `TFDSSource`, with `read_objects`.

    Raises:
        ValueError: as `TFDSSource`, or the dataset has neither feature.
    """

    # Name and payload of a record and of the next one.
    _record_length = 4

    def _decoders(self):
        features = self._builder.info.features
        decoders = {IMAGE: tfds.decode.SkipDecoding()}
        if REGIONS in features:
            decoders[REGIONS] = tfds.decode.SkipDecoding()
            return tfds.decode.PartialDecoding({IMAGE: True, REGIONS: True}, decoders)
        if OBJECTS in features and BOXES in features[OBJECTS]:
            boxes = {IMAGE: True, OBJECTS: {BOXES: True}}
            return tfds.decode.PartialDecoding(boxes, decoders)
        raise ValueError(
            f"tfds:{self._builder.name} has neither {REGIONS} nor {OBJECTS} with "
            f"{BOXES}; its features are {', '.join(features)}."
        )

    def _record(self, record):
        if REGIONS in record:
            known = tf.strings.join(["r", record[REGIONS]])
        else:
            numbers = tf.strings.as_string(tf.reshape(record[OBJECTS][BOXES], [-1]))
            known = tf.strings.join(
                ["b", tf.strings.reduce_join(numbers, separator=" ")]
            )
        length = tf.strings.length(record[IMAGE])
        length = tf.strings.as_string(length, width=_DIGITS, fill="0")
        return record["tfds_id"], tf.strings.join([length, record[IMAGE], known])

    def _encoded(self, record):
        return record[_DIGITS : _DIGITS + int(record[:_DIGITS])]

    def _records_from(self, seed, first):
        records = super()._records_from(seed, first)
        record = next(records)
        for following in records:
            yield (*record, *following)
            record = following

    def _held_out(self):
        """As training records: each with the next one, the last with the first."""
        records = super()._held_out()
        first = record = next(records, None)
        if first is None:
            return
        for following in records:
            yield (*record, *following)
            record = following
        yield (*record, *first)

    def read_objects(
        self,
        *record: bytes,
        rng: np.random.Generator,
        min_side: int = 0,
        held_out: bool = False,
    ) -> tuple[ObjectPicture, ObjectPicture]:
        """Reads a record's picture with one of its objects, and those of the next.

        Args:
            *record: name and payload of both.
            rng: draws an object of each.
            min_side: see `decode_image`.
            held_out: whether they are held-out records.

        Raises:
            UnreadableError: too many records cannot be read.
        """

        def read(name, payload):
            # Every attempt draws alike; see `ObjectSource.read_objects`.
            seed = int(rng.integers(2**63))

            def decode(payload):
                return _object_picture(payload, np.random.default_rng(seed), min_side)

            return self._read(name, payload, held_out, decode)

        return read(*record[:2]), read(*record[2:])


def _object_picture(payload: bytes, rng, min_side: int) -> ObjectPicture:
    end = _DIGITS + int(payload[:_DIGITS])
    image = decode_image(payload[_DIGITS:end], min_side)
    kind, known = payload[end : end + 1], payload[end + 1 :]
    if kind == b"r":
        colors = decode_image(known).astype(np.int64)
        regions = colors @ np.array([1, 256, 256**2])
        # 0 is neither object nor background.
        mask = random_segment(regions, rng, ignored=0)
        return ObjectPicture(image, fit_mask(mask, image))
    boxes = np.array(known.split(), np.float32).reshape(-1, 4)
    sizes = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    boxes = boxes[sizes >= _MIN_BOX]
    if not len(boxes):
        return ObjectPicture(image, np.zeros(image.shape[:2], bool))
    return ObjectPicture(image, cut_out_of_box(image, boxes[rng.integers(len(boxes))]))


def cut_out_of_box(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Segments the foreground of a box by GrabCut: [height, width] bool.

    Args:
        image: [height, width, 3] uint8.
        box: (y0, x0, y1, x1) as fractions of the sides.

    Returns:
        A mask within the box; its inscribed ellipse if GrabCut finds less than 10 % of
        the box.
    """
    height, width = image.shape[:2]
    small = reduced(image, _CUT_SIDE)
    y0, x0, y1, x1 = np.rint(box * np.tile(small.shape[:2], 2)).astype(int)
    y1, x1 = max(y1, y0 + 1), max(x1, x0 + 1)
    ellipse = np.zeros(small.shape[:2], np.uint8)
    centre = (float(x0 + x1 - 1) / 2, float(y0 + y1 - 1) / 2)
    axes = (float(x1 - x0), float(y1 - y0))
    cv2.ellipse(ellipse, (centre, axes, 0.0), 1, -1)
    labels = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    labels[y0:y1, x0:x1] = cv2.GC_PR_FGD
    mask = ellipse
    if (labels == cv2.GC_BGD).any():
        # GrabCut starts from the random generator of the thread.
        cv2.setRNGSeed(0)
        models = np.zeros([1, 65]), np.zeros([1, 65])
        cv2.grabCut(small, labels, None, *models, _CUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
        foreground = (labels == cv2.GC_PR_FGD).astype(np.uint8)
        mask = foreground if 10 * foreground.sum() > (y1 - y0) * (x1 - x0) else ellipse
    resized = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)
    return resized.astype(bool)

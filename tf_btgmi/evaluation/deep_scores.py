"""Scores out of AlexNet: LPIPS over the picture and the hole's box, and FAD's features.

The box is the smallest that holds the whole hole, grown to 32 pixels a side (AlexNet
sees no less) and moved into the picture; nothing is resized.
"""

from typing import Dict, List, Tuple

import numpy as np

from tf_btgmi.evaluation.batching import in_batches

MIN_SIDE = 32
# What AlexNet takes for a pixel while it runs: 108 measured at 1,024 px.
_BYTES_A_PIXEL = 128


class DeepScores:
    """Compares composites with their truth; the network is loaded and traced once."""

    def __init__(self):
        # Imported here: they take seconds, which a wrong flag should not wait for.
        import tensorflow as tf

        from tf_btgmi.losses.perceptual import LPIPSDistance
        from tf_btgmi.ops.image_ops import to_float

        lpips = LPIPSDistance()
        pictures = tf.TensorSpec([None, None, None, 3], tf.uint8)

        @tf.function(input_signature=[pictures])
        def distances(batch):
            features = lpips.features(to_float(batch))
            truth = [feature[:1] for feature in features]
            others = [feature[1:] for feature in features]
            return tf.add_n(lpips.by_layer(truth, others))

        @tf.function(input_signature=[pictures])
        def pooled(batch):
            return tf.reduce_mean(lpips.alexnet(to_float(batch))[-1], axis=[1, 2])

        self._distances = distances
        self._pooled = pooled

    def compare(
        self, image: np.ndarray, composites: List[np.ndarray], mask: np.ndarray
    ) -> List[Dict[str, float]]:
        """`lpips` and `box_lpips` of each composite.

        Args:
            image: the truth, [H, W, 3] uint8, at least 32 pixels a side.
            composites: each as `image`.
            mask: [H, W] bool, True = hole.
        """
        y0, x0, y1, x1 = hole_box(mask)
        whole = self._to_truth(image, composites)
        box = self._to_truth(
            image[y0:y1, x0:x1], [picture[y0:y1, x0:x1] for picture in composites]
        )
        return [
            {"lpips": float(first), "box_lpips": float(second)}
            for first, second in zip(whole, box)
        ]

    def features(self, pictures: List[np.ndarray]) -> np.ndarray:
        """Activations after relu5, their mean over the picture: [n, 256] float32."""
        return in_batches(
            lambda batch: self._pooled(batch).numpy(), pictures, _bytes(pictures[0])
        )

    def _to_truth(self, image, composites) -> np.ndarray:
        def network(batch):
            return self._distances(np.concatenate([image[None], batch])).numpy()

        return in_batches(network, composites, _bytes(image))


def hole_box(mask: np.ndarray) -> Tuple[int, int, int, int]:
    """The box of a hole, at least 32 pixels a side: (y0, x0, y1, x1), end-exclusive.

    Args:
        mask: [H, W] bool, at least 32 pixels a side, some of it True.
    """
    starts, ends = [], []
    for axis in (0, 1):
        places = np.flatnonzero(mask.any(axis=1 - axis))
        start, end = int(places[0]), int(places[-1]) + 1
        lacking = max(MIN_SIDE - (end - start), 0)
        length = end - start + lacking
        start = min(max(start - lacking // 2, 0), mask.shape[axis] - length)
        starts.append(start)
        ends.append(start + length)
    return starts[0], starts[1], ends[0], ends[1]


def _bytes(picture: np.ndarray) -> int:
    return _BYTES_A_PIXEL * picture.shape[0] * picture.shape[1]

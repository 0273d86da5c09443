"""Metrics that need a network: LPIPS on AlexNet and VGG16, and the features of both.

LPIPS is computed over the picture and over the bounding box of the hole, enlarged to
the 32 pixels that AlexNet needs and moved into the picture; nothing is resized.
"""

from typing import Callable, Optional

import numpy as np

from tf_btgmi import config as config_lib
from tf_btgmi import files
from tf_btgmi.evaluation.batching import in_batches
from tf_btgmi.evaluation.tasks import FEATURES, VGG_FEATURES
from tf_btgmi.pictures.mask_arrays import bounding_box

# Smallest side of a scored picture or box, as of a network's pictures: AlexNet has no
# output below 31 pixels.
MIN_SIDE = config_lib.MIN_IMAGE_SIZE
# Memory of a running network per pixel; measured: 108 bytes for AlexNet at 1,024 px,
# 870 for VGG16 at 256 px.
_ALEXNET_BYTES = 128
_VGG16_BYTES = 1024


class DeepMetrics:
    """Compares composites with their truth; each network is loaded and traced once.

    Args:
        judge_path: weights of LPIPS-VGG, an `.npz` file; None leaves that metric out.

    Raises:
        ValueError: the file is missing or has other weights.
    """

    def __init__(self, judge_path: Optional[str] = None):
        # Imported on demand: they take seconds, and wrong flags are reported before.
        import tensorflow as tf

        from tf_btgmi.losses.lpips import LPIPSDistance, load_judge
        from tf_btgmi.ops.image_ops import to_float

        lpips = LPIPSDistance()
        pictures = tf.TensorSpec([None, None, None, 3], tf.uint8)

        def distances(distance):
            @tf.function(input_signature=[pictures])
            def call(batch):
                features = distance.features(to_float(batch))
                truth = [feature[:1] for feature in features]
                others = [feature[1:] for feature in features]
                return tf.add_n(distance.by_layer(truth, others))

            return call

        def pooled(distance):
            @tf.function(input_signature=[pictures])
            def call(batch):
                last = distance.trunk(to_float(batch))[-1]
                return tf.reduce_mean(last, axis=[1, 2])

            return call

        # By the metric's name, and by the key of rows.
        self._networks = {"lpips": (distances(lpips), _ALEXNET_BYTES)}
        self._pooled = {FEATURES: (pooled(lpips), _ALEXNET_BYTES)}
        if judge_path:
            judge = load_judge(judge_path)
            self._networks["lpips_vgg"] = distances(judge), _VGG16_BYTES
            self._pooled[VGG_FEATURES] = pooled(judge), _VGG16_BYTES

    def compare(
        self, image: np.ndarray, composites: list[np.ndarray], mask: np.ndarray
    ) -> list[dict[str, float]]:
        """`lpips` and `box_lpips` of each composite, with a judge `..._vgg` as well.

        Args:
            image: the truth, [H, W, 3] uint8, at least 32 pixels a side.
            composites: each as `image`.
            mask: [H, W] bool, True = hole.
        """
        y0, x0, y1, x1 = judged_box(mask)
        boxes = [picture[y0:y1, x0:x1] for picture in (image, *composites)]
        columns = {}
        for name, (network, bytes_each) in self._networks.items():
            columns[name] = _to_truth(network, bytes_each, image, composites)
            columns[f"box_{name}"] = _to_truth(network, bytes_each, boxes[0], boxes[1:])
        return [
            {name: float(column[i]) for name, column in columns.items()}
            for i in range(len(composites))
        ]

    def features(self, pictures: list[np.ndarray]) -> dict[str, np.ndarray]:
        """Last activations of each network, averaged over the picture.

        Args:
            pictures: n of one size, [H, W, 3] uint8.

        Returns:
            float32 by the key of rows: `features`, [n, 256], after relu5 of AlexNet;
            with a judge `features_vgg`, [n, 512], after relu5_3 of VGG16.
        """
        num_pixels = pictures[0][..., 0].size
        return {
            key: in_batches(
                lambda batch, network=network: network(batch).numpy(),
                pictures,
                bytes_per_pixel * num_pixels,
            )
            for key, (network, bytes_per_pixel) in self._pooled.items()
        }


def judge_identity(path: str) -> str:
    """Identity string of a weights file: the start of its SHA-256.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        return files.sha256(path)[:16]
    except OSError as error:
        raise ValueError(
            f"--lpips_vgg={path} cannot be read: {error.strerror}."
        ) from error


def judged_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Bounding box of a hole, at least 32 pixels a side: (y0, x0, y1, x1).

    Args:
        mask: [H, W] bool, not empty, at least 32 pixels a side.
    """
    box = bounding_box(mask)
    starts, ends = [], []
    for start, end, limit in zip(box[:2], box[2:], mask.shape):
        length = max(end - start, MIN_SIDE)
        missing = length - (end - start)
        start = min(max(start - missing // 2, 0), limit - length)
        starts.append(start)
        ends.append(start + length)
    return starts[0], starts[1], ends[0], ends[1]


def _to_truth(network: Callable, bytes_per_pixel: int, image, composites) -> np.ndarray:
    def distances(batch):
        return network(np.concatenate([image[None], batch])).numpy()

    return in_batches(distances, composites, bytes_per_pixel * image[..., 0].size)

"""A batch of random pictures for timing and comparison."""

import cv2
import numpy as np


def make_batch(size: int, batch_size: int, task: str = "inpainting") -> dict:
    """Smooth random pictures with a rectangle each, as NumPy arrays by name."""
    rng = np.random.default_rng(0)
    small = rng.uniform(-1, 1, [batch_size, 9, 9, 3]).astype(np.float32)
    image = np.stack([cv2.resize(picture, (size, size)) for picture in small])
    mask = np.zeros([batch_size, size, size, 1], np.float32)
    boxes = np.zeros([batch_size, 1, 4], np.float32)
    for i in range(batch_size):
        top, left = rng.integers(0, size // 2, 2)
        height, width = rng.integers(size // 4, size // 2, 2)
        mask[i, top : top + height, left : left + width] = 1
        boxes[i, 0] = top, left, top + height, left + width
    batch = {"image": image, "mask": mask, "hole_boxes": boxes}
    if task in ("guided", "harmonization"):
        # Which part of the picture is the foreground does not change the cost.
        batch.update(
            foreground=1 - mask, foreground_boxes=boxes, masked_image=image * (1 - mask)
        )
    return batch
